"""What a store holds month by month, counted in trading days."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from polytape.model.market import Market, Session
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.store.segments import SegmentStore


@dataclass(frozen=True, slots=True)
class MonthCoverage:
    """The trading days of one month (YYYY-MM) that are over: `days` of them, `stored` whole, of
    which `final` will not be corrected any more; `partial` are stored in part.
    """

    month: str
    days: int
    stored: int
    final: int
    partial: int


def month_coverage(
    store: SegmentStore, symbol: str, series: Series, span: Span, market: Market
) -> list[MonthCoverage]:
    """One row a month of `span` that has a trading day, oldest first. A day counts by its regular
    hours: that is when every symbol may have a bar.

    Raises: DataFetchError.
    """
    slices = store.coverage(symbol, series, span)
    stored = _Spans.of(part.span for part in slices)
    final = _Spans.of(part.span for part in slices if part.coverage.final)
    by_month: dict[str, list[tuple[int, int, int]]] = {}
    for session in market.sessions(span):
        if session.close <= span.end:
            marks = by_month.setdefault(f"{session.day:%Y-%m}", [])
            marks.append(_marks(_hours(session, series, market), stored, final))
    return list(_rows(by_month))


def _rows(by_month: dict[str, list[tuple[int, int, int]]]) -> Iterator[MonthCoverage]:
    for month, marks in by_month.items():
        stored, final, partial = (sum(column) for column in zip(*marks, strict=True))
        yield MonthCoverage(month, len(marks), stored, final, partial)


def _hours(session: Session, series: Series, market: Market) -> Span:
    """Where a day's bars stand: a daily bar at its midnight, minutes in the regular hours."""
    if series is Series.DAY:
        start = market.day_span(session.day).start
        return Span(start, start + 1)
    return Span(session.open, session.close)


def _marks(hours: Span, stored: "_Spans", final: "_Spans") -> tuple[int, int, int]:
    whole = stored.have(hours)
    return int(whole), int(whole and final.have(hours)), int(not whole and stored.touch(hours))


@dataclass(frozen=True, slots=True)
class _Spans:
    """Disjoint spans in order, to be looked up."""

    spans: tuple[Span, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, spans: Iterable[Span]) -> "_Spans":
        ordered = tuple(SpanSet.of(spans))
        return cls(ordered, tuple(span.end for span in ordered))

    def have(self, span: Span) -> bool:
        place = bisect_left(self.ends, span.end)
        return place < len(self.spans) and self.spans[place].start <= span.start

    def touch(self, span: Span) -> bool:
        place = bisect_left(self.ends, span.start + 1)
        return place < len(self.spans) and self.spans[place].start < span.end
