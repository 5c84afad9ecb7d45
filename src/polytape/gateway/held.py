"""Days made from the minutes that a store holds, where it has no official daily bar."""

from polytape.gateway.plan import missing_of
from polytape.model.bars import Bars
from polytape.model.clock import ExchangeClock
from polytape.model.newyork import date_of
from polytape.model.resample import days_from_minutes
from polytape.model.spans import Span, SpanSet, day_span
from polytape.model.timeframes import Series
from polytape.store.segments import SegmentStore


def days_of_minutes(
    store: SegmentStore, symbol: str, span: Span, official: Bars, *, clock: ExchangeClock
) -> tuple[Bars, SpanSet]:
    """Daily bars of the sessions in `span` that have minutes and no official bar, and the spans of
    which minutes are known.
    """
    minutes = SpanSet.of(p.span for p in store.coverage(symbol, Series.MINUTE, span))
    have = SpanSet.of(day_span(date_of(int(stamp))) for stamp in official.timestamp)
    made = [
        days_from_minutes(store.read(symbol, Series.MINUTE, gap), clock).within(gap)
        for part in minutes.difference(have)
        for gap in missing_of(part, SpanSet.of(()), clock)
    ]
    return Bars.concat(made), minutes


def from_minutes(made: Bars) -> tuple[str, ...]:
    """What is said of such days; nothing where there are none."""
    if not len(made):
        return ()
    first, last = (date_of(int(made.timestamp[at])) for at in (0, -1))
    named = f"{first}" if first == last else f"{len(made)} days from {first} to {last}"
    return (f"no official daily bar held for {named}: made from minutes (the volume lacks trades)",)
