"""Bars as JSON rows, written by the gateway and read from any server of this API."""

import re
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

import msgspec
import numpy as np

from polytape.errors import DataFetchError, IncompleteDataError
from polytape.model.arrays import Floats, Ints
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.timestamps import number_day
from polytape.model.wall_clock import WallClock
from polytape.wire.api.messages import BarsMetadata, Validation

_OWN_STAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


# Rows of a part of a long answer: half a megabyte or so.
PART_ROWS = 4_000
NOTHING = msgspec.Raw(b"null")
# How an answer begins.
DATA = b'{"data":['


class Row(msgspec.Struct, gc=False):
    """One bar as it is written. Half a million of them are made at once: no garbage tracking."""

    timestamp: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float | None
    transactions: int | None


class ReadRow(msgspec.Struct, gc=False):
    """One bar as any server of this API may write it; a timestamp may be epoch milliseconds."""

    timestamp: str | int | float
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float | None = None
    transactions: float | None = None


class ReadMetadata(msgspec.Struct):
    """What a plain server may say of its answer; ours says more."""

    count: int | None = None


class ReadAnswer(msgspec.Struct):
    """`{"data": [...]}` and perhaps metadata."""

    data: list[ReadRow]
    metadata: msgspec.Raw = NOTHING


class Answer(msgspec.Struct, omit_defaults=True):
    """`POST /bars` as it is written."""

    data: list[Row]
    metadata: BarsMetadata
    validation: Validation | None = None


def to_rows(bars: Bars) -> list[Row]:
    """The bars as rows; vwap and transactions are null where unknown."""
    columns = [getattr(bars, name).tolist() for name in ("open", "high", "low", "close", "volume")]
    counts = [None if count is None else int(count) for count in _or_null(bars.transactions)]
    return list(map(Row, stamps(bars.timestamp), *columns, _or_null(bars.vwap), counts))


def encode(bars: Bars, metadata: BarsMetadata, validation: Validation | None = None) -> bytes:
    """The whole JSON answer."""
    return msgspec.json.encode(Answer(to_rows(bars), metadata, validation))


def stream(
    bars: Bars, metadata: BarsMetadata, validation: Validation | None = None
) -> Iterator[bytes]:
    """The same bytes in parts of up to PART_ROWS rows, each made when it is wanted."""
    empty = msgspec.json.encode(Answer([], metadata, validation))
    head, tail = empty[: len(DATA)], empty[len(DATA) :]
    for first in range(0, len(bars), PART_ROWS):
        rows = msgspec.json.encode(to_rows(bars.take(slice(first, first + PART_ROWS))))
        yield (b"," if first else head) + rows[1:-1]
    yield tail if len(bars) else empty


def decode(body: bytes, market: WallClock) -> tuple[Bars, BarsMetadata | None]:
    """Bars, tidy, and metadata where the server is one of ours.

    Raises: DataFetchError for what is not such an answer, IncompleteDataError for a short one.
    """
    try:
        answer = msgspec.json.decode(body, type=ReadAnswer)
        theirs = msgspec.json.decode(answer.metadata, type=ReadMetadata | None)
        metadata = _our_metadata(answer.metadata)
        bars = _bars(answer.data, market)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise DataFetchError(f"the answer could not be read: {error}") from error
    if theirs is not None and theirs.count not in (None, len(answer.data)):
        raise IncompleteDataError(
            f"the answer speaks of {theirs.count} bars and holds {len(answer.data)}"
        )
    return bars.tidy(), metadata


def stamps(instants: Ints) -> list[str]:
    """Instants, microseconds UTC, as `2024-01-01T14:30:00Z`, one precision and offset for all.

    Days and times of day repeat, so each distinct one is formatted once.
    """
    days, seconds = np.divmod(instants // 1_000_000, 86_400)
    day_list, day_at = np.unique(days, return_inverse=True)
    time_list, time_at = np.unique(seconds, return_inverse=True)
    dates = [f"{number_day(day)}T" for day in day_list.tolist()]
    times = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}Z" for s in time_list.tolist()]
    pairs = zip(day_at.tolist(), time_at.tolist(), strict=True)
    return [dates[day] + times[time] for day, time in pairs]


def _our_metadata(raw: msgspec.Raw) -> BarsMetadata | None:
    try:
        return msgspec.json.decode(raw, type=BarsMetadata | None)
    except msgspec.ValidationError:
        return None  # another server's metadata: it says less, and nothing is read into it


def _bars(rows: Sequence[ReadRow], market: WallClock) -> Bars:
    names = ("open", "high", "low", "close", "volume", "vwap", "transactions")
    columns = {name: _column(map(attrgetter(name), rows), len(rows)) for name in names}
    return Bars(_instants([row.timestamp for row in rows], market), **columns)


def _column(values: Iterable[float | None], count: int) -> Floats:
    return np.fromiter((np.nan if v is None else v for v in values), np.float64, count)


def _instants(values: list[str | int | float], market: WallClock) -> Ints:
    """Our own form is read by numpy at once; any other one by one."""
    if all(isinstance(value, str) and _OWN_STAMP.fullmatch(value) for value in values):
        return np.array([str(value)[:-1] for value in values], "M8[us]").astype(np.int64)
    return np.array([_instant(value, market) for value in values], np.int64)


def _instant(value: str | float, market: WallClock) -> int:
    if isinstance(value, str):
        return parse_instant(value, "timestamp", market)
    return int(value * 1_000)  # the vendor's habit: milliseconds


def _or_null(column: Floats) -> list[float | None]:
    values: list[float | None] = column.tolist()
    if not np.isnan(column).any():
        return values
    return [None if value != value else value for value in values]  # noqa: PLR0124 - NaN
