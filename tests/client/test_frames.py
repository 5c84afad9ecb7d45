"""Bars as pandas frames."""

import gc
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.client import frames
from polytape.client.bars_view import BarsView
from polytape.client.frames import FrameMaker, in_a_block, to_frame
from polytape.model.bars import Bars
from polytape.model.basis import Basis
from polytape.wire import arrow
from polytape.wire.api.messages import BarsMetadata, SpanMessage
from tests.client.test_contract import check_shape
from tests.conftest import flat_bars

STAMPS = [1_719_927_000_000_000, 1_719_927_060_000_000]


def test_a_frame_has_the_shape_of_the_contract() -> None:
    bars = flat_bars(STAMPS, price=1.5, volume=10.5)
    frame = to_frame(bars)
    check_shape(frame)
    assert frame["volume"].tolist() == [10, 10]  # whole shares
    assert frame.index[0] == pd.Timestamp("2024-07-02 13:30", tz="UTC")
    assert frame.attrs == {}
    check_shape(to_frame(Bars.empty()))


def test_a_frame_says_where_its_bars_are_from() -> None:
    notes = ["a note"]
    metadata = BarsMetadata(
        symbol="SPY", timeframe="1min", count=2, source="test", made_up=True, adjusted=False,
        complete_through="2024-07-03T04:00:00Z", notes=notes,
        missing=[SpanMessage("2024-07-01T04:00:00Z", "2024-07-02T04:00:00Z")],
    )  # fmt: skip
    frame = to_frame(flat_bars(STAMPS), metadata)
    assert frame.attrs == {
        "symbol": "SPY", "timeframe": "1min", "source": "test", "made_up": True,
        "adjusted": False, "complete_through": "2024-07-03T04:00:00Z", "notes": ["a note"],
        "missing": [("2024-07-01T04:00:00Z", "2024-07-02T04:00:00Z")],
    }  # fmt: skip
    frame.attrs["notes"].append("the owner's")
    assert notes == ["a note"]


def test_a_frame_stands_on_its_basis_and_made_up_prices_are_displayed_as_such() -> None:
    basis = Basis(source="test", notes=("a note",))

    def frame_on(basis: Basis) -> pd.DataFrame:
        metadata = BarsMetadata(symbol="SPY", timeframe="1min", count=2, source="test", basis=basis)
        return to_frame(flat_bars(STAMPS), metadata)

    real = frame_on(basis)
    assert real.attrs["basis"]["line"] == "a note"
    assert json.loads(json.dumps(real.attrs)) == real.attrs
    assert real.columns.name is None
    invented = frame_on(replace(basis, made_up=True))
    assert "made-up prices" in repr(invented)
    assert list(invented.columns) == list(real.columns)


def test_a_frame_shares_no_memory_with_the_bars() -> None:
    bars = flat_bars(STAMPS)
    frame = to_frame(bars)
    frame.loc[:, ["open", "high", "low", "close"]] = -1.0
    frame["volume"] = 0
    assert bars.same(flat_bars(STAMPS))
    assert not np.shares_memory(frame["close"].to_numpy(), bars.close)


def test_frames_of_an_answer_are_on_its_columns() -> None:
    """As Arrow they are copied once, on reading; a frame of numbers takes no memory of its own."""
    metadata = BarsMetadata(symbol="SPY", timeframe="1min", count=2, source="test")
    bars, _ = arrow.decode(arrow.encode(flat_bars(STAMPS), metadata))
    assert in_a_block(bars).close is not None
    assert np.shares_memory(in_a_block(bars).transactions, bars.transactions)
    maker = FrameMaker(bars, metadata)
    numbers = maker.make_numbers(BarsView())
    # Without copy-on-write each caller gets a copy.
    shared = frames._copies_on_write()
    for name in ("open", "close", "volume", "vwap", "transactions"):
        assert np.shares_memory(numbers[name].to_numpy(), getattr(bars, name)) is shared
    assert np.shares_memory(maker.make()["close"].to_numpy(), bars.close) is shared


def test_who_gets_a_frame_may_change_it() -> None:
    """A maker's frames are equal, and what one caller writes no other sees, nor the bars."""
    metadata = BarsMetadata(
        symbol="SPY", timeframe="1min", count=2, source="test", made_up=True, notes=["a note"],
        basis=Basis(source="test", made_up=True),
    )  # fmt: skip
    bars = flat_bars(STAMPS)
    whole = FrameMaker(bars, metadata)
    part = FrameMaker(bars.take(slice(1, 2)), metadata, whole, slice(1, 2))
    expected = to_frame(bars, metadata)
    for maker, rows in ((whole, slice(None)), (part, slice(1, 2))):
        first = maker.make()
        pd.testing.assert_frame_equal(first, expected.iloc[rows])
        assert first.attrs == expected.attrs
        assert (first.columns.name, first.index.name) == ("made-up prices", None)
        first.loc[:, ["open", "close"]] = -1.0
        first.iloc[0, 1] = -2.0
        first["volume"] = 0
        first["mine"] = 1
        first.columns.name = "mine"
        first.index.name = "mine"
        first.attrs["notes"].append("mine")
        first.attrs["basis"]["source"] = "mine"
        pd.testing.assert_frame_equal(maker.make(), expected.iloc[rows])
        assert maker.make().attrs == expected.attrs
        assert maker.make().columns.name == "made-up prices"
        assert bars.same(flat_bars(STAMPS))


def test_a_frame_outlives_its_answer_and_is_still_its_owners() -> None:
    """Where nobody else is left, a column is written in place: it must be writable."""
    metadata = BarsMetadata(symbol="SPY", timeframe="1min", count=2, source="test")
    frame = FrameMaker(flat_bars(STAMPS), metadata).make()
    gc.collect()
    frame.loc[frame.index[0], "close"] = 7.0
    assert frame["close"].iloc[0] == 7.0


@pytest.mark.parametrize("bars", [2, frames.SHORT + 1])
def test_who_writes_to_the_timestamps_does_not_move_the_index(bars: int) -> None:
    """Also where the answer is gone: the two may share memory, and pandas has to know of it."""
    stamps = [STAMPS[0] + number * 60_000_000 for number in range(bars)]
    metadata = BarsMetadata(symbol="SPY", timeframe="1min", count=bars, source="test")
    frame = FrameMaker(flat_bars(stamps), metadata).make()
    gc.collect()
    first, moved = frame.index[0], pd.Timestamp("2000-01-01", tz="UTC")
    frame.loc[first, "timestamp"] = moved
    assert frame["timestamp"].iloc[0] == moved
    assert frame.index[0] == first


def test_the_starts_and_the_index_of_a_long_frame_are_one_piece_of_memory() -> None:
    """Where pandas copies a shared column before it is written to."""
    stamps = [STAMPS[0] + number * 60_000_000 for number in range(frames.SHORT + 1)]
    metadata = BarsMetadata(symbol="SPY", timeframe="1min", count=len(stamps), source="test")
    frame = FrameMaker(flat_bars(stamps), metadata).make()
    starts: Any = frame["timestamp"].array
    index: Any = frame.index
    assert np.shares_memory(starts.asi8, index.asi8) == frames._copies_on_write()


@given(st.integers(0, 5), st.booleans())
def test_a_short_frame_is_made_as_a_long_one_is(count: int, made_up: bool) -> None:
    """By whichever way: the same columns, types, index and names."""
    bars = flat_bars([STAMPS[0] + number * 60_000_000 for number in range(count)], volume=10.5)
    short = frames._frame_on(bars, made_up=made_up)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "SHORT", -1)
        long = frames._frame_on(bars, made_up=made_up)
    pd.testing.assert_frame_equal(short, long)
    assert short.columns.name == long.columns.name
