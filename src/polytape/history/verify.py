"""Quality reports on stored bars, and the queries by which a repair fetches doubtful days again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from polytape.history.plan import bridged
from polytape.history.splits import stored_splits
from polytape.model.market import Market
from polytape.model.quality import OFF_SESSION, QualityReport, check
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span, SpanSet
from polytape.model.splits import adjust
from polytape.model.timeframes import Series
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore


@dataclass(frozen=True, slots=True)
class SpanReport:
    """The report on one covered span of one symbol."""

    symbol: str
    series: Series
    span: Span
    report: QualityReport


def verify(
    store: SegmentStore, symbols: Iterable[str], span: Span, *, market: Market, today: date
) -> Iterator[SpanReport]:
    """The quality report on every covered span of the symbols inside `span`. Prices are adjusted
    first where the store has splits, so that a split is no spike.

    Raises: DataFetchError.
    """
    reference = Reference(store.storage)
    for symbol in symbols:
        splits = stored_splits(store, reference, symbol).used or ()
        for series in Series:
            covered = SpanSet.of(part.span for part in store.coverage(symbol, series, span))
            for part in bridged(covered, market):
                bars = adjust(store.read(symbol, series, part), splits, today, market)
                report = check(bars, series.timeframe, part, market=market)
                yield SpanReport(symbol, series, part, report)


def repair_queries(reports: Iterable[SpanReport], market: Market) -> list[BarsQuery]:
    """Queries for the days with a finding or an unexplained gap, past every cache."""
    return [
        series_query(report.symbol, report.series, day, use_cache=False, background=True)
        for report in reports
        for day in _doubtful_days(report.report, market)
    ]


def _doubtful_days(report: QualityReport, market: Market) -> list[Span]:
    # A day without a session is empty without a fetch: what is filed under it has to be deleted.
    starts = [one.timestamp for one in report.findings if one.kind != OFF_SESSION]
    starts += [gap.span.start for gap in report.gaps if gap.cause is None]
    return [market.day_span(day) for day in sorted({market.date_of(start) for start in starts})]
