"""Which segments a store has, folder by folder, and what each covers. Footers are read once: a
segment never changes. What cannot be believed is not listed: files that are damaged, those of
another source, and coverage from the future.
"""

import errno
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple, TypeVar

from polytape.errors import DataFetchError
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.timestamps import iso
from polytape.model.units import DAY_US
from polytape.model.wall_clock import WallClock
from polytape.net.atomic_file import Write
from polytape.net.stages import stage
from polytape.net.storage import Storage
from polytape.store import damaged, footer, periods
from polytape.store.answers import ANSWERS
from polytape.store.coverage import Coverage, CoverageSlice, coverage_slices
from polytape.store.segment import read_market, read_symbol, table_within

log = logging.getLogger(__name__)
T = TypeVar("T")

ENDING = ".parquet"
# A file that cannot be opened now is not damaged: it is not set aside.
UNREACHABLE = frozenset({errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.EIO})
# Up to here the folders of a span are named instead of listed.
FEW_FOLDERS_US = 500 * DAY_US
READ_TRIES = 5
# Clocks that differ by so much are believed: a wrong time zone is the commonest mistake.
FUTURE_US = DAY_US


def again(read: Callable[[], T], url: str, on_vanished: Callable[[], object] = bool) -> T:
    """What `read` returns, which is called again where a file was compacted away meanwhile.

    Raises: DataFetchError where it goes on like that.
    """
    for _ in range(READ_TRIES - 1):
        try:
            return read()
        except FileNotFoundError:
            on_vanished()
    try:
        return read()
    except FileNotFoundError as error:
        raise DataFetchError(f"{url}: files vanish while read: {error}") from error


@dataclass
class _Listing:
    """The segments of one folder, as they were when it was last listed. `refused`: those of which
    not everything is believed, by name, with the reason.
    """

    token: object = None
    segments: dict[str, footer.Segment] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


class _Index(NamedTuple):
    """The coverage of a segment: of single symbols, and of the whole market."""

    by_symbol: dict[str, list[Coverage]]
    market: list[Coverage]


class SegmentCatalog:
    """Usable from many threads; other processes may write beside it. Segments that name another
    source than `source` are refused, and coverage from long after `now` (microseconds UTC).
    """

    def __init__(
        self,
        storage: Storage,
        zone: WallClock,
        source: str = "",
        now: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        self.storage = storage
        self.zone = zone
        self._source = source
        self.now = now
        self._lock = threading.Lock()
        # Damaged files that could not be renamed.
        self._skipped: set[str] = set()
        self._periods: dict[str, Span | None] = {}
        self._listings: dict[str, _Listing] = {}
        self._symbols: dict[str, set[str]] = {}
        self._index: dict[str, _Index] = {}

    def series(self) -> list[Series]:
        """Which series have any bars."""
        return [series for series in Series if self.storage.folders(f"bars/{series.value}")]

    def folders(self, series: Series) -> list[str]:
        """The folders of a series, in order of time; one with another name than theirs is none."""
        base = f"bars/{series.value}"
        names = sorted(self.storage.folders(base))
        return [f"{base}/{name}" for name in names if self._period(name)]

    def overlapping(self, series: Series, span: Span) -> Iterator[tuple[str, Span]]:
        """The folders that may overlap a span, each with its part of it, in order of time."""
        if span.end - span.start < FEW_FOLDERS_US:
            yield from periods.periods(series, span, self.zone)
            return
        for folder in self.folders(series):
            period = self._period(folder.rsplit("/", 1)[-1])
            if period is not None and period.intersect(span):
                yield folder, period.intersect(span)

    def segments(self, folder: str) -> list[footer.Segment]:
        """The sound segments of a folder, in order of their names. A damaged one is set aside and
        logged.

        Raises: DataFetchError for one that cannot be opened now.
        """
        token = self.storage.token(folder)
        with self._lock:
            listing = self._listings.setdefault(folder, _Listing())
            if token is not None and token == listing.token:
                return list(listing.segments.values())
            before, doubted = dict(listing.segments), listing.refused
        known = {name: one for name, one in before.items() if name not in doubted}
        segments, refused = again(lambda: self._listed(folder, known), self.storage.url)
        self._log_refused(folder, {n: why for n, why in refused.items() if n not in doubted})
        with self._lock:
            listing.token, listing.segments, listing.refused = token, segments, refused
            for gone in {*(before.keys() - segments.keys()), *doubted, *refused}:
                self._index.pop(gone, None)
                self._symbols.pop(gone, None)
        return list(segments.values())

    def _listed(
        self, folder: str, known: dict[str, footer.Segment]
    ) -> tuple[dict[str, footer.Segment], dict[str, str]]:
        """The segments of a folder by name, and why some are not believed, or not all of them.

        Raises: FileNotFoundError where one is compacted away before it is read: what replaces it is
        not in this listing.
        """
        segments: dict[str, footer.Segment] = {}
        refused: dict[str, str] = {}
        for name in sorted(n for n in self.storage.names(folder) if n.endswith(ENDING)):
            segment = known.get(name)
            if segment is None:
                segment = self._believed(self._footer(f"{folder}/{name}"), refused)
            if segment is not None:
                segments[name] = segment
        return segments, refused

    def whole_segments(self, folder: str) -> list[footer.Segment]:
        """The segments of a folder, listed anew, of which everything is believed.

        Raises: DataFetchError.
        """
        self.forget(folder)
        segments = self.segments(folder)
        with self._lock:
            refused = self._listings[folder].refused
        return [segment for segment in segments if segment.name not in refused]

    def unread(self) -> Iterator[damaged.UnreadFile]:
        """The files that were set aside, and those of which not everything is believed.

        Raises: DataFetchError.
        """
        for series in Series:
            for folder in self.folders(series):
                self.segments(folder)
                yield from damaged.set_aside_in(self.storage, folder)
                with self._lock:
                    refused = dict(self._listings[folder].refused)
                for name, reason in refused.items():
                    yield damaged.UnreadFile(damaged.printable(f"{folder}/{name}"), reason)
        yield from damaged.set_aside_in(self.storage, ANSWERS)

    def segment(self, folder: str, name: str) -> footer.Segment:
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
        """Every symbol that has a bar.

        Raises: DataFetchError.
        """
        symbols: set[str] = set()
        for folder in self.folders(series):
            symbols |= self.retried(partial(self._symbols_in, folder))
        return symbols

    def retried(self, read: Callable[[], T]) -> T:
        """What `read` returns. Files may be compacted away between the listing and the read: then
        they are listed again. A damaged one is set aside first.

        Raises: DataFetchError where it goes on like that.
        """

        def once() -> T:
            for _ in range(READ_TRIES):
                try:
                    return read()
                except footer.DamagedSegmentError as error:
                    self.set_aside(error)
            return read()

        return again(once, self.storage.url, self.forget)

    def put(self, folder: str, name: str, write: Write) -> footer.Segment | None:
        """Write a segment (`name` without its ending) and list it; None for one that another
        program has merged with others meanwhile.

        Raises: DataFetchError with the path.
        """
        file_name = f"{name}{ENDING}"
        with stage("store_write"):
            self.storage.put(f"{folder}/{file_name}", write)
        try:
            segment = footer.read_footer(self.storage.open(f"{folder}/{file_name}"), file_name)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DataFetchError(f"{self.storage.url}/{folder}/{file_name}: {error}") from error
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

    def set_aside(self, error: footer.DamagedSegmentError) -> None:
        """Rename a damaged segment to `*.damaged`: its spans are gaps from now on."""
        for folder, listing in list(self._listings.items()):
            if error.name in listing.segments or error.name.startswith(f"{folder}/"):
                path = error.name if "/" in error.name else f"{folder}/{error.name}"
                self._skip(path, error.reason)
        self.forget()

    def _footer(self, path: str) -> footer.Segment | None:
        if path in self._skipped:
            return None
        try:
            return footer.read_footer(self.storage.open(path), path.rsplit("/", 1)[-1])
        except FileNotFoundError:
            raise
        except footer.DamagedSegmentError as error:
            self._skip(path, error.reason)
        except OSError as error:  # an empty file cannot be mapped, a link in a circle not followed
            if error.errno in UNREACHABLE:
                raise DataFetchError(f"{self.storage.url}/{path}: {error.strerror}") from error
            self._skip(path, str(error))
        except UnicodeEncodeError as error:  # a name whose bytes are no text
            self._skip(path, f"its name cannot be read: {error.reason}")
        return None

    def _skip(self, path: str, reason: str) -> None:
        """Not read from now on, whether or not it can be renamed."""
        damaged.set_aside(self.storage, path, reason)
        with self._lock:
            self._skipped.add(path)
            folder, _, name = path.rpartition("/")
            self._listings.setdefault(folder, _Listing()).segments.pop(name, None)

    def _believed(
        self, segment: footer.Segment | None, refused: dict[str, str]
    ) -> footer.Segment | None:
        """A segment with what is believed of its coverage; what is not is noted in `refused`."""
        if segment is None:
            return None
        if segment.source and self._source and segment.source != self._source:
            refused[segment.name] = f"holds bars of {segment.source}, not of {self._source}"
            return None
        latest = self.now() + FUTURE_US
        if segment.newest <= latest:
            return segment
        coverage = tuple(entry for entry in segment.coverage if entry.fetched_at <= latest)
        refused[segment.name] = (
            f"was fetched at {iso(segment.newest)}, and it is {iso(self.now())} now: one of "
            "the two clocks was wrong. Set the clock right, or move the file away"
        )
        return replace(segment, coverage=coverage)

    def _log_refused(self, folder: str, refused: dict[str, str]) -> None:
        for name, reason in refused.items():
            path = damaged.printable(f"{self.storage.url}/{folder}/{name}")
            log.warning("%s is not believed: it %s", path, reason)

    def _period(self, name: str) -> Span | None:
        """The span of a folder; None for a name that is not theirs."""
        if name not in self._periods:
            self._periods[name] = None
            with suppress(ValueError, OverflowError):
                if periods.NAME.fullmatch(name):
                    self._periods[name] = periods.period_span(name, self.zone)
        return self._periods[name]

    def _indexed(self, segment: footer.Segment) -> _Index:
        """Made once: a month of fetched spans has thousands of entries."""
        index = self._index.get(segment.name)
        if index is None:
            index = _Index({}, [entry for entry in segment.coverage if entry.symbol is None])
            for entry in segment.coverage:
                if entry.symbol is not None:
                    index.by_symbol.setdefault(entry.symbol, []).append(entry)
            self._index[segment.name] = index
        return index

    def _symbols_in(self, folder: str) -> set[str]:
        """The symbols of a folder that have a bar; bars of deleted ones may still be in files."""
        segments = self.segments(folder)
        symbols = {symbol for one in segments for symbol in self._symbols_of(folder, one)}
        deleted = {e.symbol for one in segments for e in one.coverage if e.deleted}
        return {s for s in symbols if s not in deleted or self._has_bar(folder, s)}

    def _has_bar(self, folder: str, symbol: str) -> bool:
        return any(
            table_within(
                read_symbol(self.storage.open(f"{folder}/{part.owner}"), owner, symbol), part.span
            ).num_rows
            for part in coverage_slices(self.coverage(folder, symbol), periods.all_time(self.zone))
            if (owner := self.segment(folder, part.owner)).groups_of(symbol)
        )

    def _symbols_of(self, folder: str, segment: footer.Segment) -> set[str]:
        symbols = self._symbols.get(segment.name)
        if symbols is None:
            if segment.firsts == segment.lasts:  # no row group is shared
                symbols = set(segment.firsts)
            else:
                file = self.storage.open(f"{folder}/{segment.name}")
                symbols = set(read_market(file, segment, range(len(segment.firsts))).places)
            self._symbols[segment.name] = symbols
        return symbols
