"""Bars as Arrow streams: what goes in comes out, and nothing short passes."""

import tracemalloc
from dataclasses import replace
from http import HTTPStatus
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import DataFetchError, IncompleteDataError
from polytape.model.bars import Bars
from polytape.wire import arrow
from polytape.wire.api.messages import BarsMetadata, SpanMessage
from polytape.wire.api.problems import Problem, problem
from tests.wire.bars import many_bars, metadata_of, some_bars

LOST = problem(HTTPStatus.NOT_FOUND, "no symbol ZZZ", name="not-found")


@given(some_bars())
def test_arrow_keeps_every_bit(bars: Bars) -> None:
    body = arrow.encode(bars, metadata_of(bars, notes=["made of air"]))
    for read in (body, bytearray(body)):
        back, metadata = arrow.decode(read)
        assert back.same(bars)
        assert metadata == metadata_of(bars, notes=["made of air"])


def known_bars(count: int) -> Bars:
    """Bars of which everything is known."""
    bars = many_bars(count)
    return replace(bars, vwap=bars.close, transactions=np.arange(float(count)))


def test_bars_are_in_the_memory_that_they_came_in_where_that_is_nobody_elses() -> None:
    """All columns of numbers lie in it one after the other: they are a block without a copy. What
    may not be written to is copied, and so is what has unknown values.
    """
    bars = known_bars(300)
    body = arrow.encode(bars, metadata_of(bars))
    own = bytearray(body)
    for read, shared in ((own, True), (body, False)):
        back, _ = arrow.decode(read)
        assert back.same(bars)
        memory = np.frombuffer(read, np.uint8)
        for column in back.columns().values():
            assert np.shares_memory(column, memory) is shared
            assert column.flags.writeable
    assert body == arrow.encode(bars, metadata_of(bars))
    unknown = replace(bars, vwap=np.where(np.arange(300) == 7, np.nan, bars.vwap))
    own = bytearray(arrow.encode(unknown, metadata_of(unknown)))
    back, _ = arrow.decode(own)
    assert back.same(unknown)
    assert not np.shares_memory(back.open, np.frombuffer(own, np.uint8))


@given(st.lists(st.integers(1, 40), min_size=2, max_size=4))
def test_an_answer_of_several_has_memory_of_its_own(counts: list[int]) -> None:
    """Whoever keeps one of them does not keep all."""
    answers = [(bars, metadata_of(bars)) for bars in map(known_bars, counts)]
    body = bytearray(arrow.encode_many(answers))
    decoded = arrow.decode_many(body)
    for (bars, _), back in zip(answers, decoded, strict=True):
        assert isinstance(back, tuple)
        assert back[0].same(bars)
        assert not np.shares_memory(back[0].open, np.frombuffer(body, np.uint8))
        block: Any = back[0].open.base
        assert isinstance(block.base, bytearray)
        assert len(block.base) < len(body)


def test_an_answer_of_several_record_batches_is_copied_once() -> None:
    """Into columns that are in one piece: no more memory than they take is taken on the way."""
    bars = known_bars(2 * arrow.BATCH_BARS)
    body = bytearray(b"".join(arrow.stream(bars, metadata_of(bars))))
    arrow.decode_many(body)  # what is loaded the first time is not counted
    tracemalloc.start()
    ((back, _),) = cast("list[tuple[Bars, object]]", arrow.decode_many(body))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert back.same(bars)
    assert peak < 1.2 * len(body)


@pytest.mark.parametrize("count", [0, 1, arrow.BATCH_BARS, arrow.BATCH_BARS + 1, 40_000])
def test_a_stream_in_parts_has_the_same_bars_and_is_the_same_bytes_where_one_batch_has_them(
    count: int,
) -> None:
    bars = many_bars(count)
    parts = list(arrow.stream(bars, metadata_of(bars)))
    back, metadata = arrow.decode(b"".join(parts))
    assert back.same(bars)
    assert metadata == metadata_of(bars)
    assert max(map(len, parts)) < 2_000_000
    whole = arrow.encode(bars, metadata_of(bars))
    assert (b"".join(parts) == whole) == (count <= arrow.BATCH_BARS)
    assert arrow.METADATA_KEY in parts[0]


def test_an_answer_that_ends_after_some_of_its_parts_is_incomplete() -> None:
    bars = many_bars(40_000)
    *some, _, _ = arrow.stream(bars, metadata_of(bars))
    with pytest.raises(IncompleteDataError, match="40000 bars and holds 32768"):
        arrow.decode(b"".join(some))


@given(st.integers(1, 3_000))
def test_a_cut_arrow_answer_is_an_error_or_whole(cut: int) -> None:
    column = np.arange(1.0, 101.0)
    bars = Bars.of(np.arange(100) * 60_000_000, column, column, column, column, column)
    body = arrow.encode(bars, metadata_of(bars))
    try:
        back, _ = arrow.decode(body[:-cut])
    except DataFetchError:
        return
    assert back.same(bars)


def test_an_answer_that_speaks_of_more_bars_than_it_holds_is_incomplete() -> None:
    one = Bars.of([0], [1], [1], [1], [1], [1])
    lie = metadata_of(one)
    lie.count = 2
    with pytest.raises(IncompleteDataError, match="2 bars and holds 1"):
        arrow.decode(arrow.encode(one, lie))
    with pytest.raises(IncompleteDataError, match="2 bars and holds 1"):
        arrow.decode_many(arrow.encode_many([(one, metadata_of(one)), (one, lie)]))


def test_an_arrow_stream_cut_between_batches_is_incomplete() -> None:
    bars = Bars.of(*[np.arange(1.0, 11.0)] * 6)
    table = arrow.to_table(bars, metadata_of(bars))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.slice(0, 5))
    with pytest.raises(IncompleteDataError):
        arrow.decode(sink.getvalue().to_pybytes())


def test_the_columns_are_those_of_the_contract() -> None:
    """Types are part of it; what is unknown is null, not NaN."""
    bars = Bars.of([0, 60_000_000], [1, 2], [1, 2], [1, 2], [1, 2], [1, 2.5], [1, np.nan],
                   [np.nan, 7])  # fmt: skip
    table = arrow.to_table(bars)
    assert [(field.name, str(field.type)) for field in table.schema] == [
        ("timestamp", "timestamp[us, tz=UTC]"),
        *((name, "double") for name in ("open", "high", "low", "close", "volume", "vwap")),
        ("transactions", "int64"),
    ]
    assert table.column("vwap").to_pylist() == [1.0, None]
    assert table.column("transactions").to_pylist() == [None, 7]
    assert table.schema.metadata is None


def test_metadata_of_a_newer_server_is_read_as_far_as_it_is_known() -> None:
    """Either end may be older than the other."""
    bars = Bars.empty()
    table = arrow.to_table(bars).replace_schema_metadata(
        {b"polytape": b'{"symbol":"X","timeframe":"1min","count":0,"source":"s","news":[1]}'}
    )
    assert arrow.from_table(table)[1] == BarsMetadata(
        symbol="X", timeframe="1min", count=0, source="s"
    )
    missing = [SpanMessage("2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z")]
    body = arrow.encode(bars, metadata_of(bars, missing=missing, made_up=True))
    assert arrow.decode(body)[1] == metadata_of(bars, missing=missing, made_up=True)


@pytest.mark.parametrize(
    "body", [b"", b"x", b"\xff\xff\xff\xff\x00\x00\x00\x00", b"<html>502</html>"]
)
def test_what_is_no_stream_is_an_error(body: bytes) -> None:
    """A proxy's page, or nothing at all."""
    with pytest.raises(DataFetchError, match="could not be read"):
        arrow.decode(body)


@given(st.lists(st.one_of(some_bars(), st.none()), max_size=5))
def test_a_batch_comes_back_in_its_order_problems_among_bars(parts: list[Bars | None]) -> None:
    """None stands for a request that failed: one error is not the error of all."""
    sent = [LOST if bars is None else (bars, metadata_of(bars)) for bars in parts]
    back = arrow.decode_many(arrow.encode_many(sent))
    assert len(back) == len(parts)
    for answer, bars in zip(back, parts, strict=True):
        if bars is None:
            assert answer == LOST
        else:
            assert not isinstance(answer, Problem)
            assert answer[0].same(bars)
            assert answer[1] == metadata_of(bars)


def test_a_batch_that_is_cut_is_an_error() -> None:
    """In the middle of a stream; cut between two it is short, which its reader counts."""
    bars = Bars.of(*[np.arange(1.0, 11.0)] * 6)
    body = arrow.encode_many([(bars, metadata_of(bars)), (bars, metadata_of(bars))])
    with pytest.raises(DataFetchError):
        arrow.decode_many(body[: len(body) // 2 + 100])
    assert len(arrow.decode_many(body[: len(body) // 2])) == 1
