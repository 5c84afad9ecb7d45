"""Deliveries of the hub as bytes, in each protocol that is spoken. A batch is written once for all
clients that want the same of it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET

from polytape.gateway.hub import Batch, Delivery, Lifecycle
from polytape.model.timestamps import iso
from polytape.wire.polygon.events import Aggregate, MarketEvent, Quote, Trade, encode_frame


def polygon_frames(delivery: Delivery) -> list[bytes]:
    """As the vendor writes them: an array of events; what happened to the feed is not said."""
    if isinstance(delivery, Lifecycle):
        return []
    return _once(delivery, "polygon", lambda batch: [encode_frame(batch.events)])


def stream_frames(delivery: Delivery) -> list[bytes]:
    """As our own clients read them: with positions, and what happened to the feed."""
    if isinstance(delivery, Lifecycle):
        return [msgspec.json.encode(_lifecycle(delivery))]
    return _once(delivery, "stream", lambda batch: [_stream_frame(batch)])


def tool_frames(delivery: Delivery) -> list[bytes]:
    """As the older tools read them: a message an event."""
    if isinstance(delivery, Lifecycle):
        return []
    return _once(delivery, "tools", _tool_messages)


def _once(batch: Batch, protocol: str, build: Callable[[Batch], list[bytes]]) -> list[bytes]:
    frames = batch.frames.get(protocol)
    if frames is None:
        frames = batch.frames[protocol] = build(batch)
    return frames


def _stream_frame(batch: Batch) -> bytes:
    head = {
        "type": "events",
        "position": batch.position,
        "next": batch.end,
        "backfilled": batch.backfilled,
    }
    # The events are written as the vendor writes them, after the head.
    events = encode_frame(batch.events)
    return msgspec.json.encode(head)[:-1] + b',"events":' + events + b"}"


def _lifecycle(notice: Lifecycle) -> dict[str, Any]:
    message: dict[str, Any] = {"type": notice.kind, "position": notice.position}
    if notice.detail:
        message["detail"] = notice.detail
    for name, instant in (("start", notice.start), ("end", notice.end)):
        if instant is not None:
            message[name] = iso(instant)
    return message


def _tool_messages(batch: Batch) -> list[bytes]:
    stamp = datetime.now(UTC).isoformat()
    messages = (_tool_data(event) for event in batch.events)
    return [
        msgspec.json.encode({"type": "market_data", "data": data, "timestamp": stamp})
        for data in messages
        if data is not None
    ]


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
