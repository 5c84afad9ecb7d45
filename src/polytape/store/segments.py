"""The store: immutable segments in a storage, known by their footers.

    store.json                          schema and source
    bars/1min/2024-06/<name>.parquet    minutes by month of the market's zone
    bars/1day/2024/<name>.parquet       days by year
    reference/...                       splits and symbols

Bars and their coverage are one file. Readers take no lock; writers never touch each other's files,
in threads, processes or machines.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import IO, TYPE_CHECKING, TypeAlias

from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.wall_clock import WallClock
from polytape.net.storage import Storage
from polytape.store import about
from polytape.store.catalog import SegmentCatalog
from polytape.store.coverage import Coverage, CoverageSlice, merged
from polytape.store.footer import Segment
from polytape.store.periods import periods
from polytape.store.reading import SegmentReader
from polytape.store.segment import SegmentWriter

if TYPE_CHECKING:
    import pyarrow as pa


# Folders, each with a value that stays the same while their files do.
FolderTokens: TypeAlias = tuple[tuple[str, object], ...]


class SegmentStore:
    """Bars of one source. Usable from many threads; other processes may write beside it.

    `zone` decides which day, month and year an instant belongs to. `catalog` lists the segments;
    `reader` reads them.
    """

    def __init__(
        self,
        storage: Storage,
        source: str,
        zone: WallClock,
        *,
        name: Callable[[], str] = lambda: uuid.uuid4().hex,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        """Open the store of `source`; an empty storage becomes it. `now`: microseconds UTC.

        Raises: ConfigurationError for a store of another source, or of a newer schema.
        """
        about.claim(storage, source)
        self.storage = storage
        self.source = source
        self.zone = zone
        self.now = now
        self.catalog = SegmentCatalog(storage, zone, source, now)
        self.reader = SegmentReader(self.catalog)
        self._name = name

    @classmethod
    def existing(cls, storage: Storage, zone: WallClock) -> "SegmentStore":
        """The store that lies in a storage, whichever source its bars are from.

        Raises: ConfigurationError where there is none.
        """
        return cls(storage, about.source_of(storage), zone)

    def believe_until(self, now: Callable[[], int]) -> None:
        """Coverage is from the future that is long after `now` (microseconds UTC), instead of after
        this machine's clock, which may be behind.
        """
        self.catalog.now = now

    def close(self) -> None:
        """End the reading threads."""
        self.reader.close()

    def read(self, symbol: str, series: Series, span: Span) -> Bars:
        """The tidy stored bars of a symbol that start inside `span`; none where nothing is covered.

        Raises: DataFetchError for a file that cannot be read.
        """
        return self.reader.bars(symbol, series, span)

    def read_table(self, symbol: str, series: Series, span: Span) -> "pa.Table":
        """The same as an Arrow table (timestamp, prices, volume, vwap, transactions) whose chunks
        are those of the files: nothing is copied together.

        Raises: DataFetchError for a file that cannot be read.
        """
        return self.reader.table(symbol, series, span)

    def coverage(
        self, symbol: str, series: Series, span: Span | None = None
    ) -> list[CoverageSlice]:
        """What is covered of a symbol: disjoint slices in order of time; of all time by default."""
        by_folder = self.catalog.slices(symbol, series, span)
        return [part for _, slices in by_folder for part in slices]

    def symbols(self, series: Series) -> list[str]:
        """Every symbol that has a bar, sorted."""
        return sorted(self.catalog.symbols(series))

    def write(
        self,
        series: Series,
        market: MarketBars,
        coverage: Iterable[Coverage],
        *,
        now: int | None = None,
    ) -> None:
        """Store bars and their coverage: for each entry all bars of its span, or none where there
        are none. A bar that no coverage speaks of is never read. `now` (microseconds UTC) is the
        writer's clock: where it is behind the one that wrote the store, see `stamp`.

        Raises: DataFetchError with the path.
        """
        entries = merged(coverage)
        if not entries:
            return
        whole = Span(min(e.span.start for e in entries), max(e.span.end for e in entries))
        if now is not None:
            stamps = {t: self.stamp(series, whole, t, now) for t in {e.fetched_at for e in entries}}
            entries = tuple(replace(e, fetched_at=stamps[e.fetched_at]) for e in entries)
        for folder, inside in periods(series, whole, self.zone):
            here = merged(_cut(entries, inside))
            if here:
                self.publish(folder, here, [market.within(inside)])

    def stamp(self, series: Series, span: Span, fetched_at: int, now: int) -> int:
        """When bars of a span count as fetched that were fetched at `fetched_at` and are stored
        `now`: then; or, where that clock is behind the one that wrote the store, later than all
        that the store has there, so that they are not lost. Instants are microseconds UTC.

        Raises: DataFetchError.
        """
        folders = (folder for folder, _ in self.catalog.overlapping(series, span))
        segments = (segment for folder in folders for segment in self.catalog.segments(folder))
        newest = max((segment.newest for segment in segments), default=0)
        return fetched_at if newest < now else newest + 1

    def tokens(self, series: Series, span: Span) -> FolderTokens | None:
        """The state of the folders of a span, which changes with each file that comes or goes, by
        whatever program; None where it changes just now. Of an object store nothing is known, and
        nothing said.
        """
        if not self.storage.tells_changes:
            return ()
        folders = [folder for folder, _ in periods(series, span, self.zone)]
        tokens = tuple((folder, self.storage.token(folder)) for folder in folders)
        return None if any(token is None for _, token in tokens) else tokens

    def unchanged(self, tokens: FolderTokens) -> bool:
        """Whether folders are as they were."""
        return all(self.storage.token(folder) == token for folder, token in tokens)

    def publish(
        self, folder: str, coverage: tuple[Coverage, ...], parts: Iterable[MarketBars]
    ) -> Segment | None:
        """Write one segment of parts that follow each other in the order of their symbols; None for
        one that another program has merged with others already.

        Raises: DataFetchError with the path.
        """
        fetched_at = max(entry.fetched_at for entry in coverage)

        def write(sink: IO[bytes]) -> None:
            writer = SegmentWriter(sink, coverage, self.source)
            for part in parts:
                writer.add(part)
            writer.close()

        return self.catalog.put(folder, f"{fetched_at:016x}-{self._name()}", write)

    def drop(self, folder: str, names: Iterable[str]) -> None:
        """Delete segments; what they alone covered is a gap from now on."""
        for name in names:
            self.storage.delete(f"{folder}/{name}")
        self.catalog.forget(folder)


def _cut(coverage: Iterable[Coverage], span: Span) -> Iterator[Coverage]:
    for entry in coverage:
        inside = entry.span.intersect(span)
        if inside:
            yield entry.over(inside)
