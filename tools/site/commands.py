"""A page for each command, made of click's own help."""

from collections.abc import Iterator

import click

from polytape.cli.commands import COMMANDS
from tools.site.markdown import code, fence, page, table, toctree

SUMMARY = "Every command and option of `polytape`, from its own help."


def pages() -> dict[str, str]:
    """Each page by its path."""
    pages_by_path = {f"reference/cli/{name}.md": _page(name) for name in COMMANDS}
    rows = [[f"[`polytape {name}`]({name}.md)", spec.help] for name, spec in COMMANDS.items()]
    pages_by_path["reference/cli/index.md"] = page(
        "Command line",
        SUMMARY,
        fence("$ polytape --help", "console"),
        table(("command", "what it does"), rows),
        "Exit codes: 0; 1 for an error or a doubt; 2 for wrong usage; 130 for ctrl-C. Errors are "
        "one line on stderr, results are on stdout.",
        toctree(COMMANDS),
    )
    return pages_by_path


def walk(name: str) -> Iterator[tuple[str, click.Command]]:
    """A command and those below it, each by what is typed."""
    yield from _below(f"polytape {name}", COMMANDS[name].load())


def _below(typed: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield typed, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _below(f"{typed} {name}", below)


def _page(name: str) -> str:
    first, *others = [_section(typed, command) for typed, command in walk(name)]
    parts = [f"## {title}\n\n{about}\n\n{rest}" for title, about, rest in others]
    return page(first[0], first[1], first[2], *parts)


def _section(typed: str, command: click.Command) -> tuple[str, str, str]:
    """Title, first sentence, and the rest: usage, what more there is to say, options."""
    context = click.Context(command, info_name=typed, parent=None)
    about, _, more = (command.help or "").strip().partition("\n\n")
    usage = command.get_usage(context).removeprefix("Usage: ")
    rows = [row for one in command.get_params(context) if (row := _option(one, context))]
    parts = [fence(usage), _paragraphs(more), table(("option", "meaning"), rows)]
    return typed, " ".join(about.split()), "\n\n".join(part for part in parts if part)


def _paragraphs(text: str) -> str:
    r"""A help's paragraphs; one that begins with \b keeps its lines."""
    paragraphs = []
    for block in text.split("\n\n"):
        if block.startswith("\b"):
            paragraphs.append(fence(block.removeprefix("\b\n")))
        elif block.strip():
            paragraphs.append(" ".join(block.split()))
    return "\n\n".join(paragraphs)


def _option(parameter: click.Parameter, context: click.Context) -> list[str] | None:
    if not isinstance(parameter, click.Option) or parameter.opts == ["--help"]:
        return None
    record = parameter.get_help_record(context)
    return None if record is None else [code(record[0]), record[1]]
