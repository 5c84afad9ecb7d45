"""Bars as JSON rows: what goes in comes out, and nothing short passes."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import DataFetchError, IncompleteDataError
from polytape.model.bars import Bars
from polytape.wire import json_rows
from tests.conftest import MARKET
from tests.wire.bars import many_bars, metadata_of, seconds, some_bars


@given(some_bars())
def test_json_keeps_every_bit(bars: Bars) -> None:
    back, metadata = json_rows.decode(json_rows.encode(bars, metadata_of(bars)), MARKET)
    assert back.same(bars)
    assert metadata == metadata_of(bars)


@given(some_bars(), st.integers(1, 400))
def test_a_cut_json_answer_is_an_error(bars: Bars, cut: int) -> None:
    body = json_rows.encode(bars, metadata_of(bars))
    with pytest.raises(DataFetchError):
        json_rows.decode(body[: max(0, len(body) - cut)], MARKET)


def test_an_answer_that_speaks_of_more_bars_than_it_holds_is_incomplete() -> None:
    one = Bars.of([0], [1], [1], [1], [1], [1])
    lie = metadata_of(one)
    lie.count = 2
    with pytest.raises(IncompleteDataError, match="2 bars and holds 1"):
        json_rows.decode(json_rows.encode(one, lie), MARKET)


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
    bars, metadata = json_rows.decode(plain(timestamp=stamp, otc=True, volume=10.5), MARKET)
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
        json_rows.decode(body, MARKET)


def test_a_plain_servers_rows_are_put_in_order() -> None:
    two = [{"timestamp": f"2024-01-0{d}T00:00:00Z", "open": d, "high": d, "low": d, "close": d,
            "volume": d} for d in (3, 2)]  # fmt: skip
    bars, _ = json_rows.decode(msgspec.json.encode({"data": two, "metadata": {"count": 2}}), MARKET)
    assert bars.close.tolist() == [2, 3]


@given(seconds)
def test_stamps_are_of_one_form(listed: list[int]) -> None:
    texts = json_rows.stamps(np.array(listed, np.int64) * 1_000_000)
    numpys = np.array(listed, "M8[s]")
    assert texts == [f"{moment}Z" for moment in numpys]


def test_what_is_unknown_is_null_and_a_count_is_a_whole_number() -> None:
    """JSON has no NaN."""
    bars = Bars.of([0, 60_000_000], [1, 2], [1, 2], [1, 2], [1, 2], [1, 2.5], [1, np.nan],
                   [np.nan, 7])  # fmt: skip
    first, second = msgspec.json.decode(json_rows.encode(bars, metadata_of(bars)))["data"]
    assert first == {"timestamp": "1970-01-01T00:00:00Z", "open": 1.0, "high": 1.0, "low": 1.0,
                     "close": 1.0, "volume": 1.0, "vwap": 1.0, "transactions": None}  # fmt: skip
    assert (second["vwap"], second["transactions"]) == (None, 7)


def test_another_servers_metadata_is_not_read_into() -> None:
    """It has no source and no symbol: nothing is claimed of it. Its count is held against it."""
    body = b'{"data":[],"metadata":{"count":0,"source":5}}'
    assert json_rows.decode(body, MARKET)[1] is None
    with pytest.raises(IncompleteDataError, match="3 bars and holds 0"):
        json_rows.decode(b'{"data":[],"metadata":{"count":3,"source":5}}', MARKET)


@pytest.mark.parametrize("count", [0, 1, json_rows.PART_ROWS, 2 * json_rows.PART_ROWS + 1])
def test_a_stream_in_parts_is_the_same_bytes(count: int) -> None:
    bars = many_bars(count)
    parts = list(json_rows.stream(bars, metadata_of(bars)))
    assert b"".join(parts) == json_rows.encode(bars, metadata_of(bars))
    assert max(map(len, parts)) < 1_000_000
