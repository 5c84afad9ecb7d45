"""Deliveries of the hub as bytes, in each protocol that is spoken. A batch is written once for all
clients that want the same of it, as it goes over the wire.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from polytape.gateway.subscriber import Batch, Delivery, Lifecycle
from polytape.model.timestamps import iso, to_datetime
from polytape.wire.polygon.events import Aggregate, MarketEvent, Quote, Trade, encode_frame

# https://www.rfc-editor.org/rfc/rfc6455#section-5.2: a server's frames have no mask.
TEXT, TWO_BYTES, EIGHT_BYTES = 0x81, 126, 127


def text_frame(text: bytes) -> bytes:
    """A text message as one WebSocket frame of a server's."""
    length = len(text)
    if length < TWO_BYTES:
        return struct.pack("!BB", TEXT, length) + text
    if length < 1 << 16:
        return struct.pack("!BBH", TEXT, TWO_BYTES, length) + text
    return struct.pack("!BBQ", TEXT, EIGHT_BYTES, length) + text


@dataclass(frozen=True)
class Protocol:
    """How deliveries are said: `messages` are the texts of one, none where there is no word for
    it.
    """

    name: str
    messages: Callable[[Delivery], list[bytes]]

    def frames(self, delivery: Delivery) -> bytes:
        """The frames of a delivery, one after the other; the same object for every client."""
        frames = delivery.frames.get(self.name)
        if frames is None:
            frames = b"".join(map(text_frame, self.messages(delivery)))
            delivery.frames[self.name] = frames
        return frames


def polygon_messages(delivery: Delivery) -> list[bytes]:
    """As the vendor writes them: an array of events; what happened to the feed is not said."""
    return [] if isinstance(delivery, Lifecycle) else [_events(delivery)]


def stream_messages(delivery: Delivery) -> list[bytes]:
    """As our own clients read them: with positions, and what happened to the feed."""
    if isinstance(delivery, Lifecycle):
        return [msgspec.json.encode(_lifecycle(delivery))]
    return [_events_message(delivery)]


def tool_protocol(now: Callable[[], int]) -> Protocol:
    """As the older tools read them: a message an event, with the time of `now` (microseconds
    UTC).
    """

    def messages(delivery: Delivery) -> list[bytes]:
        if isinstance(delivery, Lifecycle):
            return []
        stamp = to_datetime(now()).isoformat()
        rows = (_tool_data(event) for event in delivery.events)
        return [
            msgspec.json.encode({"type": "market_data", "data": row, "timestamp": stamp})
            for row in rows
            if row is not None
        ]

    return Protocol("tools", messages)


POLYGON, STREAM = Protocol("polygon", polygon_messages), Protocol("stream", stream_messages)


def _events(batch: Batch) -> bytes:
    """The events as the vendor writes them: a part of more than one protocol's messages."""
    events = batch.frames.get("events")
    if events is None:
        events = batch.frames["events"] = encode_frame(batch.events)
    return events


def _events_message(batch: Batch) -> bytes:
    head = {
        "type": "events",
        "position": batch.position,
        "next": batch.end,
        "backfilled": batch.backfilled,
    }
    # The events are written as the vendor writes them, after the head.
    events = _events(batch)
    return msgspec.json.encode(head)[:-1] + b',"events":' + events + b"}"


def _lifecycle(notice: Lifecycle) -> dict[str, Any]:
    message: dict[str, Any] = {"type": notice.kind, "position": notice.position}
    if notice.detail:
        message["detail"] = notice.detail
    for name, instant in (("start", notice.start), ("end", notice.end)):
        if instant is not None:
            message[name] = iso(instant)
    return message


def _tool_data(event: MarketEvent) -> dict[str, Any] | None:
    if isinstance(event, Trade):
        return {
            "event_type": "trade",
            "symbol": event.symbol,
            "timestamp": event.timestamp,
            "price": event.price,
            "size": event.size,
            "conditions": list(event.conditions),
            "exchange": event.exchange,
            "trade_id": event.trade_id,
        }
    if isinstance(event, Quote):
        return {
            "event_type": "quote",
            "symbol": event.symbol,
            "timestamp": event.timestamp,
            "bid_price": event.bid_price,
            "bid_size": event.bid_size,
            "ask_price": event.ask_price,
            "ask_size": event.ask_size,
            "exchange": event.bid_exchange,
        }
    if isinstance(event, Aggregate):
        return {
            "event_type": "aggregate",
            "symbol": event.symbol,
            "timestamp": event.start,
            "open": event.open,
            "high": event.high,
            "low": event.low,
            "close": event.close,
            "volume": event.volume,
            "vwap": None if event.vwap is UNSET else event.vwap,
            "transactions": None,
        }
    return None
