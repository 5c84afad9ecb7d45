"""The folders of a store: New York months of minutes, years of days."""

from collections.abc import Iterator
from datetime import date

from polytape.model.newyork import date_of, midnight
from polytape.model.spans import Span
from polytape.model.timeframes import Series

ALL_TIME = Span(midnight(date(1900, 1, 1)), midnight(date(2200, 1, 1)))


def periods(series: Series, span: Span) -> Iterator[tuple[str, Span]]:
    """The folders that a span falls into, each with its part of the span."""
    if not span:
        return
    start = span.start
    while start < span.end:
        day = date_of(start)
        name = f"{day:%Y-%m}" if series is Series.MINUTE else f"{day:%Y}"
        whole = period_span(name)
        yield f"bars/{series.value}/{name}", whole.intersect(span)
        start = whole.end


def period_span(name: str) -> Span:
    """The New York month `2024-06` or year `2024`. Raises ValueError for another name."""
    year, _, month = name.partition("-")
    if month:
        first = date(int(year), int(month), 1)
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    else:
        first, after = date(int(year), 1, 1), date(int(year) + 1, 1, 1)
    return Span(midnight(first), midnight(after))
