"""Many segments of a folder into one, and a symbol's bars deleted out of all of them.

A compaction publishes the merged segment, reads it back, and only then deletes the old ones. A
crash in between leaves duplicates, which "the later fetched wins" makes harmless.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from polytape.errors import DataFetchError
from polytape.model.bars import PRICES, Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.store.coverage import merged, without
from polytape.store.in_force import RowsInForce
from polytape.store.periods import period_span, periods
from polytape.store.segment import Segment
from polytape.store.segments import SegmentStore

CHUNK_ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class Compaction:
    """A compacted folder: how many segments it had `before`, and how many rows it has."""

    folder: str
    before: int
    rows: int


def compact(store: SegmentStore, folder: str, *, at_least: int = 2) -> Compaction | None:
    """Merge the segments of a folder where there are `at_least` so many; None where there are not.

    Raises: DataFetchError when the merged rows are not the ones that went in; the old segments then
    stay and the merged one goes.
    """
    segments = store.catalog.segments(folder)
    if len(segments) < at_least:
        return None
    coverage = merged(entry for segment in segments for entry in segment.coverage)
    hashes = RowHash()
    published = store.publish(folder, coverage, hashes.noting(_merge(store, folder, segments)))
    again = RowHash()
    for after, through in _runs([published]):
        parts = {s: b for _, s, b in _rows_of(store, folder, [published], after, through)}
        again.add(MarketBars.of(parts))
    if again.value != hashes.value or published.rows != hashes.rows:
        store.drop(folder, [published.name])
        raise DataFetchError(
            f"{store.storage.url}/{folder}: the compacted rows are not the old ones"
        )
    store.drop(folder, [segment.name for segment in segments])
    return Compaction(folder, len(segments), published.rows)


def compact_all(
    store: SegmentStore, on_folder: Callable[[Compaction], None] = lambda _: None
) -> list[Compaction]:
    """Compact every folder that has several segments."""
    done = []
    for series in store.catalog.series():
        for folder in store.catalog.folders(series):
            compaction = compact(store, folder)
            if compaction is not None:
                on_folder(compaction)
                done.append(compaction)
    return done


def forget(store: SegmentStore, symbol: str, series: Series, span: Span) -> int:
    """Delete a symbol's bars of a span and their coverage; returns how many rows."""
    inside = {name for name, _ in periods(series, span, store.zone)}
    return sum(
        _forget_in(store, folder, segment, symbol, span)
        for folder in sorted(inside & set(store.catalog.folders(series)))
        for segment in store.catalog.segments(folder)
    )


def _forget_in(store: SegmentStore, folder: str, segment: Segment, symbol: str, span: Span) -> int:
    """Replace a segment by one without a symbol's span; returns how many rows are gone."""
    coverage = [left for entry in segment.coverage for left in without(entry, symbol, span)]
    if tuple(coverage) == segment.coverage:
        return 0
    parts = dict(store.reader.market(folder, segment).by_symbol())
    mine = parts.get(symbol, Bars.empty())
    gone = (mine.timestamp >= span.start) & (mine.timestamp < span.end)
    parts[symbol] = mine.take(~gone)
    if merged(coverage):
        store.publish(folder, merged(coverage), [MarketBars.of(parts)])
    store.drop(folder, [segment.name])
    return int(gone.sum())


class RowHash:
    """A hash of a set of rows: the sum of a hash of each, so the order does not matter."""

    def __init__(self) -> None:
        self.value = 0
        self.rows = 0

    def noting(self, parts: Iterable[MarketBars]) -> Iterator[MarketBars]:
        """Add each part as it passes."""
        for part in parts:
            self.add(part)
            yield part

    def add(self, market: MarketBars) -> None:
        """Add all rows of a market."""
        bars = market.bars
        names = ("timestamp", *PRICES, "volume", "vwap", "transactions")
        with np.errstate(over="ignore"):
            row = np.zeros(len(bars), np.uint64)
            for name in names:
                column = np.ascontiguousarray(getattr(bars, name))
                row = (row ^ column.view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
                row ^= row >> np.uint64(29)
            for symbol, place in market.places.items():
                key = np.uint64(int.from_bytes(blake2b(symbol.encode(), digest_size=8).digest()))
                mixed = (row[place] ^ key) * np.uint64(0xBF58476D1CE4E5B9)
                self.value = (self.value + int(mixed.sum(dtype=np.uint64))) % 2**64
        self.rows += len(bars)


def _merge(store: SegmentStore, folder: str, segments: list[Segment]) -> Iterator[MarketBars]:
    """The rows in force of all segments, one run of symbols at a time."""
    in_force = RowsInForce(segments, period_span(folder.rsplit("/", 1)[-1], store.zone))
    for after, through in _runs(segments):
        yield in_force.market(_rows_of(store, folder, segments, after, through))


def _rows_of(
    store: SegmentStore, folder: str, segments: list[Segment], after: str, through: str
) -> Iterator[tuple[Segment, str, Bars]]:
    """The bars of the symbols in (after, through], segment by segment."""
    for segment in segments:
        groups = range(bisect_right(segment.lasts, after), bisect_right(segment.firsts, through))
        market = store.reader.market(folder, segment, groups)
        for symbol, bars in market.by_symbol():
            if after < symbol <= through:
                yield segment, symbol, bars


def _runs(segments: list[Segment]) -> Iterator[tuple[str, str]]:
    """Cuts the symbols into runs (after, through] of about CHUNK_ROWS rows in all segments."""
    groups = sorted(
        (last, segment.metadata.row_group(at).num_rows)
        for segment in segments
        for at, last in enumerate(segment.lasts)
    )
    after, rows = "", 0
    for at, (last, count) in enumerate(groups):
        rows += count
        if at + 1 == len(groups) or (rows >= CHUNK_ROWS and groups[at + 1][0] != last):
            yield after, last
            after, rows = last, 0
