"""Bars over the wire: what goes in comes out, and nothing short passes."""

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import DataFetchError, IncompleteDataError
from polytape.model.bars import Bars
from polytape.wire import arrow, json_rows
from polytape.wire.api.messages import BarsMetadata

seconds = st.lists(st.integers(0, 4_000_000_000), max_size=20, unique=True)
prices = st.floats(0.0001, 1e6)
maybe = st.one_of(st.just(float("nan")), prices)


@st.composite
def some_bars(draw: st.DrawFn) -> Bars:
    stamps = sorted(draw(seconds))
    size: Any = {"min_size": len(stamps), "max_size": len(stamps)}
    columns = [draw(st.lists(prices, **size)) for _ in range(5)]
    transactions = st.one_of(st.just(float("nan")), st.integers(0, 2**40).map(float))
    return Bars.of(
        np.array(stamps, np.int64) * 1_000_000,
        *columns,
        *(draw(st.lists(kind, **size)) for kind in (maybe, transactions)),
    )


def said(bars: Bars, **more: Any) -> BarsMetadata:
    return BarsMetadata(symbol="X", timeframe="1min", count=len(bars), source="test", **more)


@given(some_bars())
def test_arrow_keeps_every_bit(bars: Bars) -> None:
    back, metadata = arrow.decode(arrow.encode(bars, said(bars, notes=["made of air"])))
    assert back.same(bars)
    assert metadata == said(bars, notes=["made of air"])


@given(some_bars())
def test_json_keeps_every_bit(bars: Bars) -> None:
    back, metadata = json_rows.decode(json_rows.encode(bars, said(bars)))
    assert back.same(bars)
    assert metadata == said(bars)


@given(some_bars(), st.integers(1, 400))
def test_a_cut_json_answer_is_an_error(bars: Bars, cut: int) -> None:
    body = json_rows.encode(bars, said(bars))
    with pytest.raises(DataFetchError):
        json_rows.decode(body[: max(0, len(body) - cut)])


@given(st.integers(1, 3_000))
def test_a_cut_arrow_answer_is_an_error_or_whole(cut: int) -> None:
    column = np.arange(1.0, 101.0)
    bars = Bars.of(np.arange(100) * 60_000_000, column, column, column, column, column)
    body = arrow.encode(bars, said(bars))
    try:
        back, _ = arrow.decode(body[:-cut])
    except DataFetchError:
        return
    assert back.same(bars)


def test_an_answer_that_speaks_of_more_bars_than_it_holds_is_incomplete() -> None:
    one = Bars.of([0], [1], [1], [1], [1], [1])
    lie = said(one)
    lie.count = 2
    for codec in (arrow, json_rows):
        with pytest.raises(IncompleteDataError, match="2 bars and holds 1"):
            codec.decode(codec.encode(one, lie))


def test_an_arrow_stream_cut_between_batches_is_incomplete() -> None:
    bars = Bars.of(*[np.arange(1.0, 11.0)] * 6)
    table = arrow.to_table(bars, said(bars))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.slice(0, 5))
    with pytest.raises(IncompleteDataError):
        arrow.decode(sink.getvalue().to_pybytes())


def plain(**row: Any) -> bytes:
    full = {"timestamp": "2024-01-02T14:30:00Z", "open": 1, "high": 2, "low": 1, "close": 2,
            "volume": 10} | row  # fmt: skip
    return msgspec.json.encode({"data": [full], "extra": {"a": 1}})


@pytest.mark.parametrize(
    "stamp",
    [
        "2024-01-02T14:30:00Z", "2024-01-02T14:30:00+00:00", "2024-01-02T09:30:00-05:00",
        "2024-01-02T14:30:00.000000Z", "2024-01-02 14:30:00", "2024-01-02T14:30:00",
        1_704_205_800_000,
    ],
)  # fmt: skip
def test_a_plain_servers_rows_are_read_whatever_their_stamps(stamp: object) -> None:
    bars, metadata = json_rows.decode(plain(timestamp=stamp, otc=True, volume=10.5))
    assert bars.timestamp.tolist() == [1_704_205_800_000_000]
    assert bars.volume.tolist() == [10.5]
    assert np.isnan(bars.vwap).all()
    assert metadata is None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b"<html>502</html>", b'{"data":null}', b'{"data":[{}]}',
        plain(open=None), plain(open="1.5"), plain(timestamp="soon"), plain(timestamp=None),
        plain(timestamp=1e300), b'{"data":[],"metadata":{"count":-1,"count":3}}',
    ],
)  # fmt: skip
def test_what_is_no_answer_is_an_error(body: bytes) -> None:
    with pytest.raises(DataFetchError):
        json_rows.decode(body)


def test_a_plain_servers_rows_are_put_in_order() -> None:
    two = [{"timestamp": f"2024-01-0{d}T00:00:00Z", "open": d, "high": d, "low": d, "close": d,
            "volume": d} for d in (3, 2)]  # fmt: skip
    bars, _ = json_rows.decode(msgspec.json.encode({"data": two, "metadata": {"count": 2}}))
    assert bars.close.tolist() == [2, 3]


@given(seconds)
def test_stamps_are_of_one_form(listed: list[int]) -> None:
    texts = json_rows.stamps(np.array(listed, np.int64) * 1_000_000)
    numpys = np.array(listed, "M8[s]")
    assert texts == [f"{moment}Z" for moment in numpys]
