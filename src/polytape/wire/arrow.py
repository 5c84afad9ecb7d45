"""Bars as an Arrow IPC stream; the metadata travels in the schema."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from polytape.errors import DataFetchError, IncompleteDataError
from polytape.model.bars import PRICES, Bars
from polytape.wire.api.messages import BarsMetadata
from polytape.wire.api.problems import Problem

if TYPE_CHECKING:
    import pyarrow as pa

METADATA_KEY, PROBLEM_KEY = b"polytape", b"polytape-problem"
# A record batch of a long answer: one megabyte.
BATCH_BARS = 16_384
# https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format
END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def to_table(bars: Bars, metadata: BarsMetadata | None = None) -> "pa.Table":
    """A table of timestamp[us, UTC], open, high, low, close, volume, vwap and transactions (int64);
    vwap and transactions are null where unknown.
    """
    import pyarrow as pa

    stamps = pa.array(bars.timestamp.view("M8[us]"), pa.timestamp("us", "UTC"))
    columns: dict[str, pa.Array] = {"timestamp": stamps}
    columns |= {name: pa.array(getattr(bars, name)) for name in (*PRICES, "volume")}
    columns["vwap"] = pa.array(bars.vwap, from_pandas=True)
    counts = pa.array(bars.transactions, from_pandas=True)
    columns["transactions"] = counts.cast(pa.int64(), safe=False)
    table = pa.table(columns)
    if metadata is None:
        return table
    return table.replace_schema_metadata({METADATA_KEY: msgspec.json.encode(metadata)})


def encode(bars: Bars, metadata: BarsMetadata) -> bytes:
    """The bars as an Arrow IPC stream."""
    import pyarrow as pa

    table = to_table(bars, metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def stream(bars: Bars, metadata: BarsMetadata) -> Iterator[bytes]:
    """The same stream in parts: the schema with the metadata first, then record batches of up to
    BATCH_BARS bars, each made when it is wanted.
    """
    yield bytes(to_table(bars.take(slice(0, 0)), metadata).schema.serialize())
    for first in range(0, len(bars), BATCH_BARS):
        table = to_table(bars.take(slice(first, first + BATCH_BARS)))
        yield from (bytes(batch.serialize()) for batch in table.to_batches())
    yield END_OF_STREAM


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
    stamps = table.column("timestamp").cast(pa.timestamp("us", "UTC"))
    columns = {
        name: table.column(name).cast(pa.float64()).to_numpy()
        for name in (*PRICES, "volume", "vwap", "transactions")
    }
    starts = stamps.cast(pa.int64()).to_numpy().astype(np.int64, copy=False)
    return Bars(starts, **columns), metadata
