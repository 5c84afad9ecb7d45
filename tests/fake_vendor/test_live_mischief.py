"""What is done wrong with frames of live events: each kind does what it says and no more."""

import pytest

from polytape.errors import DataFetchError
from polytape.fake_vendor.answers import Json
from polytape.fake_vendor.live_mischief import (
    AT_HANDSHAKE,
    AT_ONCE,
    GARBAGE_FRAME,
    LARGEST_FRAME,
    UNKNOWN_KIND_FRAME,
    UNKNOWN_STATUS_FRAME,
    LiveMischief,
    corrected,
    encode,
    spoiled_frames,
)
from polytape.wire.polygon.events import (
    Imbalance,
    LimitBands,
    MinuteAggregate,
    StatusMessage,
    Trade,
    decode_frame,
    microseconds,
)

START = 1_795_530_600_000
BAR: Json = {
    "ev": "AM", "sym": "AAPL", "v": 100, "dv": "100.250000", "o": 10.0, "c": 10.5, "h": 10.6,
    "l": 9.9, "s": START, "e": START + 60_000,
}  # fmt: skip
OF_BATCHES = sorted(frozenset(LiveMischief) - AT_ONCE - AT_HANDSHAKE)


@pytest.mark.parametrize("kind", OF_BATCHES)
def test_the_bars_themselves_arrive_all_the_same(kind: LiveMischief) -> None:
    """A client that tolerates what is beside them misses nothing."""
    for frame in spoiled_frames(kind, [BAR]):
        bars = [e for e in decode_frame(encode(frame)) if isinstance(e, MinuteAggregate)]
        assert [(bar.symbol, bar.close) for bar in bars] == [("AAPL", 10.5)]
        assert [microseconds(bar.start) for bar in bars] == [START * 1_000]


def test_a_large_frame_has_the_vendors_largest_size() -> None:
    """A megabyte, to the byte: clients take that much by default."""
    (frame,) = spoiled_frames(LiveMischief.LARGE_FRAME, [BAR])
    assert len(encode(frame)) == LARGEST_FRAME == 2**20


def test_a_mixed_frame_has_the_fields_that_are_unlike_the_others() -> None:
    """Symbols under `T`, sizes of 0, three units of time, a status in between."""
    (frame,) = spoiled_frames(LiveMischief.MIXED, [BAR])
    events = decode_frame(encode(frame))
    kinds = [type(event) for event in events]
    assert kinds == [StatusMessage, LimitBands, MinuteAggregate, Imbalance, Trade]
    stamps = [len(str(e["t"])) for e in frame if "t" in e]
    assert stamps == [16, 19, 13]
    trade = events[-1]
    assert isinstance(trade, Trade)
    assert (trade.size, trade.exact_size) == (0, "0.007300")


def test_frames_that_are_no_bars() -> None:
    """No JSON, an unknown status, unknown kinds."""
    with pytest.raises(DataFetchError):
        decode_frame(GARBAGE_FRAME)
    assert decode_frame(UNKNOWN_STATUS_FRAME) == [StatusMessage("weather", "cloudy")]
    assert decode_frame(UNKNOWN_KIND_FRAME) == []


def test_a_correction_has_the_same_start_and_other_values() -> None:
    """High and low still bound it."""
    again = corrected(BAR)
    assert (again["s"], again["sym"]) == (START, "AAPL")
    assert again["c"] != BAR["c"]
    assert (again["v"], again["dv"]) == (200, "200.250000")
    assert float(str(again["h"])) >= float(str(again["c"])) >= float(str(again["l"]))
