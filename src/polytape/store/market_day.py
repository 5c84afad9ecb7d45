"""A day of every symbol, where one answer covered the whole market."""

from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.store.compact import kept, named, winners
from polytape.store.periods import periods
from polytape.store.segments import SegmentStore


def market_day(store: SegmentStore, series: Series, span: Span) -> MarketBars | None:
    """The bars of every symbol in a span inside one day; None where not all of it was asked for the
    whole market and is final. What was asked later of single symbols has the last word on them.
    """
    ((folder, inside),) = periods(series, span)
    segments = [s for s in store.segments(folder) if any(c.span.intersect(span) for c in s.covers)]
    whole = [c.span for s in segments for c in s.covers if c.symbol is None and c.final]
    if inside not in SpanSet.of(whole):
        return None
    singled, common = named(segments), winners(segments, None, inside)
    parts: dict[str, list[Bars]] = {}
    for segment in segments:
        market = store.market(folder, segment)
        for symbol, place in market.places.items():
            own = winners(segments, symbol, inside) if symbol in singled else common
            rows = kept(market.bars.take(place), own.get(segment.name, SpanSet()))
            if len(rows):
                parts.setdefault(symbol, []).append(rows)
    return MarketBars.of({symbol: Bars.concat(rows).tidy() for symbol, rows in parts.items()})
