"""History as something to manage: what is held, and what of it is doubtful."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from polytape.history.plan import bridged
from polytape.history.splits import held_splits
from polytape.model.market import Market
from polytape.model.newyork import date_of
from polytape.model.quality import QualityReport, check
from polytape.model.spans import Span, SpanSet, day_span
from polytape.model.splits import adjust
from polytape.model.timeframes import Series, Timeframe
from polytape.store.compact import Compacted, compact
from polytape.store.periods import ALL_TIME
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore

FRAMES = {Series.MINUTE: Timeframe.MIN_1, Series.DAY: Timeframe.DAY}


@dataclass(frozen=True, slots=True)
class SeriesStatus:
    """One stored series. `first` and `last` bound what is covered; rows include those that a later
    answer overrules, until the next compaction.
    """

    series: str
    symbols: int
    rows: int
    bytes: int
    segments: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SymbolStatus:
    """What is known of one symbol in one series: spans asked, how many bars, and whether the
    vendor may still correct some.
    """

    symbol: str
    series: str
    spans: tuple[Span, ...]
    bars: int
    final: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """The report on one covered span of one symbol."""

    symbol: str
    series: str
    span: Span
    report: QualityReport


def series_status(store: SegmentStore) -> list[SeriesStatus]:
    """One row a series."""
    found = []
    for series in store.series():
        segments = [s for folder in store.folders(series) for s in store.segments(folder)]
        if segments:
            spans = [cover.span for segment in segments for cover in segment.covers]
            found.append(
                SeriesStatus(
                    series.value,
                    len(store.symbol_set(series)),
                    sum(segment.rows for segment in segments),
                    sum(segment.size for segment in segments),
                    len(segments),
                    min(span.start for span in spans),
                    max(span.end for span in spans),
                )
            )
    return found


def symbol_status(
    store: SegmentStore, symbols: Iterable[str], market: Market
) -> Iterator[SymbolStatus]:
    """One row a symbol and series of which anything is known; closed days make no new span."""
    for symbol in symbols:
        for series in Series:
            known = store.coverage(symbol, series)
            if known:
                spans = bridged(SpanSet.of(piece.span for piece in known), market)
                bars = len(store.read(symbol, series, ALL_TIME))
                final = all(piece.cover.final for piece in known)
                yield SymbolStatus(symbol, series.value, spans, bars, final)


def verify(
    store: SegmentStore, symbols: Iterable[str], span: Span, *, market: Market, today: date
) -> Iterator[Verified]:
    """The data-quality report on every covered span of the symbols inside `span`; prices are
    adjusted first where the store has a table of splits, so that a split is no spike.
    """
    reference = Reference(store.storage)
    for symbol in symbols:
        splits = held_splits(store, reference, symbol).used or ()
        for series, frame in FRAMES.items():
            known = SpanSet.of(piece.span for piece in store.coverage(symbol, series, span))
            for part in bridged(known, market):
                bars = adjust(store.read(symbol, series, part), splits, today)
                report = check(bars, frame, part, market=market)
                yield Verified(symbol, series.value, part, report)


def doubtful_days(verified: Verified) -> list[Span]:
    """The days that a repair asks for again: with a finding, or with an unexplained gap."""
    starts = [finding.timestamp for finding in verified.report.findings]
    starts += [gap.span.start for gap in verified.report.gaps if gap.cause is None]
    return [day_span(day) for day in sorted({date_of(start) for start in starts})]


def compact_all(
    store: SegmentStore, told: Callable[[Compacted], None] = lambda _: None
) -> list[Compacted]:
    """Compact every folder that has several segments."""
    done = []
    for series in store.series():
        for folder in store.folders(series):
            merged = compact(store, folder)
            if merged is not None:
                told(merged)
                done.append(merged)
    return done
