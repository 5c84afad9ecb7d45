"""Errors in the words of the command line: by the options that were written, in New York time."""

import re
from collections.abc import Sequence
from datetime import datetime

import click

from polytape.cli.moments import SHOWN_IN
from polytape.cli.spelling import spelling_of

# What the gateway's API calls the parameters of options that have shorter names here.
API_NAMES = {
    "start_date": ("start", "first"),
    "end_date": ("end", "last"),
    "as_of": ("as_of", "at"),
}
# In quotes, what is written with a Z stays as it was written; what was sent with New York's offset
# is what the command line made of it.
_INSTANT = re.compile(
    r"(?<!['\"])\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?-0[45]:00"
)


def command_of(group: click.Command, arguments: Sequence[str]) -> click.Command:
    """The command that arguments name, or the last group that they do. Nothing is run."""
    command = group
    for argument in arguments:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(click.Context(command), argument) or command
    return command


def in_options(text: str, command: click.Command, arguments: Sequence[str] = ()) -> str:
    """The text of a ValidationError with the option, as arguments have it, in place of the
    parameter's name.
    """
    options = _options(command, arguments)
    for name in API_NAMES.keys() & options.keys():
        text = re.sub(rf"(?<![\w'\"-]){name}\b", options[name], text)
    name, equals, rest = text.partition("=")
    return f"{options.get(name, name)}{equals}{rest}"


def advice_in_options(text: str, command: click.Command) -> str:
    """The text of an error that advises what HTTP calls `allow_partial=true`, by the option of a
    command that has it.
    """
    has = any(param.name == "allow_partial" for param in command.params)
    return text.replace("allow_partial=true", "--allow-partial") if has else text


def in_new_york(text: str) -> str:
    """A text whose instants in UTC are in New York time, as the tables show them."""
    return _INSTANT.sub(lambda match: _local(match[0]), text)


def _options(command: click.Command, arguments: Sequence[str]) -> dict[str, str]:
    """The options of a command by the names that errors call them by."""
    options: dict[str, str] = {}
    for param in command.params:
        if not isinstance(param, click.Option) or param.name is None:
            continue
        spellings = {spelling.lstrip("-").replace("-", "_") for spelling in param.opts}
        options |= dict.fromkeys({param.name, *spellings}, spelling_of(param, arguments))
    for api_name, names in API_NAMES.items():
        for name in names:
            if name in options:
                options.setdefault(api_name, options[name])
    return options


def _local(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text).astimezone(SHOWN_IN)
    except (ValueError, OverflowError):  # no such day
        return text
    form = "%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M"
    return f"{moment:{form}} New York"
