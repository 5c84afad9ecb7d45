"""The answer to a query, from bars of the stored series: adjusted, cut, summed, described. Pure."""

from dataclasses import dataclass

from polytape.history.reader import SeriesRead
from polytape.history.splits import Splits
from polytape.history.symbol_reference import SymbolReference
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.quality import QualityReport, check
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timestamps import iso
from polytape.wire.api.messages import BarsMetadata, SpanMessage

NO_SPLITS = "no table of splits at hand: prices are as traded"


@dataclass(frozen=True)
class BarsResult:
    """Bars, what is said of them, and a quality report where the query wants one."""

    bars: Bars
    metadata: BarsMetadata
    report: QualityReport | None = None


def make_result(
    query: BarsQuery,
    read: SeriesRead,
    splits: Splits,
    reference: SymbolReference,
    market: Market,
    now: int,
) -> BarsResult:
    """The answer from bars of the stored series. `now`: microseconds UTC."""
    today = market.date_of(now)
    bars = query.answer(read.bars, splits.used or (), market=market, today=today)
    no_splits = [NO_SPLITS] if splits.used is None else []
    metadata = BarsMetadata(
        symbol=query.symbol,
        timeframe=query.timeframe.value,
        count=len(bars),
        source=reference.name,
        made_up=reference.made_up,
        adjusted=query.adjusted and splits.used is not None,
        include_extended=query.include_extended,
        complete_through=iso(_complete_through(query, read, market, now)),
        notes=[*read.notes, *splits.notes, *no_splits],
        missing=[SpanMessage(iso(gap.start), iso(gap.end)) for gap in read.missing],
    )
    return BarsResult(bars, metadata, _report(query, bars, market, now) if query.validate else None)


def _complete_through(query: BarsQuery, read: SeriesRead, market: Market, now: int) -> int:
    """Through which instant the bars are complete: not past what the source has published."""
    complete = query.complete_through(now, market)
    if read.through is None:
        return complete
    published = query.complete_through(read.through, market)
    return max(query.span.start, min(complete, published))


def _report(query: BarsQuery, bars: Bars, market: Market, now: int) -> QualityReport:
    """Gaps are not looked for in the future, nor before the first bar that `limit` left."""
    ends, starts = query.complete_through(now, market), query.span.start
    if query.limit is not None and len(bars) == query.limit:
        starts = int(bars.timestamp[0])
    span = Span(min(starts, ends), ends)
    return check(bars, query.timeframe, span, market=market, anchored=query.anchored)
