"""`polytape watch`: a live table in the terminal."""

from dataclasses import dataclass

import click

from polytape.cli.options import symbols_argument, url_option


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """What is to be watched. `every_s`: seconds between two tables, None for what suits the output.
    `count`: tables until it ends, None for no end. `once`: one table, without the live feed.
    """

    symbols: tuple[str, ...]
    every_s: float | None = None
    count: int | None = None
    once: bool = False


@click.command()
@symbols_argument
@click.option("--once", is_flag=True, help="One table of what is stored, without the live feed.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many tables.")
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(0, min_open=True),
    help="Seconds between tables; default 1 on a screen, 60 where lines are written.",
)
@url_option
def watch(
    symbols: tuple[str, ...],
    once: bool,
    count: int | None,
    every_s: float | None,
    url: str | None,
) -> None:
    """Prices, volume and the nearest zones of symbols as a live table, until ctrl-C.

    CHANGE is since the previous close. RVOL is the volume of the day beside that of the last 10
    sessions by the same time of day. ZONE is the nearest zone of `polytape scan`, made again every
    15 minutes: how far its centre is away in daily ATRs (+ above the price), and "inside" where
    the price lies between its low and high. BAR is the New York time of the last minute bar, AGE
    how long ago it came. The first line has the market's time, and why it is closed where it is.
    Where the output is no terminal, a table is written every 60 seconds.
    """
    if not symbols or "*" in symbols:
        raise click.BadParameter("name symbols")
    from polytape.cli.watching import run_watch

    run_watch(WatchRequest(symbols, every_s, count, once), url)
