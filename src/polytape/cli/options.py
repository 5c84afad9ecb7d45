"""The options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypedDict, TypeVar, get_args

import click

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


symbol_argument = click.argument("symbol", shell_complete=complete_symbol)
symbols_argument = click.argument("symbols", nargs=-1, shell_complete=complete_symbol)
url_option = click.option("--url", help="The gateway; default $POLYTAPE_URL or localhost:8200.")
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    help="How to print the answer.",
)
as_of_option = click.option(
    "--as-of", help='Such as "2024-01-03 14:30 America/New_York"; default now.'
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
        help="Log to this file, in turns of 20 MB; default: stderr.",
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
    click.option("--tracing/--no-tracing", default=None, help="Make spans of OpenTelemetry."),
)
store_options = several(store_option, source_option, data_option)
span_options = several(
    click.option("--from", "start", help="First day."),
    click.option("--to", "end", help="Last day."),
)
