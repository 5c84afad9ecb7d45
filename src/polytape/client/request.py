"""Questions as callers write them, and how the client's cache sees them."""

from dataclasses import dataclass
from datetime import date

from polytape.model.instants import parse_day_or_instant, parse_span
from polytape.model.newyork import iso
from polytape.model.query import BarsQuery, parse_limit
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import parse_timeframe


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and its dates as they go to the server: a day stays a day."""

    query: BarsQuery
    start: str
    end: str


def parse_asked(
    symbol: object,
    start_date: object,
    end_date: object,
    timeframe: object,
    limit: object = None,
    include_extended: bool = True,
) -> Asked:
    """A question from what a caller wrote. Raises ValidationError."""
    query = BarsQuery(
        symbol=parse_symbol(symbol),
        timeframe=parse_timeframe(timeframe),
        span=parse_span(start_date, end_date),
        limit=parse_limit(limit),
        include_extended=bool(include_extended),
    )
    start = parse_day_or_instant(start_date, "start_date")
    return Asked(query, _dated(start), _dated(parse_day_or_instant(end_date, "end_date")))


def asked_of(query: BarsQuery) -> Asked:
    """A question of our own making."""
    return Asked(query, iso(query.span.start), iso(query.span.end))


def cache_series(query: BarsQuery) -> str:
    """The cache's name for the timeframe: bars that begin at the bell are a series apart."""
    return query.timeframe.value + ("-regular" if query.anchored else "")


def cut_here(query: BarsQuery) -> bool:
    """Whether regular hours are cut out of whole answers on reading: up to 30 minutes the opening
    bell lies on the grid, and days do not depend on it.
    """
    short = query.timeframe.minutes is not None and not query.anchored
    return short and not query.include_extended


def most_bars(query: BarsQuery) -> int:
    """How many intraday bars a limited question's range could hold; 0 where that is few."""
    length = query.timeframe.length_us
    if length is None or query.limit is None:
        return 0
    return (query.span.end - query.span.start) // length


def _dated(value: date | int) -> str:
    return iso(value) if isinstance(value, int) else value.isoformat()
