"""Many segments of a folder into one, and a symbol's bars deleted out of all of them.

A compaction publishes the merged segment, reads it back, and only then deletes the old ones. A
crash in between leaves duplicates, which "the later fetched wins" makes harmless.

A deletion is a segment of its own that says so: it touches no other file, so that nothing beside it
can undo it. Compactions leave the deleted rows out. The lock keeps two from doing the same work.
"""

import logging
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b

import numpy as np

from polytape.errors import DataFetchError
from polytape.model.bars import PRICES, Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US
from polytape.store.coverage import Coverage, coverage_slices, folded
from polytape.store.footer import Segment
from polytape.store.in_force import RowsInForce
from polytape.store.periods import period_span
from polytape.store.segments import SegmentStore

log = logging.getLogger(__name__)

CHUNK_ROWS = 2_000_000
# A deletion is kept for so long after it: what it took away may come back from a slow writer.
KEEP_DELETIONS_US = DAY_US
# A folder in which others delete meanwhile is compacted so many times more.
MORE_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Compaction:
    """A compacted folder: how many segments it had `before`, and how many rows it has."""

    folder: str
    before: int
    rows: int


def compact(store: SegmentStore, folder: str, *, at_least: int = 2) -> Compaction | None:
    """Merge the segments of a folder where there are `at_least` so many; None where there are not,
    or where another thread or program is at it.

    Raises: DataFetchError when the merged rows are not the ones that went in; the old segments then
    stay and the merged one goes.
    """
    if len(store.catalog.segments(folder)) < at_least:
        return None
    with store.storage.try_lock(folder) as ours:
        if not ours:
            log.info("%s/%s is being compacted already", store.storage.url, folder)
            return None
        store.storage.sweep(folder)
        done = store.catalog.retried(partial(_compact, store, folder, at_least))
        for _ in range(MORE_ROUNDS):
            if done is None or not _has_new_deletions(store, folder):
                break
            again = store.catalog.retried(partial(_compact, store, folder, at_least))
            done = done if again is None else replace(again, before=done.before)
        return done


def _has_new_deletions(store: SegmentStore, folder: str) -> bool:
    """Whether something was deleted while the folder was compacted: who did it found it locked."""
    segments = store.catalog.whole_segments(folder)
    alone = (entry for segment in segments if not segment.rows for entry in segment.coverage)
    return len(segments) > 1 and any(entry.deleted for entry in alone)


def _compact(store: SegmentStore, folder: str, at_least: int) -> Compaction | None:
    """Raises: FileNotFoundError for a file that another program took away meanwhile."""
    segments = store.catalog.whole_segments(folder)
    if len(segments) < at_least:
        return None
    entries = (entry for segment in segments for entry in segment.coverage)
    coverage = folded(entries, store.now() - KEEP_DELETIONS_US)
    rows = _publish_checked(store, folder, coverage, segments) if coverage else 0
    store.drop(folder, [segment.name for segment in segments])
    return Compaction(folder, len(segments), rows)


def _publish_checked(
    store: SegmentStore, folder: str, coverage: tuple[Coverage, ...], segments: list[Segment]
) -> int:
    """Publish the rows in force of some segments as one, and read them back; returns how many."""
    hashes, again = RowHash(), RowHash()
    published = store.publish(folder, coverage, hashes.noting(_merge(store, folder, segments)))
    if published is None:
        raise FileNotFoundError(folder)
    for after, through in _runs([published]):
        parts = {s: b for _, s, b in _rows_of(store, folder, [published], after, through)}
        again.add(MarketBars.of(parts))
    if again.value != hashes.value or published.rows != hashes.rows:
        store.drop(folder, [published.name])
        raise DataFetchError(
            f"{store.storage.url}/{folder}: the compacted rows are not the old ones"
        )
    return published.rows


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


def forget(
    store: SegmentStore, symbol: str, series: Series, span: Span, *, now: int | None = None
) -> int:
    """Delete a symbol's bars of a span and their coverage; returns how many rows. What was fetched
    before `now` (microseconds UTC; by default the store's clock) does not come back.

    Raises: DataFetchError where nothing, or only some folders' part, was deleted.
    """
    instant = store.now() if now is None else now
    gone = {
        folder: _mark_deleted(store, folder, symbol, series, inside, instant)
        for folder, inside in store.catalog.overlapping(series, span)
    }
    for folder in (folder for folder, rows in gone.items() if rows):
        try:
            compact(store, folder)
        except DataFetchError as error:
            log.warning("deleted bars stay in files until the next compaction: %s", error)
    return sum(gone.values())


def _mark_deleted(
    store: SegmentStore, folder: str, symbol: str, series: Series, span: Span, now: int
) -> int:
    """Publish the deletion of a symbol's span in one folder; returns how many rows it takes."""
    store.catalog.forget(folder)
    if not coverage_slices(store.catalog.coverage(folder, symbol), span):
        return 0
    rows = store.catalog.retried(lambda: len(store.read(symbol, series, span)))
    instant = store.stamp(series, span, now, now)
    deletion = Coverage(symbol, span, instant, final=False, deleted=True)
    store.publish(folder, (deletion,), [])
    return rows


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
