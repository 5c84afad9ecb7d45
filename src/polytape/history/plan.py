"""What has to be fetched to make a span whole. Pure: coverage, market and the time are arguments.

Days without a session are empty without a fetch, and the future is not fetched.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from polytape.model.market import Market
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US

# A page of the vendor's has up to 50,000 base bars: two months of minutes, all days there are.
# https://massive.com/docs/rest/stocks/aggregates/custom-bars
LONGEST_FETCH_US = {Series.MINUTE: 62 * DAY_US, Series.DAY: 20_000 * DAY_US}


@dataclass(frozen=True, slots=True)
class Serve:
    """Everything is stored."""


@dataclass(frozen=True, slots=True)
class FetchGaps:
    """Fetching these spans, in order of time, makes it whole."""

    gaps: tuple[Span, ...]


Plan: TypeAlias = Serve | FetchGaps


def plan(
    span: Span,
    series: Series,
    covered: Iterable[Span],
    *,
    market: Market,
    now: int,
    earliest: int = 0,
    whole_days: bool = False,
) -> Plan:
    """How to make `span` whole, given the spans of it that need not be fetched again.

    No gap reaches over `earliest`, before which the source has nothing; with `whole_days` none
    reaches over a midnight. Instants are microseconds UTC.
    """
    known = SpanSet.of(covered)
    past = span.until(now)
    missing = () if past in known else missing_of(past, known, market)
    if not missing:
        return Serve()
    parts = [part for gap in missing for part in _on_both_sides(gap, earliest)]
    if whole_days:
        return FetchGaps(tuple(day for part in parts for day in _days_of(part, market)))
    longest = LONGEST_FETCH_US[series]
    return FetchGaps(tuple(gap for part in parts for gap in cut(part, longest)))


def missing_of(span: Span, known: SpanSet, market: Market) -> tuple[Span, ...]:
    """What of the trading days in `span` is not in `known`; gaps with only closed days between
    them become one.
    """
    open_days = SpanSet.of(market.day_span(s.day).intersect(span) for s in market.sessions(span))
    unknown = open_days.difference(known)
    if not unknown:
        return ()
    closed = open_days.gaps(span).difference(known)
    runs = (unknown.intersection(SpanSet.of([run])).spans for run in unknown.union(closed))
    return tuple(Span(run[0].start, run[-1].end) for run in runs if run)


def bridged(known: SpanSet, market: Market) -> tuple[Span, ...]:
    """The spans of a set, with those joined that have only closed days between them."""
    joined: list[Span] = []
    for span in known:
        between = Span(joined[-1].end, span.start) if joined else None
        if between is not None and not missing_of(between, SpanSet(), market):
            joined[-1] = Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    return tuple(joined)


def _on_both_sides(gap: Span, edge: int) -> tuple[Span, ...]:
    if not gap.start < edge < gap.end:
        return (gap,)
    return Span(gap.start, edge), Span(edge, gap.end)


def _days_of(gap: Span, market: Market) -> Iterator[Span]:
    days = (market.day_span(session.day).intersect(gap) for session in market.sessions(gap))
    return filter(None, days)


def cut(gap: Span, longest: int) -> Iterator[Span]:
    """Parts of a span, in order, each at most `longest` microseconds."""
    start = gap.start
    while start < gap.end:
        end = min(gap.end, start + longest)
        yield Span(start, end)
        start = end
