"""What a store has: by series, and by symbol."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from polytape.history.plan import bridged
from polytape.model.market import Market
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.store.periods import all_time
from polytape.store.segments import SegmentStore


@dataclass(frozen=True, slots=True)
class SeriesStatus:
    """One stored series. `first` and `last` (microseconds UTC) bound what is covered; `rows` counts
    those that a later fetch overrules, too, until the next compaction.
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
    """One symbol in one stored series: the covered spans, how many bars, and whether all of them
    are final.
    """

    symbol: str
    series: str
    spans: tuple[Span, ...]
    bars: int
    final: bool


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """A store: a row for each series, and for each symbol of interest in each series."""

    series: list[SeriesStatus]
    symbols: list[SymbolStatus]


def store_status(store: SegmentStore, symbols: Iterable[str], market: Market) -> StoreStatus:
    """The status of a store, and of some symbols in it.

    Raises: DataFetchError.
    """
    return StoreStatus(series_status(store), list(symbol_status(store, symbols, market)))


def series_status(store: SegmentStore) -> list[SeriesStatus]:
    """One row a series that has a segment.

    Raises: DataFetchError.
    """
    rows = (_series_row(store, series) for series in store.catalog.series())
    return [row for row in rows if row is not None]


def _series_row(store: SegmentStore, series: Series) -> SeriesStatus | None:
    catalog = store.catalog
    segments = [s for folder in catalog.folders(series) for s in catalog.segments(folder)]
    if not segments:
        return None
    spans = [entry.span for segment in segments for entry in segment.coverage]
    return SeriesStatus(
        series=series.value,
        symbols=len(catalog.symbols(series)),
        rows=sum(segment.rows for segment in segments),
        bytes=sum(segment.size for segment in segments),
        segments=len(segments),
        first=min(span.start for span in spans),
        last=max(span.end for span in spans),
    )


def symbol_status(
    store: SegmentStore, symbols: Iterable[str], market: Market
) -> Iterator[SymbolStatus]:
    """One row a symbol and series of which anything is covered; closed days make no new span.

    Raises: DataFetchError.
    """
    for symbol in symbols:
        for series in Series:
            slices = store.coverage(symbol, series)
            if slices:
                spans = bridged(SpanSet.of(part.span for part in slices), market)
                bars = len(store.read(symbol, series, all_time(market)))
                final = all(part.coverage.final for part in slices)
                yield SymbolStatus(symbol, series.value, spans, bars, final)
