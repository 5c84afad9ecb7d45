"""The options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypedDict, TypeVar, get_args

import click

from polytape.cli.moments import AS_OF, STORED
from polytape.settings import LogFormat, LogLevel, PlanOption, SourceName

C = TypeVar("C", bound=Callable[..., object])


class Decorator(Protocol):
    """An option, or several, put on a command's function."""

    def __call__(self, command: C, /) -> C:
        """The function with them."""
        ...


class StoreOptions(TypedDict, total=False):
    """What `store_options` give to a command: which store, and the source whose bars it holds."""

    store: str | None
    source: SourceName | None
    data: str | None


FORMATS = ("table", "csv", "json")
BARS_FORMATS = (*FORMATS, "parquet")


def complete_symbol(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Well-known symbols that begin so: no gateway is asked while somebody types."""
    from polytape.cli.did_you_mean import WELL_KNOWN

    return [symbol for symbol in WELL_KNOWN if symbol.startswith(incomplete.upper())]


def split_symbols(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Symbols, also with commas between. Raises: BadParameter for commas alone."""
    symbols = tuple(name for text in texts for part in text.split(",") if (name := part.strip()))
    if texts and not symbols:
        raise click.BadParameter(f"{' '.join(texts)!r} names none")
    return symbols


def one_symbol(ctx: click.Context, _: click.Parameter, text: str) -> str:
    """A single symbol. Raises: BadParameter for several with commas between."""
    names = [name for part in text.split(",") if (name := part.strip())]
    if len(names) > 1:
        others = f"{ctx.command_path} {names[0]}, then {ctx.command_path} {names[1]}"
        raise click.BadParameter(f"{text!r} are {len(names)} symbols, it takes one: {others}")
    return text


symbol_argument = click.argument("symbol", callback=one_symbol, shell_complete=complete_symbol)
symbols_argument = click.argument(
    "symbols", nargs=-1, callback=split_symbols, shell_complete=complete_symbol
)
some_symbols_argument = click.argument(
    "symbols", nargs=-1, required=True, callback=split_symbols, shell_complete=complete_symbol
)
# Eager: a word for a date is read by this gateway's clock.
url_option = click.option(
    "--url", is_eager=True, help="The gateway; default $POLYTAPE_URL or localhost:8200."
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    help="How to print the answer.",
)
as_of_option = click.option(
    "--as-of",
    type=AS_OF,
    help='"2024-01-03 14:30", 14:30 or 5d; New York time where no zone is named; default now.',
)
store_option = click.option("--store", help="PATH or s3://BUCKET/PREFIX; default: user data.")
source_option = click.option(
    "--source",
    type=click.Choice(get_args(SourceName)),
    help="Whose bars; synthetic has its own store.",
)
data_option = click.option("--data", help="Flat files: a folder, or s3://flatfiles.")
plan_option = click.option(
    "--plan", type=click.Choice(get_args(PlanOption)), help="The key's plan; default: found out."
)
port_type = click.IntRange(0, 65_535)


def several(*options: Decorator) -> Decorator:
    """Options together, in the order of the help."""

    def decorate(command: C) -> C:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


log_options = several(
    click.option(
        "--log-level",
        type=click.Choice(get_args(LogLevel)),
        help="What is logged; the vendor's trouble always is. Default warning.",
    ),
    click.option(
        "--log-file",
        type=click.Path(path_type=Path),
        help="Log to this file, a new one after 20 MB; default: stderr.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(get_args(LogFormat)),
        help="text, or json: an object a line. Default text.",
    ),
    click.option("--access-log/--no-access-log", default=None, help="Log a line for each request."),
    click.option(
        "--slow-request",
        "slow_request_s",
        type=click.FloatRange(min=0),
        help="Log a line for a request of so many seconds; 0: none. Default 1.",
    ),
    click.option("--tracing/--no-tracing", default=None, help="Trace requests with OpenTelemetry."),
)
store_options = several(store_option, source_option, data_option)
span_options = several(
    click.option(
        "--from", "start", type=STORED, help="First day, 5d, ytd, or instant in New York time."
    ),
    click.option("--to", "end", type=STORED, help="Last day, yesterday, or instant (exclusive)."),
)
