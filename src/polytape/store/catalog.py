"""Which segments a store has, folder by folder, and what each covers. Footers are read once: a
segment never changes.
"""

import errno
import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from polytape.errors import DataFetchError
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US
from polytape.model.wall_clock import WallClock
from polytape.net.atomic_file import Write
from polytape.net.storage import Storage
from polytape.store import periods
from polytape.store.coverage import Coverage, CoverageSlice, coverage_slices
from polytape.store.segment import DamagedSegmentError, Segment, read_footer, read_market

log = logging.getLogger(__name__)

ENDING = ".parquet"
DAMAGED = ".damaged"
# A file that cannot be opened now is not damaged: it is not set aside.
UNREACHABLE = frozenset({errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.EIO})
# Up to here the folders of a span are named instead of listed.
FEW_FOLDERS_US = 500 * DAY_US


@dataclass
class _Listing:
    """The segments of one folder, as they were when it was last listed."""

    token: object = None
    segments: dict[str, Segment] = field(default_factory=dict)


class _Index(NamedTuple):
    """The coverage of a segment: of single symbols, and of the whole market."""

    by_symbol: dict[str, list[Coverage]]
    market: list[Coverage]


class SegmentCatalog:
    """Usable from many threads; other processes may write beside it."""

    def __init__(self, storage: Storage, zone: WallClock) -> None:
        self.storage = storage
        self.zone = zone
        self._lock = threading.Lock()
        self._listings: dict[str, _Listing] = {}
        self._symbols: dict[str, set[str]] = {}
        self._index: dict[str, _Index] = {}

    def series(self) -> list[Series]:
        """Which series have any bars."""
        return [series for series in Series if self.storage.folders(f"bars/{series.value}")]

    def folders(self, series: Series) -> list[str]:
        """The folders of a series, in order of time."""
        base = f"bars/{series.value}"
        return [f"{base}/{name}" for name in sorted(self.storage.folders(base))]

    def overlapping(self, series: Series, span: Span) -> Iterator[tuple[str, Span]]:
        """The folders that may overlap a span, each with its part of it, in order of time."""
        if span.end - span.start < FEW_FOLDERS_US:
            yield from periods.periods(series, span, self.zone)
            return
        base = f"bars/{series.value}"
        for name in sorted(self.storage.folders(base)):
            with suppress(ValueError):
                inside = periods.period_span(name, self.zone).intersect(span)
                if inside:
                    yield f"{base}/{name}", inside

    def segments(self, folder: str) -> list[Segment]:
        """The sound segments of a folder, in order of their names. A damaged one is set aside and
        logged.

        Raises: DataFetchError for one that cannot be opened now.
        """
        token = self.storage.token(folder)
        with self._lock:
            listing = self._listings.setdefault(folder, _Listing())
            if token is not None and token == listing.token:
                return list(listing.segments.values())
            before = dict(listing.segments)
        names = [n for n in self.storage.names(folder) if n.endswith(ENDING)]
        segments: dict[str, Segment] = {}
        for name in sorted(names):
            segment = before.get(name) or self._footer(f"{folder}/{name}")
            if segment is not None:
                segments[name] = segment
        with self._lock:
            listing.token, listing.segments = token, segments
            for gone in before.keys() - segments.keys():
                self._index.pop(gone, None)
                self._symbols.pop(gone, None)
        return list(segments.values())

    def segment(self, folder: str, name: str) -> Segment:
        """A segment of the last listing.

        Raises: FileNotFoundError for one that is not there any more.
        """
        with self._lock:
            segment = self._listings[folder].segments.get(name)
        if segment is None:
            raise FileNotFoundError(name)
        return segment

    def coverage(self, folder: str, symbol: str) -> list[tuple[Coverage, str]]:
        """What the segments of a folder cover of a symbol, each with its segment's name."""
        coverage = []
        for segment in self.segments(folder):
            index = self._indexed(segment)
            coverage += [(entry, segment.name) for entry in index.by_symbol.get(symbol, ())]
            coverage += [(e, segment.name) for e in index.market if e.includes(symbol)]
        return coverage

    def slices(
        self, symbol: str, series: Series, span: Span | None = None
    ) -> Iterator[tuple[str, list[CoverageSlice]]]:
        """By folder, what is covered of a symbol in a span (of all time by default): disjoint
        slices, in order of time.
        """
        whole = periods.all_time(self.zone) if span is None else span
        for folder, inside in self.overlapping(series, whole):
            yield folder, coverage_slices(self.coverage(folder, symbol), inside)

    def symbols(self, series: Series) -> set[str]:
        """Every symbol that has a bar."""
        symbols: set[str] = set()
        for folder in self.folders(series):
            for segment in self.segments(folder):
                symbols |= self._symbols_of(folder, segment)
        return symbols

    def put(self, folder: str, name: str, write: Write) -> Segment:
        """Write a segment (`name` without its ending) and list it.

        Raises: DataFetchError with the path.
        """
        file_name = f"{name}{ENDING}"
        self.storage.put(f"{folder}/{file_name}", write)
        segment = read_footer(self.storage.open(f"{folder}/{file_name}"), file_name)
        with self._lock:
            listing = self._listings.setdefault(folder, _Listing())
            listing.segments = listing.segments | {segment.name: segment}
            listing.token = None
        return segment

    def forget(self, folder: str | None = None) -> None:
        """List a folder, or all, anew at the next use."""
        with self._lock:
            for name, listing in self._listings.items():
                if folder in (None, name):
                    listing.token = None

    def set_aside(self, error: DamagedSegmentError) -> None:
        """Rename a damaged segment to `*.damaged`: its spans are gaps from now on."""
        log.warning("%s: %s; set aside as %s%s", self.storage.url, error, error.name, DAMAGED)
        for folder, listing in list(self._listings.items()):
            if error.name in listing.segments or error.name.startswith(f"{folder}/"):
                path = error.name if "/" in error.name else f"{folder}/{error.name}"
                self.storage.rename(path, path + DAMAGED)
        self.forget()

    def _footer(self, path: str) -> Segment | None:
        name = path.rsplit("/", 1)[-1]
        try:
            return read_footer(self.storage.open(path), name)
        except FileNotFoundError:
            return None
        except (DamagedSegmentError, OSError) as error:  # OSError: an empty file cannot be mapped
            if isinstance(error, OSError) and error.errno in UNREACHABLE:
                raise DataFetchError(f"{self.storage.url}/{path}: {error.strerror}") from error
            message = f"{self.storage.url}/{path}: {error}; set aside as {name}{DAMAGED}"
            log.warning(message)
        self.storage.rename(path, path + DAMAGED)
        return None

    def _indexed(self, segment: Segment) -> _Index:
        """Made once: a month of fetched spans has thousands of entries."""
        index = self._index.get(segment.name)
        if index is None:
            index = _Index({}, [entry for entry in segment.coverage if entry.symbol is None])
            for entry in segment.coverage:
                if entry.symbol is not None:
                    index.by_symbol.setdefault(entry.symbol, []).append(entry)
            self._index[segment.name] = index
        return index

    def _symbols_of(self, folder: str, segment: Segment) -> set[str]:
        symbols = self._symbols.get(segment.name)
        if symbols is None:
            if segment.firsts == segment.lasts:  # no row group is shared
                symbols = set(segment.firsts)
            else:
                file = self.storage.open(f"{folder}/{segment.name}")
                symbols = set(read_market(file, segment, range(len(segment.firsts))).places)
            self._symbols[segment.name] = symbols
        return symbols
