"""What a store has: by series, and by symbol."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from polytape.history.plan import bridged
from polytape.model.market import Market
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.store.coverage import folded
from polytape.store.damaged import UnreadFile
from polytape.store.footer import Segment
from polytape.store.in_force import bars_inside, named_symbols, spans_in_force
from polytape.store.periods import all_time, period_span
from polytape.store.segments import SegmentStore

# Row groups that are read at a time to count what is in force: some two million rows.
GROUPS_AT_ONCE = 64
# Later than any deletion: what was deleted is no coverage.
NO_DELETION = 2**62


@dataclass(frozen=True, slots=True)
class SeriesStatus:
    """One stored series. `first` and `last` (microseconds UTC) bound what is covered; `rows` are
    the bars in force: what a later fetch or import overrules is not counted.
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
    """A store: a row for each series, and for each symbol of interest in each series; and the files
    that are not read, with the reasons.
    """

    series: list[SeriesStatus]
    symbols: list[SymbolStatus]
    unread: list[UnreadFile] = field(default_factory=list)


def store_status(store: SegmentStore, symbols: Iterable[str], market: Market) -> StoreStatus:
    """The status of a store, and of some symbols in it.

    Raises: DataFetchError.
    """
    rows = series_status(store), list(symbol_status(store, symbols, market))
    return StoreStatus(*rows, list(store.catalog.unread()))


def series_status(store: SegmentStore) -> list[SeriesStatus]:
    """One row a series that has a segment.

    Raises: DataFetchError.
    """
    rows = (_series_row(store, series) for series in store.catalog.series())
    return [row for row in rows if row is not None]


def _series_row(store: SegmentStore, series: Series) -> SeriesStatus | None:
    catalog = store.catalog
    by_folder = {folder: catalog.segments(folder) for folder in catalog.folders(series)}
    segments = [segment for inside in by_folder.values() for segment in inside]
    entries = [entry for segment in segments for entry in segment.coverage]
    spans = [entry.span for entry in folded(entries, NO_DELETION) if not entry.deleted]
    if not spans:
        return None
    return SeriesStatus(
        series=series.value,
        symbols=len(catalog.symbols(series)),
        rows=sum(_rows_in_force(store, folder, inside) for folder, inside in by_folder.items()),
        bytes=sum(segment.size for segment in segments),
        segments=len(segments),
        first=min(span.start for span in spans),
        last=max(span.end for span in spans),
    )


def _rows_in_force(store: SegmentStore, folder: str, segments: list[Segment]) -> int:
    """How many rows of a folder are in force. They are read only where segments overlap."""
    if _are_disjoint(segments):
        return sum(segment.rows for segment in segments)
    span = period_span(folder.rsplit("/", 1)[-1], store.zone)
    of_unnamed = spans_in_force(segments, None, span)
    by_symbol = {s: spans_in_force(segments, s, span) for s in named_symbols(segments)}
    rows = 0
    for segment in segments:
        for first in range(0, len(segment.firsts), GROUPS_AT_ONCE):
            groups = range(first, min(first + GROUPS_AT_ONCE, len(segment.firsts)))
            for symbol, bars in store.reader.market(folder, segment, groups).by_symbol():
                spans = by_symbol.get(symbol, of_unnamed).get(segment.name, SpanSet())
                rows += len(bars_inside(bars, spans))
    return rows


def _are_disjoint(segments: list[Segment]) -> bool:
    """Whether no two entries of coverage speak of one instant of one symbol."""
    entries = [entry for segment in segments for entry in segment.coverage]
    market = [entry.span for entry in entries if entry.symbol is None]
    named: dict[str, list[Span]] = {}
    for entry in entries:
        if entry.symbol is not None:
            named.setdefault(entry.symbol, []).append(entry.span)
    return not _overlap(market) and not any(_overlap([*market, *own]) for own in named.values())


def _overlap(spans: list[Span]) -> bool:
    ordered = sorted(spans)
    return any(after.start < before.end for before, after in pairwise(ordered))


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
