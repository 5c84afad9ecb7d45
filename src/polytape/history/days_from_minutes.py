"""Days made from the minutes that a store holds, where it has no official daily bar."""

from functools import lru_cache

from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.newyork import date_of, midnight
from polytape.model.resample import days_from_minutes
from polytape.model.spans import Span, SpanSet, day_span
from polytape.model.timeframes import Series
from polytape.store.segments import SegmentStore


def days_of_minutes(
    store: SegmentStore, symbol: str, span: Span, official: Bars, *, market: Market
) -> Bars:
    """Daily bars of the sessions in `span` that have minutes and no official bar."""
    have = set(official.timestamp.tolist())
    without = [start for start in _session_days(market, span) if start not in have]
    if not without:
        return Bars.empty()
    bare = SpanSet.of(day_span(date_of(start)).intersect(span) for start in without)
    minutes = SpanSet.of(p.span for p in store.coverage(symbol, Series.MINUTE, span))
    made = [
        days_from_minutes(store.read(symbol, Series.MINUTE, part), market).within(part)
        for part in bare.intersection(minutes)
    ]
    return Bars.concat(made)


@lru_cache(maxsize=16)
def _session_days(market: Market, span: Span) -> tuple[int, ...]:
    """Midnights of the days with a session. A scan asks for one span symbol after symbol."""
    return tuple(midnight(session.day) for session in market.sessions(span))


def from_minutes(made: Bars) -> tuple[str, ...]:
    """What is said of such days; nothing where there are none."""
    if not len(made):
        return ()
    first, last = (date_of(int(made.timestamp[at])) for at in (0, -1))
    named = f"{first}" if first == last else f"{len(made)} days from {first} to {last}"
    return (f"no official daily bar held for {named}: made from minutes (the volume lacks trades)",)
