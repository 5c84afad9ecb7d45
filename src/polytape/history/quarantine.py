"""Rows of the vendor that cannot be right, set aside beside the bars: never served, never final.

    quarantine/SYMBOL-SERIES-START-END-FETCHED.json     rows of one span, the reason, the request

They are evidence for a person, and bounded: the oldest files go first. A file goes once the store
covers its span by a later fetch.
"""

import logging
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from polytape.history.plan import missing_of
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.spans import Span, SpanSet
from polytape.model.suspect_bars import SuspectBars
from polytape.model.timeframes import Series
from polytape.model.timestamps import iso
from polytape.model.units import SECOND_US
from polytape.net.storage import Storage
from polytape.store.segments import SegmentStore

log = logging.getLogger(__name__)

FOLDER = "quarantine"
# A megabyte or two at most.
MOST_FILES, MOST_ROWS = 500, 40


@dataclass(frozen=True, slots=True)
class QuarantinedRows:
    """`rows` rows of a symbol's span that were set aside, fetched at an instant in microseconds
    UTC. `name` is the file's.
    """

    name: str
    symbol: str
    series: Series
    span: Span
    fetched_at: int
    reason: str
    request: str
    rows: int

    def __str__(self) -> str:
        end, fetched_at = iso(self.span.end), iso(self.fetched_at // SECOND_US * SECOND_US)
        return f"{self.rows} rows up to {end}: {self.reason} (fetched {fetched_at})"


class QuarantineFile(msgspec.Struct):
    """A file: instants in microseconds UTC. `rows` counts them, `first_rows` are some: timestamp,
    open, high, low, close, volume, vwap, transactions; what is no number is text.
    """

    symbol: str
    series: str
    start: int
    end: int
    fetched_at: int
    reason: str
    request: str
    rows: int
    first_rows: list[list[float | str | None]]


class Quarantine:
    """The suspect rows of one store. Usable from many threads and processes: a file is written
    whole, and one that another process has deleted is gone.

    Raises: DataFetchError where the storage cannot be read or written.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._listing: tuple[object, list[str]] | None = None

    def put(self, suspect: SuspectBars, fetched_at: int) -> None:
        """Set rows aside, in place of earlier ones of the same span."""
        span = suspect.span.until(fetched_at)
        content = msgspec.json.encode(_file(suspect, span, fetched_at))
        start = _prefix(suspect.symbol, suspect.series) + f"{span.start:x}-{span.end:x}-"
        earlier = [name for name in self._names() if name.startswith(start)]
        name = f"{start}{fetched_at:016x}.json"
        self._storage.put(f"{FOLDER}/{name}", lambda sink: sink.write(content))
        self._delete(old for old in earlier if old != name)
        by_age = sorted(self._names(), key=_fetched_at)
        self._delete(by_age[: max(0, len(by_age) - MOST_FILES)])

    def rows(
        self, symbol: str | None = None, series: Series | None = None, span: Span | None = None
    ) -> list[QuarantinedRows]:
        """What was set aside of a symbol (of all), in order of time."""
        prefix = "" if symbol is None else _prefix(symbol, series)
        entries = (self._read(name) for name in self._names() if name.startswith(prefix))
        return sorted(
            (
                entry
                for entry in entries
                if entry is not None
                and symbol in (None, entry.symbol)
                and series in (None, entry.series)
                and (span is None or entry.span.intersect(span))
            ),
            key=lambda entry: (entry.span, entry.symbol),
        )

    def clear(self, store: SegmentStore, series: Series, spans: SpanSet, market: Market) -> None:
        """Drop what lies in some spans and is answered by now: the store covers all trading days of
        it by a later fetch.
        """
        for name in self._names():
            if f"-{series.value}-" not in name or not SpanSet.of([_span(name)]).intersection(spans):
                continue
            entry = self._read(name)
            if entry is None or _answered(entry, store, market):
                self._delete([name])

    def forget(self, symbol: str, span: Span) -> None:
        """Drop what was set aside of a symbol's span: its bars were deleted."""
        self._delete([entry.name for entry in self.rows(symbol, span=span)])

    def _names(self) -> list[str]:
        """The files, listed anew where the folder may have changed."""
        token = self._storage.token(FOLDER)
        if self._listing is None or token is None or self._listing[0] != token:
            names = [name for name in self._storage.names(FOLDER) if _is_name(name)]
            self._listing = token, names
        return self._listing[1]

    def _read(self, name: str) -> QuarantinedRows | None:
        """An entry; None for a file that is gone, or is none."""
        try:
            file = msgspec.json.decode(self._storage.read(f"{FOLDER}/{name}"), type=QuarantineFile)
            span, series = Span(file.start, file.end), Series(file.series)
        except (FileNotFoundError, msgspec.DecodeError, ValueError) as error:
            log.warning("%s/%s cannot be read: %s", FOLDER, name, error)
            return None
        return QuarantinedRows(
            name,
            file.symbol,
            series,
            span,
            file.fetched_at,
            file.reason,
            file.request,
            file.rows,
        )

    def _delete(self, names: Iterable[str]) -> None:
        for name in names:
            self._storage.delete(f"{FOLDER}/{name}")
            self._listing = None


def _answered(entry: QuarantinedRows, store: SegmentStore, market: Market) -> bool:
    slices = store.coverage(entry.symbol, entry.series, entry.span)
    later = (part.span for part in slices if part.coverage.fetched_at > entry.fetched_at)
    return not missing_of(entry.span, SpanSet.of(later), market)


def _prefix(symbol: str, series: Series | None) -> str:
    """How the names of a symbol's files begin: its case counts, and not every disk's does."""
    digest = blake2b(symbol.encode(), digest_size=4).hexdigest()
    plain = "".join(letter if letter.isalnum() else "_" for letter in symbol)
    return f"{plain}_{digest}-" + ("" if series is None else f"{series.value}-")


def _is_name(name: str) -> bool:
    parts = name.removesuffix(".json").split("-")
    return name.endswith(".json") and len(parts) == 5 and all(map(_is_hex, parts[2:]))  # noqa: PLR2004 - symbol, series, three instants


def _is_hex(text: str) -> bool:
    return 0 < len(text) <= 16 and not set(text) - set("0123456789abcdef")  # noqa: PLR2004 - 64 bits


def _span(name: str) -> Span:
    start, end = (int(part, 16) for part in name.split("-")[2:4])
    return Span(min(start, end), end)


def _fetched_at(name: str) -> int:
    return int(name.removesuffix(".json").rsplit("-", 1)[1], 16)


def _file(suspect: SuspectBars, span: Span, fetched_at: int) -> QuarantineFile:
    first = suspect.bars.take(slice(0, MOST_ROWS))
    return QuarantineFile(
        suspect.symbol,
        suspect.series.value,
        span.start,
        span.end,
        fetched_at,
        suspect.reason,
        suspect.request,
        len(suspect.bars),
        [list(row) for row in _plain_rows(first)],
    )


def _plain_rows(bars: Bars) -> Iterator[tuple[float | str | None, ...]]:
    columns = [column.tolist() for column in bars.columns().values()]
    for row in zip(*columns, strict=True):
        yield tuple(value if math.isfinite(value) else str(value) for value in row)
