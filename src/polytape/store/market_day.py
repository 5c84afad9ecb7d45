"""A day of every symbol, where one answer covered the whole market."""

from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.store.in_force import RowsInForce
from polytape.store.periods import periods
from polytape.store.segments import SegmentStore


def market_day(store: SegmentStore, series: Series, span: Span) -> MarketBars | None:
    """The bars of every symbol in a span inside one day; None where not all of it was fetched for
    the whole market and is final. What was fetched later of single symbols has the last word on
    them.
    """
    ((folder, inside),) = periods(series, span, store.zone)
    segments = [segment for segment in store.catalog.segments(folder) if segment.overlaps(span)]
    coverage = [entry for segment in segments for entry in segment.coverage]
    final = SpanSet.of(entry.span for entry in coverage if entry.symbol is None and entry.final)
    if inside not in final:
        return None
    return RowsInForce(segments, inside).market(
        (segment, symbol, bars)
        for segment in segments
        for symbol, bars in store.reader.market(folder, segment).by_symbol()
    )
