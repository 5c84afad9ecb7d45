"""What the commands take."""

from collections.abc import Iterator

import click


def every_parameter(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Parameter]]:
    """The options and arguments of all commands of a group, by the words of the command."""
    for name in group.list_commands(click.Context(group)):
        found = group.get_command(click.Context(group), name)
        if isinstance(found, click.Group):
            yield from every_parameter(found, f"{path}{name} ")
        elif found is not None:
            yield from ((f"{path}{name}", one) for one in found.params)
