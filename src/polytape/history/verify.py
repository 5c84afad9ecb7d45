"""Quality reports on stored bars, and the queries by which a repair fetches doubtful days again.

What was set aside because it cannot be right is a finding, too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from polytape.history import plan
from polytape.history.quarantine import Quarantine, QuarantinedRows
from polytape.history.splits import stored_splits
from polytape.history.traded_span import TradedSpan
from polytape.model import quality, query
from polytape.model.market import Market
from polytape.model.spans import Span, SpanSet
from polytape.model.splits import adjust
from polytape.model.timeframes import Series
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore

QUARANTINED = "set aside"


@dataclass(frozen=True, slots=True)
class SpanReport:
    """The report on one covered span of one symbol, or on one of which rows were set aside; those
    are among the findings.
    """

    symbol: str
    series: Series
    span: Span
    report: quality.QualityReport
    quarantine: tuple[QuarantinedRows, ...] = ()


def verify(
    store: SegmentStore, symbols: Iterable[str], span: Span, *, market: Market, today: date
) -> Iterator[SpanReport]:
    """The quality report on every covered span of the symbols inside `span`, and on what was set
    aside there. Prices are adjusted first where the store has splits, so that a split is no spike.

    Raises: DataFetchError.
    """
    reference, quarantine = Reference(store.storage), Quarantine(store.storage)
    for symbol in symbols:
        splits = stored_splits(store, reference, symbol).used or ()
        traded = TradedSpan(store, symbol, market)
        for series in Series:
            covered = SpanSet.of(part.span for part in store.coverage(symbol, series, span))
            for part in plan.bridged(covered, market):
                bars = adjust(store.read(symbol, series, part), splits, today, market)
                report = quality.check(bars, series.timeframe, part, market=market)
                if report.unexplained_missing:
                    report = traded.report(bars, series, part)
                yield SpanReport(symbol, series, part, report)
            for entry in quarantine.rows(symbol, series, span):
                yield _report_of(entry)


def _report_of(entry: QuarantinedRows) -> SpanReport:
    finding = quality.Finding(QUARANTINED, entry.span.start, str(entry))
    report = quality.QualityReport(0, (finding,), ())
    return SpanReport(entry.symbol, entry.series, entry.span, report, (entry,))


def repair_queries(reports: Iterable[SpanReport], market: Market) -> list[query.BarsQuery]:
    """Queries for the days with a finding or an unexplained gap, past every cache; days that follow
    each other are one query, as long as a fetch may be.
    """
    return [
        query.series_query(report.symbol, report.series, part, use_cache=False, background=True)
        for report in reports
        for days in plan.bridged(_doubtful_days(report, market), market)
        for part in plan.cut(days, plan.LONGEST_FETCH_US[report.series])
    ]


def _doubtful_days(spans: SpanReport, market: Market) -> SpanSet:
    report = spans.report
    # A day without a session is empty without a fetch: what is filed under it has to be deleted.
    starts = [one.timestamp for one in report.findings if one.kind != quality.OFF_SESSION]
    days = {market.date_of(start) for start in starts}
    for gap in report.gaps:
        if gap.cause is None:
            days |= {session.day for session in market.sessions(gap.span)}
    suspect = SpanSet.of(entry.span for entry in spans.quarantine)
    return SpanSet.of(market.day_span(day) for day in days).union(suspect)
