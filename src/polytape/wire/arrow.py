"""Bars as an Arrow IPC stream; the metadata travels in the schema."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from polytape.errors import DataFetchError, IncompleteDataError
from polytape.model.arrays import Column, Floats
from polytape.model.bars import PRICES, Bars
from polytape.wire.api.messages import BarsMetadata
from polytape.wire.api.problems import Problem

if TYPE_CHECKING:
    import pyarrow as pa

METADATA_KEY, PROBLEM_KEY = b"polytape", b"polytape-problem"
# A record batch of a long answer: one megabyte.
BATCH_BARS = 16_384
NUMBERS = (*PRICES, "volume", "vwap", "transactions")
# https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format, #validity-bitmaps
END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def to_table(bars: Bars, metadata: BarsMetadata | None = None) -> "pa.Table":
    """A table of timestamp[us, UTC], open, high, low, close, volume, vwap and transactions (int64);
    vwap and transactions are null where unknown.
    """
    import pyarrow as pa

    return pa.Table.from_batches([_batch(bars, _schema(metadata))])


def encode(bars: Bars, metadata: BarsMetadata) -> bytes:
    """The bars as an Arrow IPC stream."""
    schema = _schema(metadata)
    batches = [_batch(bars, schema).serialize()] if len(bars) else []
    return b"".join([schema.serialize(), *batches, END_OF_STREAM])


def stream(bars: Bars, metadata: BarsMetadata) -> Iterator[bytes]:
    """The same stream in parts: the schema with the metadata first, then record batches of up to
    BATCH_BARS bars, each made when it is wanted.
    """
    yield bytes(_schema(metadata).serialize())
    schema = _schema(None)
    for first in range(0, len(bars), BATCH_BARS):
        yield bytes(_batch(bars.take(slice(first, first + BATCH_BARS)), schema).serialize())
    yield END_OF_STREAM


@cache
def _plain_schema() -> "pa.Schema":
    import pyarrow as pa

    fields = [("timestamp", pa.timestamp("us", "UTC")), *((name, pa.float64()) for name in NUMBERS)]
    return pa.schema([*fields[:-1], ("transactions", pa.int64())])


def _schema(metadata: BarsMetadata | None) -> "pa.Schema":
    if metadata is None:
        return _plain_schema()
    return _plain_schema().with_metadata({METADATA_KEY: msgspec.json.encode(metadata)})


def _batch(bars: Bars, schema: "pa.Schema") -> "pa.RecordBatch":
    import pyarrow as pa

    return pa.record_batch(to_arrays(bars), schema=schema)


def to_arrays(bars: Bars) -> "list[pa.Array]":
    """The columns of `to_table`, over the very memory where that can be."""
    schema = _plain_schema()
    columns = [bars.timestamp, *(getattr(bars, name) for name in (*PRICES, "volume"))]
    types = [schema.field(name).type for name in ("timestamp", *NUMBERS)]
    arrays = [to_array(values, kind) for values, kind in zip(columns, types, strict=False)]
    arrays.append(_array_with_nulls(bars.vwap, types[-2]))
    return [*arrays, _array_with_nulls(bars.transactions, types[-1])]


def to_array(values: Column, kind: "pa.DataType") -> "pa.Array":
    """An array over the very memory: `pyarrow.array` would load pandas to look at a numpy array."""
    import pyarrow as pa

    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [None, data])


def to_text_array(texts: Sequence[str]) -> "pa.Array":
    """Texts as an array."""
    import pyarrow as pa

    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(texts), buffers)


def _array_with_nulls(values: Floats, kind: "pa.DataType") -> "pa.Array":
    """The same, null where a value is NaN."""
    import pyarrow as pa

    unknown = np.isnan(values)
    if not unknown.any():
        return to_array(values.astype(kind.to_pandas_dtype(), copy=False), kind)
    data = np.where(unknown, 0, values).astype(kind.to_pandas_dtype())
    bitmap = np.packbits(~unknown, bitorder="little")
    buffers = [pa.py_buffer(bitmap), pa.py_buffer(data)]
    return pa.Array.from_buffers(kind, len(values), buffers)


def decode(body: bytes) -> tuple[Bars, BarsMetadata | None]:
    """Bars and metadata from a stream; another server's stream has no metadata.

    Raises: DataFetchError for what is no such stream, IncompleteDataError for a short one.
    """
    import pyarrow as pa

    try:
        table = pa.ipc.open_stream(body).read_all()
        bars, metadata = from_table(table)
    except (pa.ArrowException, OSError, KeyError, ValueError, msgspec.DecodeError) as error:
        raise DataFetchError(f"the Arrow answer could not be read: {error}") from error
    _whole(bars, metadata)
    return bars, metadata


def encode_many(answers: Iterable[tuple[Bars, BarsMetadata] | Problem]) -> bytes:
    """Streams one after the other; a problem is a stream without columns that carries it."""
    return b"".join(
        encode_problem(answer) if isinstance(answer, Problem) else encode(*answer)
        for answer in answers
    )


def encode_problem(error: Problem) -> bytes:
    """A stream without columns that carries a problem."""
    import pyarrow as pa

    schema = pa.schema([], metadata={PROBLEM_KEY: msgspec.json.encode(error)})
    return bytes(schema.serialize()) + END_OF_STREAM


def decode_many(body: bytes) -> list[tuple[Bars, BarsMetadata | None] | Problem]:
    """The answers of such a body, in their order.

    Raises: DataFetchError for what is no such body, IncompleteDataError for a short answer.
    """
    import pyarrow as pa

    answers: list[tuple[Bars, BarsMetadata | None] | Problem] = []
    source = pa.BufferReader(body)
    try:
        while source.tell() < len(body):
            table = pa.ipc.open_stream(source).read_all()
            raw = (table.schema.metadata or {}).get(PROBLEM_KEY)
            if raw is not None:
                answers.append(msgspec.json.decode(raw, type=Problem))
                continue
            bars, metadata = from_table(table)
            _whole(bars, metadata)
            answers.append((bars, metadata))
    except (pa.ArrowException, OSError, KeyError, ValueError, msgspec.DecodeError) as error:
        raise DataFetchError(f"the Arrow answers could not be read: {error}") from error
    return answers


def _whole(bars: Bars, metadata: BarsMetadata | None) -> None:
    if metadata is not None and metadata.count != len(bars):
        raise IncompleteDataError(
            f"the answer speaks of {metadata.count} bars and holds {len(bars)}"
        )


def from_table(table: "pa.Table") -> tuple[Bars, BarsMetadata | None]:
    """Bars and metadata of a table that `to_table` made.

    Raises: KeyError for a column that is not there, pyarrow's errors for one of another type.
    """
    import pyarrow as pa

    raw = (table.schema.metadata or {}).get(METADATA_KEY)
    metadata = None if raw is None else msgspec.json.decode(raw, type=BarsMetadata)
    if not table.schema.equals(_plain_schema()):
        counts = _plain_schema().get_field_index("transactions")
        as_numbers = _plain_schema().set(counts, pa.field("transactions", pa.float64()))
        table = table.select(as_numbers.names).cast(as_numbers)
    stamps, *columns = table.columns
    starts = _copied(stamps, np.empty(len(table), "M8[us]")).view(np.int64)
    numbers = np.empty((len(NUMBERS), len(table)))
    for column, room in zip(columns, numbers, strict=True):
        _copied(column, room)
    return Bars(starts, *numbers), metadata


def _copied(column: "pa.ChunkedArray", room: Column) -> Column:
    """A column's values put into an array; NaN where there is none."""
    at = 0
    for chunk in column.chunks:
        room[at : at + len(chunk)] = chunk.to_numpy(zero_copy_only=False)
        at += len(chunk)
    return room
