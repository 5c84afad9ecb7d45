"""Deliveries in each protocol, written once."""

from collections.abc import Callable

import msgspec
import pytest

from polytape.gateway import live_frames
from polytape.gateway.hub import Batch, Delivery, Lifecycle
from polytape.gateway.live_frames import polygon_frames, stream_frames, tool_frames
from polytape.wire.polygon.events import (
    LimitBands,
    MarketEvent,
    MinuteAggregate,
    Quote,
    Trade,
    decode_frame,
)

EVENTS: tuple[MarketEvent, ...] = (
    Trade("A", 1.5, 1, size=3, conditions=(2,)),
    Quote("A", 2, bid_price=1.0, ask_price=2.0),
    MinuteAggregate("BRK.B", 1.0, 2.0, 0.5, 1.5, 10.0, 60_000, 120_000),
    LimitBands("A", 3),
)
GAP = Lifecycle("gap", 7, "lost", 0, 60_000_000)


@pytest.mark.parametrize("frames", [polygon_frames, stream_frames, tool_frames])
def test_frames_of_a_batch_are_built_once(
    frames: Callable[[Delivery], list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every later client gets the same bytes, not equal ones."""
    batch = Batch(0, len(EVENTS), EVENTS)
    first = frames(batch)

    def fail(*_: object) -> bytes:
        raise AssertionError

    for name in ("encode_frame", "_stream_frame", "_tool_messages"):
        monkeypatch.setattr(live_frames, name, fail)
    assert frames(batch) is first


def test_the_vendors_frame_is_read_back_as_the_same_events() -> None:
    """Clients of the vendor read what the source sent."""
    (frame,) = polygon_frames(Batch(5, 5 + len(EVENTS), EVENTS))
    assert decode_frame(frame) == list(EVENTS)


@pytest.mark.parametrize("backfilled", [False, True])
def test_our_frame_has_the_position_and_the_vendors_events(backfilled: bool) -> None:
    """One JSON object: a head, and the events as the vendor writes them."""
    (frame,) = stream_frames(Batch(5, 5 + len(EVENTS), EVENTS, backfilled))
    message = msgspec.json.decode(frame)
    assert decode_frame(msgspec.json.encode(message.pop("events"))) == list(EVENTS)
    assert message == {
        "type": "events",
        "position": 5,
        "next": 5 + len(EVENTS),
        "backfilled": backfilled,
    }


def test_what_happened_to_the_feed_is_for_our_clients_alone() -> None:
    """The other protocols have no word for it."""
    assert polygon_frames(GAP) == tool_frames(GAP) == []
    (frame,) = stream_frames(GAP)
    assert msgspec.json.decode(frame) == {
        "type": "gap",
        "position": 7,
        "detail": "lost",
        "start": "1970-01-01T00:00:00Z",
        "end": "1970-01-01T00:01:00Z",
    }
    (short,) = stream_frames(Lifecycle("heartbeat", 7))
    assert msgspec.json.decode(short) == {"type": "heartbeat", "position": 7}


def test_older_tools_get_a_message_an_event() -> None:
    """Trades, quotes and bars, in order; what they do not know is left out."""
    messages = [msgspec.json.decode(frame) for frame in tool_frames(Batch(0, len(EVENTS), EVENTS))]
    assert {message["type"] for message in messages} == {"market_data"}
    rows = [message["data"] for message in messages]
    assert [row["event_type"] for row in rows] == ["trade", "quote", "aggregate"]
    assert (rows[0]["price"], rows[0]["conditions"]) == (1.5, [2])
    assert (rows[1]["bid_price"], rows[1]["ask_price"]) == (1.0, 2.0)
    assert (rows[2]["symbol"], rows[2]["timestamp"], rows[2]["vwap"]) == ("BRK.B", 60_000, None)
