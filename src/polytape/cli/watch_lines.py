"""Rows of `polytape watch` as lines that fit a screen."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from polytape.cli.output import MADE_UP, price_text, table_lines
from polytape.cli.watch_table import WatchRow, WatchTable
from polytape.model.timestamps import to_datetime

SHOWN_IN = ZoneInfo("America/New_York")
NOTHING = "-"
UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))
AGES = ((86_400, "d"), (3_600, "h"), (60, "m"))


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `rank`: those of the highest rank leave a narrow screen first."""

    name: str
    text: Callable[[WatchRow], str]
    rank: int


def lines_of(
    table: WatchTable, now: int, width: int, *, made_up: bool = False, waiting: str = ""
) -> list[str]:
    """The state of the feed and the market's time, the table, what went wrong, what is waited for,
    and whether prices are invented: plain lines of at most `width` columns. `now` in microseconds
    UTC.
    """
    moment = f"   New York {_local(table.market_now(now)):%a %Y-%m-%d %H:%M}"
    invented = "   made-up prices" if made_up else ""
    health = table.health(now)
    head = f" feed {health.state}{invented}{moment}"
    closed = "" if (why := table.why_closed(now)) is None else f"closed: {why}"
    if len(f"{head}   {closed}") <= width:
        head, closed = f"{head}   {closed}".rstrip(), ""
    head = f"{head}   {health.detail}".rstrip()
    lines = [head, *row_lines(table.rows(now), width)]
    lines += [f" {remark}" for remark in (closed, *table.remarks(), waiting) if remark]
    lines += [f" {MADE_UP}"] if made_up else []
    return [line[:width] for line in lines]


def row_lines(rows: list[WatchRow], width: int) -> list[str]:
    """The table; columns that do not fit are left out, the least important ones first."""
    columns = list(COLUMNS)
    while True:
        cells = [[column.text(row) for column in columns] for row in rows]
        names = [column.name for column in columns]
        styled = table_lines(names, cells, right=range(1, len(columns)), tight=True)[1:-1]
        lines = [click.unstyle(line).rstrip() for line in styled]
        if max(map(len, lines)) <= width or len(columns) == 1:
            return lines
        columns.remove(max(columns, key=lambda column: column.rank))


def volume_text(shares: float) -> str:
    """Shares in three or four digits: 950, 12.3k, 4.56M."""
    for size, unit in UNITS:
        if shares >= size:
            count = shares / size
            return f"{count:.{2 if count < 10 else 1 if count < 100 else 0}f}{unit}"
    return f"{shares:.0f}"


def age_text(seconds: float) -> str:
    """In the largest whole unit: 4s, 12m, 3h, 2d."""
    for size, unit in AGES:
        if seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return f"{seconds:.0f}s"


def zone_text(row: WatchRow) -> str:
    """The nearest zone, how far its centre is away, and whether the price lies in it."""
    if row.zone is None or row.zone_atrs is None:
        return row.zone or NOTHING
    return f"{row.zone} {row.zone_atrs:+.2f}{' inside' if row.inside else ''}"


def _local(instant: int) -> datetime:
    return to_datetime(instant).astimezone(SHOWN_IN)


def _known(value: float | None, text: Callable[[float], str]) -> str:
    return NOTHING if value is None else text(value)


def _signed(value: float) -> str:
    return f"{'-' if value < 0 else '+'}{price_text(abs(value))}"


COLUMNS = (
    Column("SYMBOL", lambda row: row.symbol, 0),
    Column("PRICE", lambda row: _known(row.price, price_text), 1),
    Column("CHANGE", lambda row: _known(row.change, _signed), 7),
    Column("%", lambda row: _known(row.change_percent, lambda p: f"{p:+.2f}%"), 2),
    Column("VOLUME", lambda row: _known(row.volume, volume_text), 6),
    Column("RVOL", lambda row: _known(row.relative_volume, lambda r: f"{r:.2f}x"), 5),
    Column("ZONE (ATR)", zone_text, 4),
    Column(
        "BAR", lambda row: NOTHING if row.bar_start is None else f"{_local(row.bar_start):%H:%M}", 8
    ),
    Column("AGE", lambda row: _known(row.age_s, age_text), 3),
)
