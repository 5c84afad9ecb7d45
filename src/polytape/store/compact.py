"""Many segments of a folder into one, and a symbol's bars out of all of them.

A compaction publishes the merged segment, reads it back, and only then deletes the old ones. A
crash in between leaves duplicates, which "the later asked wins" makes harmless.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from polytape.errors import DataFetchError
from polytape.model.bars import PRICES, Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.store.coverage import pieces, tidy, without
from polytape.store.periods import period_span, periods
from polytape.store.segment import Segment
from polytape.store.segments import SegmentStore

CHUNK_ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became of a folder."""

    folder: str
    before: int
    rows: int


def compact(store: SegmentStore, folder: str, *, at_least: int = 2) -> Compacted | None:
    """Merge the segments of a folder where there are `at_least` so many; None where there are not.

    Raises DataFetchError when the merged rows are not the ones that went in; the old segments then
    stay and the merged one goes.
    """
    segments = store.segments(folder)
    if len(segments) < at_least:
        return None
    covers = tidy(cover for segment in segments for cover in segment.covers)
    hashes = RowHash()
    merged = store.publish(folder, covers, hashes.noting(_merge(store, folder, segments)))
    again = RowHash()
    for after, through in _runs([merged]):
        parts = {s: b for _, s, b in _rows_of(store, folder, [merged], after, through)}
        again.add(MarketBars.of(parts))
    if again.value != hashes.value or merged.rows != hashes.rows:
        store.drop(folder, [merged.name])
        raise DataFetchError(
            f"{store.storage.url}/{folder}: the compacted rows are not the old ones"
        )
    store.drop(folder, [segment.name for segment in segments])
    return Compacted(folder, len(segments), merged.rows)


def forget(store: SegmentStore, symbol: str, series: Series, span: Span) -> int:
    """Delete a symbol's bars of a span and the knowledge of them; returns the rows deleted."""
    gone = 0
    wanted = {name for name, _ in periods(series, span)} & set(store.folders(series))
    for folder in sorted(wanted):
        for segment in store.segments(folder):
            covers = [left for c in segment.covers for left in without(c, symbol, span)]
            if tuple(covers) == segment.covers:
                continue
            market = store.market(folder, segment)
            mine = market.of_symbol(symbol)
            left = np.array([span.start <= t < span.end for t in mine.timestamp], np.bool_)
            gone += int(left.sum())
            parts = {s: market.bars.take(p) for s, p in market.places.items()}
            parts[symbol] = mine.take(~left)
            if tidy(covers):
                store.publish(folder, tidy(covers), [MarketBars.of(parts)])
            store.drop(folder, [segment.name])
    return gone


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
    """The winning rows of all segments, so many symbols at a time."""
    span = period_span(folder.rsplit("/", 1)[-1])
    singled = named(segments)
    common = winners(segments, None, span)
    for after, through in _runs(segments):
        parts: dict[str, list[Bars]] = {}
        for segment, symbol, bars in _rows_of(store, folder, segments, after, through):
            own = winners(segments, symbol, span) if symbol in singled else common
            rows = kept(bars, own.get(segment.name, SpanSet()))
            if len(rows):
                parts.setdefault(symbol, []).append(rows)
        yield MarketBars.of({s: Bars.concat(held).tidy() for s, held in parts.items()})


def _rows_of(
    store: SegmentStore, folder: str, segments: list[Segment], after: str, through: str
) -> Iterator[tuple[Segment, str, Bars]]:
    """The bars of the symbols in (after, through], segment by segment."""
    for segment in segments:
        groups = range(bisect_right(segment.lasts, after), bisect_right(segment.firsts, through))
        market = store.market(folder, segment, groups)
        for symbol, place in market.places.items():
            if after < symbol <= through:
                yield segment, symbol, market.bars.take(place)


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


def winners(segments: list[Segment], symbol: str | None, span: Span) -> dict[str, SpanSet]:
    """By segment, the spans of a symbol on which it has the last word; `symbol` None: of every
    symbol that no cover names.
    """
    speaks = [
        (cover, segment.name)
        for segment in segments
        for cover in segment.covers
        if (cover.symbol is None if symbol is None else cover.speaks_of(symbol))
    ]
    owned: dict[str, list[Span]] = {}
    for piece in pieces(speaks, span):
        owned.setdefault(piece.owner, []).append(piece.span)
    return {name: SpanSet.of(spans) for name, spans in owned.items()}


def named(segments: Iterable[Segment]) -> set[str]:
    """The symbols that some cover names, as itself or as an exception."""
    found: set[str] = set()
    for segment in segments:
        for cover in segment.covers:
            found |= cover.but | ({cover.symbol} if cover.symbol is not None else set())
    return found


def kept(bars: Bars, spans: SpanSet) -> Bars:
    """The bars that start inside any of the spans. Needs tidy bars."""
    if len(spans) == 1:
        return bars.within(spans.spans[0])
    starts = np.array([span.start for span in spans], np.int64)
    ends = np.array([span.end for span in spans], np.int64)
    at = np.searchsorted(starts, bars.timestamp, side="right") - 1
    return bars.take((at >= 0) & (bars.timestamp < ends[at])) if len(spans) else bars.take(slice(0))
