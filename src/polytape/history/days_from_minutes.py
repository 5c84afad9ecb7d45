"""Days made from stored minutes, where the store has no official daily bar."""

from functools import lru_cache

from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.resample import days_from_minutes
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.store.segments import SegmentStore


def make_days(
    store: SegmentStore, symbol: str, span: Span, official: Bars, *, market: Market
) -> Bars:
    """Daily bars of the sessions in `span` that have stored minutes and no official bar."""
    have = set(official.timestamp.tolist())
    without = [start for start in _session_days(market, span) if start not in have]
    if not without:
        return Bars.empty()
    bare = SpanSet.of(market.day_span(market.date_of(start)).intersect(span) for start in without)
    minutes = SpanSet.of(part.span for part in store.coverage(symbol, Series.MINUTE, span))
    made = [
        days_from_minutes(store.read(symbol, Series.MINUTE, part), market).within(part)
        for part in bare.intersection(minutes)
    ]
    return Bars.concat(made)


def note_on(made: Bars, market: Market) -> tuple[str, ...]:
    """What a reader must know of such days; nothing where there are none."""
    if not len(made):
        return ()
    first, last = (market.date_of(int(made.timestamp[at])) for at in (0, -1))
    days = f"{first}" if first == last else f"{len(made)} days from {first} to {last}"
    return (f"no official daily bar held for {days}: made from minutes (the volume lacks trades)",)


@lru_cache(maxsize=16)
def _session_days(market: Market, span: Span) -> tuple[int, ...]:
    """Midnights of the days with a session. A scan wants one span symbol after symbol."""
    return tuple(market.midnight(session.day) for session in market.sessions(span))
