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


def to_numpy(column: "pa.Array | pa.ChunkedArray") -> Column:
    """The numbers of a column, over the very memory where that can be; NaN where one is null. A
    `to_numpy` of pyarrow's would load pandas.
    """
    import pyarrow as pa

    array = column
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()
    if not array.null_count:
        values: Column = np.from_dlpack(array)
        return values
    (bitmap, data), first = array.buffers(), array.offset
    whole = pa.Array.from_buffers(array.type, len(array), [None, data], offset=first)
    numbers = np.from_dlpack(whole).astype(np.float64)
    known = np.unpackbits(np.frombuffer(bitmap, np.uint8), bitorder="little")
    numbers[known[first : first + len(array)] == 0] = np.nan
    return numbers


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


def decode(body: bytes | bytearray) -> tuple[Bars, BarsMetadata | None]:
    """Bars and metadata from a stream; another server's stream has no metadata. The memory of a
    `bytearray` becomes that of the bars.

    Raises: DataFetchError for what is no such stream, IncompleteDataError for a short one.
    """
    import pyarrow as pa

    try:
        source = pa.py_buffer(body)
        batches, schema = _batches(source)
        bars, metadata = _bars_of(batches, schema, source, body)
    except (pa.ArrowException, OSError, KeyError, ValueError, msgspec.DecodeError) as error:
        raise DataFetchError(f"the Arrow answer could not be read: {error}") from error
    _whole(bars, metadata)
    return bars, metadata


def _batches(source: "pa.Buffer | pa.NativeFile") -> "tuple[list[pa.RecordBatch], pa.Schema]":
    import pyarrow as pa

    reader = pa.ipc.open_stream(source)
    return list(reader), reader.schema


def _bars_of(
    batches: "list[pa.RecordBatch]",
    schema: "pa.Schema",
    source: "pa.Buffer",
    body: bytes | bytearray | memoryview,
) -> tuple[Bars, BarsMetadata | None]:
    """Bars of the batches that were read from `source`, the memory of `body`, and metadata."""
    import pyarrow as pa

    if len(batches) == 1:
        bars = _in_place(batches[0], source.address, body)
        if bars is not None:
            return bars, _metadata(schema)
    return from_table(pa.Table.from_batches(batches, schema))


def _in_place(
    batch: "pa.RecordBatch", address: int, body: bytes | bytearray | memoryview
) -> Bars | None:
    """The bars of a batch in the very memory that it was read from, or in one copy of it where that
    is not to be written to; None where they do not lie there as numbers alone.
    """
    if not batch.schema.equals(_plain_schema()):
        return None
    starts, *places = _places(batch, address)
    first, step = places[0], places[1] - places[0]
    evenly = places == [first + step * number for number in range(len(NUMBERS))]
    # What was compressed lies elsewhere.
    inside = 0 <= starts < first < len(body)
    if not (evenly and inside and step >= 8 * len(batch)):
        return None
    memory = body if isinstance(body, bytearray) else bytearray(body)
    shape, strides = (len(NUMBERS), len(batch)), (step, 8)
    numbers = np.ndarray(shape, np.float64, memory, first, strides)
    numbers[-1] = numbers[-1].view(np.int64)  # transactions are numbers like the others here
    return Bars(np.ndarray(len(batch), np.int64, memory, starts), *numbers)


def _places(batch: "pa.RecordBatch", address: int) -> list[int]:
    """Where the columns' values begin, in bytes from an address; -1 for a column that may have
    unknown ones.

    https://arrow.apache.org/docs/format/Columnar.html#fixed-size-primitive-layout
    """
    buffers = [column.buffers() for column in batch.columns]
    return [data.address - address if bitmap is None else -1 for bitmap, data in buffers]


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


def decode_many(body: bytes | bytearray) -> list[tuple[Bars, BarsMetadata | None] | Problem]:
    """The answers of such a body, in their order.

    Raises: DataFetchError for what is no such body, IncompleteDataError for a short answer.
    """
    import pyarrow as pa

    answers: list[tuple[Bars, BarsMetadata | None] | Problem] = []
    buffer = pa.py_buffer(body)
    source, memory = pa.BufferReader(buffer), memoryview(body)
    try:
        while (begin := source.tell()) < len(body):
            batches, schema = _batches(source)
            raw = (schema.metadata or {}).get(PROBLEM_KEY)
            if raw is not None:
                answers.append(msgspec.json.decode(raw, type=Problem))
                continue
            end = source.tell()
            # A view, and so copied: an answer that is cached must not hold all the others.
            own, slice_ = memory[begin:end], buffer.slice(begin, end - begin)
            bars, metadata = _bars_of(batches, schema, slice_, own)
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

    metadata = _metadata(table.schema)
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


def _metadata(schema: "pa.Schema") -> BarsMetadata | None:
    raw = (schema.metadata or {}).get(METADATA_KEY)
    return None if raw is None else msgspec.json.decode(raw, type=BarsMetadata)


def _copied(column: "pa.ChunkedArray", room: Column) -> Column:
    """A column's values put into an array; NaN where there is none."""
    at = 0
    for chunk in column.chunks:
        room[at : at + len(chunk)] = chunk.to_numpy(zero_copy_only=False)
        at += len(chunk)
    return room
