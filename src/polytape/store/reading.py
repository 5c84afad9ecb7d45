"""Bars out of segments. Readers take no lock: where a file was compacted away meanwhile, the folder
is listed again and its successor read.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from polytape.errors import DataFetchError
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.stages import stage
from polytape.store.catalog import SegmentCatalog, again
from polytape.store.decoded_rows import DecodedRows
from polytape.store.footer import DamagedSegmentError, Segment
from polytape.store.segment import read_market, read_symbol, table_within
from polytape.wire import arrow

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
# Makes bars, or tables, out of a segment (folder, name, symbol, spans), each with its start.
Decode: TypeAlias = Callable[[str, str, str, list[Span]], list[tuple[int, T]]]

FEW_JOBS, MANY_JOBS = 3, 100
# A read that finds more damaged segments than that does not look for others.
MOST_DAMAGED = 1_000


class SegmentReader:
    """Usable from many threads."""

    def __init__(self, catalog: SegmentCatalog) -> None:
        self._catalog = catalog
        self._rows = DecodedRows()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="polytape-store")

    def close(self) -> None:
        """End the reading threads."""
        self._pool.shutdown()

    def bars(self, symbol: str, series: Series, span: Span) -> Bars:
        """As `SegmentStore.read`."""
        with stage("store_read"):
            parts = self._retried(lambda: self._parts(symbol, series, span, self._bars_of))
            return Bars.concat(parts)

    def table(self, symbol: str, series: Series, span: Span) -> "pa.Table":
        """As `SegmentStore.read_table`."""
        import pyarrow as pa

        with stage("store_read"):
            parts = self._retried(lambda: self._parts(symbol, series, span, self._tables_of))
        return pa.concat_tables(parts) if parts else arrow.to_table(Bars.empty())

    def market(self, folder: str, segment: Segment, groups: range | None = None) -> MarketBars:
        """All rows of some row groups of a segment, in force or not; of all groups by default."""
        file = self._catalog.storage.open(f"{folder}/{segment.name}")
        return read_market(file, segment, range(len(segment.firsts)) if groups is None else groups)

    def _parts(self, symbol: str, series: Series, span: Span, decode: Decode[T]) -> list[T]:
        """What `decode` makes of each slice, in order of time."""
        jobs: list[Callable[[], list[tuple[int, T]]]] = []
        for folder, slices in self._catalog.slices(symbol, series, span):
            owners: dict[str, list[Span]] = {}
            for part in slices:
                owners.setdefault(part.owner, []).append(part.span)
            jobs += [partial(decode, folder, name, symbol, own) for name, own in owners.items()]
        placed = [part for parts in self._run(jobs) for part in parts]
        return [part for _, part in sorted(placed, key=itemgetter(0))]

    def _run(self, jobs: list[Callable[[], T]]) -> list[T]:
        """In two threads where that pays: decoding gives up the interpreter. The caller's own is
        one of them, and does all where the pool is busy.
        """
        if not FEW_JOBS <= len(jobs) <= MANY_JOBS:
            return [job() for job in jobs]
        results: dict[int, T] = {}
        todo = deque(enumerate(jobs))
        helper = self._pool.submit(_do, todo, results)
        try:
            _do(todo, results)
        finally:
            todo.clear()  # where a job has failed, no other is begun
            has_begun = not helper.cancel()
        if has_begun:
            helper.result()
        return [results[at] for at in range(len(jobs))]

    def _bars_of(
        self, folder: str, name: str, symbol: str, spans: list[Span]
    ) -> list[tuple[int, Bars]]:
        segment = self._catalog.segment(folder, name)
        if not segment.groups_of(symbol):
            return []
        bars = self._rows.bars_of(segment, symbol, lambda: self._open(folder, name))
        parts = ((span.start, bars.within(span)) for span in spans)
        return [(start, part) for start, part in parts if len(part)]

    def _tables_of(
        self, folder: str, name: str, symbol: str, spans: list[Span]
    ) -> list[tuple[int, "pa.Table"]]:
        segment = self._catalog.segment(folder, name)
        if not segment.groups_of(symbol):
            return []
        table = read_symbol(self._open(folder, name), segment, symbol)
        return [(span.start, table_within(table, span)) for span in spans]

    def _open(self, folder: str, name: str) -> "pa.NativeFile":
        try:
            return self._catalog.storage.open(f"{folder}/{name}")
        except FileNotFoundError:
            raise
        except OSError as error:
            where = f"{self._catalog.storage.url}/{folder}/{name}"
            raise DataFetchError(f"{where}: {error}") from error

    def _retried(self, read: Callable[[], T]) -> T:
        """A file may be compacted away between the listing and the read: list again.

        Raises: DamagedSegmentError once every damaged segment is set aside, DataFetchError.
        """
        url, forget = self._catalog.storage.url, self._catalog.forget
        damage: list[DamagedSegmentError] = []
        for _ in range(MOST_DAMAGED):
            try:
                result = again(read, url, forget)
            except DamagedSegmentError as error:
                self._catalog.set_aside(error)
                damage.append(error)
                continue
            if damage:
                raise damage[0]
            return result
        raise damage[0]


def _do(todo: "deque[tuple[int, Callable[[], T]]]", results: dict[int, T]) -> None:
    """Do jobs until none is left; another thread may take of them, too."""
    while todo:
        try:
            at, job = todo.popleft()
        except IndexError:  # the other thread was faster
            return
        results[at] = job()
