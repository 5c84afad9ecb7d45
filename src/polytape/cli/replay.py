"""`polytape replay`: a gateway in the past."""

from dataclasses import dataclass
from pathlib import Path

import click

from polytape.cli.moments import STORED
from polytape.cli.options import (
    data_option,
    log_options,
    port_type,
    store_option,
    symbols_argument,
)

SOURCES = ("store", "flatfiles", "synthetic")


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What is to be replayed, as it was written: `day`, `symbols` (none: all of the day), and `at`,
    HH:MM New York, where the clock begins (None: the open). `source` is one of SOURCES.
    """

    day: str
    symbols: tuple[str, ...] = ()
    source: str = "store"
    at: str | None = None
    speed: float = 1.0


@click.command()
@click.argument("day", metavar="DATE", type=STORED)
@symbols_argument
@click.option(
    "--speed",
    type=click.FloatRange(0, 100_000, min_open=True),
    default=1.0,
    show_default=True,
    help="Market seconds in a second.",
)
@click.option(
    "--from", "at", help="Where the clock begins: 08:30 or 8:30am, New York; default: the open."
)
@click.option("--port", type=port_type, help="Port; 0 takes any.")
@click.option(
    "--source",
    type=click.Choice(SOURCES),
    default="store",
    show_default=True,
    help="Where the day comes from; synthetic is a made-up market.",
)
@store_option
@data_option
@click.option(
    "--splits",
    type=click.Path(path_type=Path),
    help="CSV: ticker,execution_date,split_from,split_to. Default DATA/splits.csv.",
)
@click.option("--seed", type=int, help="Another made-up market.")
@log_options
def replay(
    day: str,
    symbols: tuple[str, ...],
    speed: float,
    at: str | None,
    source: str,
    **options: object,
) -> None:
    """Run a gateway in the past: its clock runs through a stored day, and nobody sees further.

    DATE is a session that is over, or "yesterday". SYMBOLS are what AM.* streams and what has to be
    there in full, by default every symbol of that day; they limit nothing else: any other symbol
    that the source has is answered, too. History ends at the gateway's now, and the stream goes on
    from there; at the end of the post-market the clock stands. Nothing is stored, and the vendor is
    not asked. polytape clock stops it, steps and changes its speed.
    """
    from polytape.cli.replaying import run_replay

    run_replay(ReplayRequest(day, symbols, source, at, speed), options)
