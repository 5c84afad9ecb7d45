"""The store: immutable segments in a place, found by their footers.

    store.json                          schema and source
    bars/1min/2024-06/<name>.parquet    minutes by New York month
    bars/1day/2024/<name>.parquet       days by New York year
    reference/...                       splits and symbols

Data and what is known about it are one file. Readers take no lock; writers never touch each
other's files, in threads, processes or machines.
"""

import errno
import logging
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import Any, TypeVar

import msgspec

from polytape.errors import ConfigurationError, DataFetchError
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US
from polytape.net.storage import Storage
from polytape.store.coverage import Coverage, CoverageSlice, pieces, tidy
from polytape.store.decoded_rows import DecodedRows
from polytape.store.periods import ALL_TIME, period_span, periods
from polytape.store.segment import (
    SCHEMA,
    DamagedSegmentError,
    Segment,
    SegmentWriter,
    arrow_schema,
    read_footer,
    read_market,
    read_symbol,
    table_within,
)

log = logging.getLogger(__name__)

ENDING = ".parquet"
DAMAGED = ".damaged"
T = TypeVar("T")
# Bars, or a table of them, and where they begin.
Placed = tuple[int, Any]

READ_TRIES = 4
# A file that cannot be opened now is not damaged: it is not set aside.
UNREACHABLE = frozenset({errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.EIO})
# Up to here the folders of a span are named instead of listed.
FEW_FOLDERS_US = 500 * DAY_US
MANY_JOBS = 100


class About(msgspec.Struct):
    """`store.json`."""

    schema: int
    source: str


@dataclass
class _Period:
    """The segments of one folder, as they were when it was last listed."""

    token: object = None
    segments: dict[str, Segment] = field(default_factory=dict)


class SegmentStore:
    """Bars of one source. Usable from many threads; other processes may write beside it."""

    def __init__(
        self, storage: Storage, source: str, *, name: Callable[[], str] = lambda: uuid.uuid4().hex
    ) -> None:
        """Open, or found, the store of `source`. Raises ConfigurationError for another's."""
        self.storage = storage
        self.source = source
        self._name = name
        self._lock = threading.Lock()
        self._periods: dict[str, _Period] = {}
        self._symbols: dict[str, set[str]] = {}
        self._rows = DecodedRows()
        self._index: dict[str, tuple[dict[str, list[Coverage]], list[Coverage]]] = {}
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="polytape-store")
        self._check()

    @classmethod
    def existing(cls, storage: Storage) -> "SegmentStore":
        """The store that lies in a place, whosever bars it holds. Raises ConfigurationError where
        there is none.
        """
        try:
            about = msgspec.json.decode(storage.read("store.json"), type=About)
        except FileNotFoundError as error:
            raise ConfigurationError(f"{storage.url} is no store: it has no store.json") from error
        except msgspec.DecodeError as error:
            raise ConfigurationError(f"{storage.url}/store.json is damaged: {error}") from error
        return cls(storage, about.source)

    def close(self) -> None:
        """End the reading threads."""
        self._pool.shutdown()

    def read(self, symbol: str, series: Series, span: Span) -> Bars:
        """What is held of a symbol that starts inside `span`, tidy; where nothing is known there
        is nothing. Raises DataFetchError.
        """
        parts = self._retried(lambda: self._parts(symbol, series, span, self._bars_of))
        return Bars.concat(parts)

    def read_table(self, symbol: str, series: Series, span: Span) -> Any:
        """The same as an Arrow table (timestamp, prices, volume, vwap, transactions) whose chunks
        lie as they do in the files: nothing is copied together.
        """
        import pyarrow as pa

        parts = self._retried(lambda: self._parts(symbol, series, span, self._tables_of))
        empty = arrow_schema().remove(0).empty_table()
        return pa.concat_tables(parts) if parts else empty

    def coverage(self, symbol: str, series: Series, span: Span = ALL_TIME) -> list[CoverageSlice]:
        """What is known of a symbol: disjoint pieces in order of time."""
        found: list[CoverageSlice] = []
        for folder, inside in self._folders(series, span):
            covers = self._covers(folder, symbol)
            found += pieces(covers, inside)
        return found

    def write(self, series: Series, market: MarketBars, covers: Iterable[Coverage]) -> None:
        """Keep bars and what they cover: for each cover all bars of its span, or none where there
        are none. A bar that no cover speaks of is never read. Raises DataFetchError with its path.
        """
        told = tidy(covers)
        if not told:
            return
        whole = Span(min(c.span.start for c in told), max(c.span.end for c in told))
        for folder, inside in periods(series, whole):
            here = tidy(_cut(told, inside))
            if here:
                self._put(folder, here, [market.within(inside)])

    def symbols(self, series: Series) -> list[str]:
        """Every symbol that has a bar, sorted."""
        return sorted(self.symbol_set(series))

    def symbol_set(self, series: Series) -> set[str]:
        """Every symbol that has a bar."""
        found: set[str] = set()
        for folder in self.folders(series):
            for segment in self.segments(folder):
                found |= self._symbols_of(folder, segment)
        return found

    def series(self) -> list[Series]:
        """Which series hold anything."""
        return [series for series in Series if self.storage.folders(f"bars/{series.value}")]

    def folders(self, series: Series) -> list[str]:
        """The folders of a series, in order of time."""
        base = f"bars/{series.value}"
        return [f"{base}/{name}" for name in sorted(self.storage.folders(base))]

    def segments(self, folder: str) -> list[Segment]:
        """The sound segments of a folder, by name. A damaged one is set aside and logged."""
        token = self.storage.token(folder)
        with self._lock:
            period = self._periods.setdefault(folder, _Period())
            if token is not None and token == period.token:
                return list(period.segments.values())
            known = dict(period.segments)
        names = [n for n in self.storage.names(folder) if n.endswith(ENDING)]
        found: dict[str, Segment] = {}
        for name in sorted(names):
            segment = known.get(name) or self._footer(f"{folder}/{name}")
            if segment is not None:
                found[name] = segment
        with self._lock:
            period.token, period.segments = token, found
            for gone in known.keys() - found.keys():
                self._index.pop(gone, None)
                self._symbols.pop(gone, None)
        return list(found.values())

    def market(self, folder: str, segment: Segment, groups: range | None = None) -> MarketBars:
        """Everything in some row groups of a segment, winners and losers."""
        file = self.storage.open(f"{folder}/{segment.name}")
        return read_market(file, segment, range(len(segment.firsts)) if groups is None else groups)

    def publish(
        self, folder: str, covers: tuple[Coverage, ...], parts: Iterable[MarketBars]
    ) -> Segment:
        """Write one segment of parts that follow each other in the order of their symbols."""
        return self._put(folder, covers, parts)

    def drop(self, folder: str, names: Iterable[str]) -> None:
        """Delete segments; what they alone covered is unknown from now on."""
        for name in names:
            self.storage.delete(f"{folder}/{name}")
        self._forget(folder)

    def _parts(
        self, symbol: str, series: Series, span: Span, decode: Callable[..., list[Placed]]
    ) -> list[Any]:
        """What `decode` makes of each piece, in order of time."""
        jobs: list[Callable[[], list[Placed]]] = []
        for folder, inside in self._folders(series, span):
            owners: dict[str, list[Span]] = {}
            for piece in pieces(self._covers(folder, symbol), inside):
                owners.setdefault(piece.owner, []).append(piece.span)
            for name, spans in owners.items():
                jobs.append(partial(decode, folder, name, symbol, spans))
        placed = [part for parts in self._done(jobs) for part in parts]
        return [part for _, part in sorted(placed, key=itemgetter(0))]

    def _done(self, jobs: list[Callable[[], list[Placed]]]) -> list[list[Placed]]:
        few = len(jobs) < 3 or len(jobs) > MANY_JOBS  # noqa: PLR2004 - small ones: no threads
        return [job() for job in jobs] if few else self._at_once(jobs)

    def _at_once(self, jobs: list[Callable[[], list[Placed]]]) -> list[list[Placed]]:
        """In two threads: decoding gives up the interpreter."""
        return list(self._pool.map(lambda job: job(), jobs))

    def _bars_of(self, folder: str, name: str, symbol: str, spans: list[Span]) -> list[Placed]:
        segment = self._segment(folder, name)
        if not segment.groups_of(symbol):
            return []
        bars = self._rows.bars_of(segment, symbol, lambda: self._open(folder, name))
        parts = ((span.start, bars.within(span)) for span in spans)
        return [(start, part) for start, part in parts if len(part)]

    def _tables_of(self, folder: str, name: str, symbol: str, spans: list[Span]) -> list[Placed]:
        segment = self._segment(folder, name)
        if not segment.groups_of(symbol):
            return []
        table = read_symbol(self._open(folder, name), segment, symbol)
        return [(span.start, table_within(table, span)) for span in spans]

    def _segment(self, folder: str, name: str) -> Segment:
        with self._lock:
            segment = self._periods[folder].segments.get(name)
        if segment is None:
            raise FileNotFoundError(name)
        return segment

    def _open(self, folder: str, name: str) -> object:
        try:
            return self.storage.open(f"{folder}/{name}")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise DataFetchError(f"{self.storage.url}/{folder}/{name}: {error}") from error

    def _retried(self, read: Callable[[], T]) -> T:
        """A file may be compacted away between the listing and the read: list again."""
        for _ in range(READ_TRIES - 1):
            try:
                return read()
            except FileNotFoundError:
                self._forget()
            except DamagedSegmentError as error:
                self.set_aside(error)
                raise
        try:
            return read()
        except FileNotFoundError as error:
            raise DataFetchError(f"{self.storage.url}: files vanish while read: {error}") from error

    def set_aside(self, error: DamagedSegmentError) -> None:
        """Name a damaged segment `*.damaged`: its spans are unknown, and the rest goes on."""
        log.warning("%s: %s; set aside as %s%s", self.storage.url, error, error.name, DAMAGED)
        for folder, period in list(self._periods.items()):
            if error.name in period.segments or error.name.startswith(f"{folder}/"):
                path = error.name if "/" in error.name else f"{folder}/{error.name}"
                self.storage.rename(path, path + DAMAGED)
        self._forget()

    def _footer(self, path: str) -> Segment | None:
        name = path.rsplit("/", 1)[-1]
        try:
            return read_footer(self.storage.open(path), name)
        except FileNotFoundError:
            return None
        except (DamagedSegmentError, OSError) as error:  # OSError: an empty file cannot be mapped
            if isinstance(error, OSError) and error.errno in UNREACHABLE:
                raise DataFetchError(f"{self.storage.url}/{path}: {error.strerror}") from error
            told = f"{self.storage.url}/{path}: {error}; set aside as {name}{DAMAGED}"
            log.warning(told)
        self.storage.rename(path, path + DAMAGED)
        return None

    def _covers(self, folder: str, symbol: str) -> list[tuple[Coverage, str]]:
        found = []
        for segment in self.segments(folder):
            single, market = self._indexed(segment)
            found += [(cover, segment.name) for cover in single.get(symbol, ())]
            found += [(cover, segment.name) for cover in market if cover.speaks_of(symbol)]
        return found

    def _indexed(self, segment: Segment) -> tuple[dict[str, list[Coverage]], list[Coverage]]:
        """The covers of a segment by symbol, and those of the whole market. Made once: a segment
        never changes, and a month of fetched spans has thousands.
        """
        held = self._index.get(segment.name)
        if held is None:
            single: dict[str, list[Coverage]] = {}
            for cover in segment.covers:
                if cover.symbol is not None:
                    single.setdefault(cover.symbol, []).append(cover)
            held = single, [cover for cover in segment.covers if cover.symbol is None]
            self._index[segment.name] = held
        return held

    def _folders(self, series: Series, span: Span) -> Iterator[tuple[str, Span]]:
        """The folders that are there and overlap a span, each with its part of it."""
        base = f"bars/{series.value}"
        few = list(periods(series, span)) if span.end - span.start < FEW_FOLDERS_US else None
        if few is not None:
            yield from few
            return
        for name in sorted(self.storage.folders(base)):
            with suppress(ValueError):
                inside = period_span(name).intersect(span)
                if inside:
                    yield f"{base}/{name}", inside

    def _put(
        self, folder: str, covers: tuple[Coverage, ...], parts: Iterable[MarketBars]
    ) -> Segment:
        asked = max(cover.asked for cover in covers)
        path = f"{folder}/{asked:016x}-{self._name()}{ENDING}"

        def write(sink: object) -> None:
            writer = SegmentWriter(sink, covers)
            for part in parts:
                writer.add(part)
            writer.close()

        self.storage.put(path, write)
        segment = read_footer(self.storage.open(path), path.rsplit("/", 1)[-1])
        with self._lock:
            period = self._periods.setdefault(folder, _Period())
            period.segments = period.segments | {segment.name: segment}
            period.token = None
        return segment

    def _symbols_of(self, folder: str, segment: Segment) -> set[str]:
        known = self._symbols.get(segment.name)
        if known is None:
            alone = segment.firsts == segment.lasts
            known = set(segment.firsts if alone else self.market(folder, segment).places)
            self._symbols[segment.name] = known
        return known

    def _forget(self, folder: str | None = None) -> None:
        with self._lock:
            for name, period in self._periods.items():
                if folder in (None, name):
                    period.token = None

    def _check(self) -> None:
        try:
            about = msgspec.json.decode(self.storage.read("store.json"), type=About)
        except FileNotFoundError:
            content = msgspec.json.encode(About(SCHEMA, self.source))
            self.storage.put("store.json", lambda sink: sink.write(content))
            return
        except msgspec.DecodeError as error:
            raise ConfigurationError(
                f"{self.storage.url}/store.json is damaged: {error}"
            ) from error
        if about.schema > SCHEMA:
            raise ConfigurationError(
                f"the store {self.storage.url} is of schema {about.schema}, and this version of "
                f"polytape reads up to {SCHEMA}: update polytape, or name another --store"
            )
        if about.source != self.source:
            raise ConfigurationError(
                f"the store {self.storage.url} holds bars of {about.source}, not of {self.source}: "
                "name another --store, bars of two sources never mix"
            )


def _cut(covers: Iterable[Coverage], span: Span) -> Iterator[Coverage]:
    for cover in covers:
        inside = cover.span.intersect(span)
        if inside:
            yield Coverage(cover.symbol, inside, cover.asked, cover.final, cover.but)
