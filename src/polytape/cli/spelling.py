"""How an option was written, where it has several names: errors and notes call it so."""

from collections.abc import Sequence

import click

# Where the context of a command keeps the arguments that it was run with.
ARGUMENTS = "polytape.arguments"


def spelling_of(option: click.Parameter, arguments: Sequence[str]) -> str:
    """The name of an option that was written last; the first that it has, where none was."""
    written = (one.partition("=")[0] for one in reversed(arguments))
    return next((one for one in written if one in option.opts), option.opts[0])


def option_of(param: click.Parameter | None, ctx: click.Context | None = None) -> str:
    """What errors and notes call a parameter of a command."""
    if isinstance(param, click.Argument):
        return param.human_readable_name
    if param is None:
        return "time"
    return spelling_of(param, () if ctx is None else ctx.meta.get(ARGUMENTS, ()))
