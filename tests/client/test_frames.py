"""Bars as pandas frames."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd

from polytape.client.frames import to_frame
from polytape.model.bars import Bars
from polytape.model.basis import Basis
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
