"""What has to be asked upstream for an answer. Pure: coverage, calendar and the time are arguments.

Days without a session are known to be empty, and the future is not asked for.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from polytape.model.market import Market
from polytape.model.spans import Span, SpanSet, day_span
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US

# A page of the vendor's holds 50,000 base bars: two months of minutes, all days there are.
LONGEST_QUESTION_US = {Series.MINUTE: 62 * DAY_US, Series.DAY: 20_000 * DAY_US}


@dataclass(frozen=True, slots=True)
class Serve:
    """Everything is held."""


@dataclass(frozen=True, slots=True)
class FetchGaps:
    """These questions upstream, in order of time, make it whole."""

    questions: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Refuse:
    """These spans are missing and there is nobody to ask."""

    missing: tuple[Span, ...]


Plan: TypeAlias = Serve | FetchGaps | Refuse


def plan(
    span: Span,
    series: Series,
    held: Iterable[Span],
    *,
    market: Market,
    now: int,
    can_ask: bool,
    earliest: int = 0,
    whole_days: bool = False,
) -> Plan:
    """How to make `span` whole, given the spans of it that need not be asked for again.

    No question reaches over `earliest`, before which the source has nothing to say; with
    `whole_days` none reaches over a midnight.
    """
    known = SpanSet.of(held)
    past = Span(span.start, max(span.start, min(span.end, now)))
    if past in known:
        return Serve()
    missing = missing_of(past, known, market)
    if not missing:
        return Serve()
    if not can_ask:
        return Refuse(missing)
    parts = [part for gap in missing for part in _on_both_sides(gap, earliest)]
    if whole_days:
        days = ((day_span(s.day), gap) for gap in parts for s in market.sessions(gap))
        return FetchGaps(tuple(day.intersect(gap) for day, gap in days if day.intersect(gap)))
    longest = LONGEST_QUESTION_US[series]
    return FetchGaps(tuple(piece for part in parts for piece in _cut(part, longest)))


def missing_of(span: Span, known: SpanSet, market: Market) -> tuple[Span, ...]:
    """What of the trading days in `span` is not known; gaps with only closed days between them
    become one.
    """
    open_days = SpanSet.of(day_span(s.day).intersect(span) for s in market.sessions(span))
    unknown = open_days.difference(known)
    if not unknown:
        return ()
    closed = open_days.gaps(span).difference(known)
    runs = unknown.union(closed)
    found = []
    for run in runs:
        inside = unknown.intersection(SpanSet.of([run])).spans
        if inside:
            found.append(Span(inside[0].start, inside[-1].end))
    return tuple(found)


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


def _cut(gap: Span, longest: int) -> Iterator[Span]:
    start = gap.start
    while start < gap.end:
        end = min(gap.end, start + longest)
        yield Span(start, end)
        start = end
