"""The folders of a store: months of minutes, years of days, in the market's zone."""

import re
from collections.abc import Iterator
from datetime import date

from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.wall_clock import WallClock

NAME = re.compile(r"[0-9]{4}(-[0-9]{2})?")
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 1, 1)


def all_time(zone: WallClock) -> Span:
    """Every instant that a bar may start at, microseconds UTC."""
    return Span(zone.midnight(FIRST_DAY), zone.midnight(LAST_DAY))


def periods(series: Series, span: Span, zone: WallClock) -> Iterator[tuple[str, Span]]:
    """The folders that a span falls into, each with its part of the span, in order of time."""
    if not span:
        return
    start = span.start
    while start < span.end:
        # The calendar's: which trade date an hour belongs to may be told anew, a folder may not.
        day = zone.local(start).date()
        name = f"{day:%Y-%m}" if series is Series.MINUTE else f"{day:%Y}"
        whole = period_span(name, zone)
        yield f"bars/{series.value}/{name}", whole.intersect(span)
        start = whole.end


def period_span(name: str, zone: WallClock) -> Span:
    """The month `2024-06` or year `2024` of a zone.

    Raises: ValueError for another name.
    """
    year, _, month = name.partition("-")
    if month:
        first = date(int(year), int(month), 1)
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    else:
        first, after = date(int(year), 1, 1), date(int(year) + 1, 1, 1)
    return Span(zone.midnight(first), zone.midnight(after))
