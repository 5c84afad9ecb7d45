"""Deliveries in each protocol, written once."""

import msgspec
import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from polytape.gateway.live_frames import (
    POLYGON,
    STREAM,
    Protocol,
    polygon_messages,
    stream_messages,
    text_frame,
    tool_protocol,
)
from polytape.gateway.subscriber import Batch, Lifecycle
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


TOOLS = tool_protocol(lambda: 60_000_000)


@pytest.mark.parametrize("protocol", [POLYGON, STREAM, TOOLS], ids=lambda p: p.name)
def test_frames_of_a_batch_are_built_once(protocol: Protocol) -> None:
    """Every later client gets the same bytes, not equal ones; an empty answer is one, too."""
    for delivery in (Batch(0, len(EVENTS), EVENTS), GAP):
        assert protocol.frames(delivery) is protocol.frames(delivery)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_a_frame_is_read_by_another_library(length: int) -> None:
    """Each way to write a length."""
    reader = StreamReader()
    reader.feed_data(text_frame(b"x" * length))
    with pytest.raises(StopIteration) as done:
        next(Frame.parse(reader.read_exact, mask=False))
    frame = done.value.value
    assert (frame.opcode, frame.fin, frame.data) == (Opcode.TEXT, True, b"x" * length)


def test_a_deliverys_frames_are_its_messages_in_order() -> None:
    """One after the other, with nothing between."""
    batch = Batch(0, len(EVENTS), EVENTS)
    assert TOOLS.frames(batch) == b"".join(map(text_frame, TOOLS.messages(batch)))
    assert POLYGON.frames(GAP) == b""


def test_the_vendors_frame_is_read_back_as_the_same_events() -> None:
    """Clients of the vendor read what the source sent."""
    (frame,) = polygon_messages(Batch(5, 5 + len(EVENTS), EVENTS))
    assert decode_frame(frame) == list(EVENTS)


@pytest.mark.parametrize("backfilled", [False, True])
def test_our_frame_has_the_position_and_the_vendors_events(backfilled: bool) -> None:
    """One JSON object: a head, and the events as the vendor writes them."""
    (frame,) = stream_messages(Batch(5, 5 + len(EVENTS), EVENTS, backfilled))
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
    assert polygon_messages(GAP) == TOOLS.messages(GAP) == []
    (frame,) = stream_messages(GAP)
    assert msgspec.json.decode(frame) == {
        "type": "gap",
        "position": 7,
        "detail": "lost",
        "start": "1970-01-01T00:00:00Z",
        "end": "1970-01-01T00:01:00Z",
    }
    (short,) = stream_messages(Lifecycle("heartbeat", 7))
    assert msgspec.json.decode(short) == {"type": "heartbeat", "position": 7}


def test_older_tools_get_a_message_an_event() -> None:
    """Trades, quotes and bars, in order; what they do not know is left out."""
    messages = [
        msgspec.json.decode(frame) for frame in TOOLS.messages(Batch(0, len(EVENTS), EVENTS))
    ]
    assert {message["type"] for message in messages} == {"market_data"}
    assert {message["timestamp"] for message in messages} == {"1970-01-01T00:01:00+00:00"}
    rows = [message["data"] for message in messages]
    assert [row["event_type"] for row in rows] == ["trade", "quote", "aggregate"]
    assert (rows[0]["price"], rows[0]["conditions"]) == (1.5, [2])
    assert (rows[1]["bid_price"], rows[1]["ask_price"]) == (1.0, 2.0)
    assert (rows[2]["symbol"], rows[2]["timestamp"], rows[2]["vwap"]) == ("BRK.B", 60_000, None)
