"""Streams of the older tools, at `/ws/{client_id}`, in their own protocol."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec
from litestar import get, websocket
from litestar.di import NamedDependency
from litestar.params import FromPath

from polytape.errors import PolygonClientError, ValidationError, one_of
from polytape.gateway.api.stream_pump import AnySocket, encode, pump, read_message, refuse
from polytape.gateway.gateway import Gateway
from polytape.gateway.live import LiveConnection
from polytape.gateway.live_frames import tool_protocol
from polytape.model.timestamps import to_datetime
from polytape.wire.polygon.topics import parse_topic

TOOL_CHANNELS = ("T", "Q", "A", "AM")


class ToolMessage(msgspec.Struct):
    """What an older tool sends to `/ws/{client_id}`."""

    action: str
    symbols: list[str] = []
    channels: tuple[str, ...] = ("T",)


@websocket("/ws/{client_id:str}")
async def tool_stream(
    socket: AnySocket, gateway: NamedDependency[Gateway], client_id: FromPath[str]
) -> None:
    """The older tools' protocol."""
    await socket.accept()
    try:
        connection = gateway.live.connect(client_id, lifecycle=False)
    except PolygonClientError as error:
        await refuse(socket, error)
        return
    talk = _ToolTalk(connection, gateway.now)
    await socket.send_data(talk.greeting().decode(), mode="text")
    await pump(socket, connection, tool_protocol(gateway.now), talk.answer)


@get("/ws/status", include_in_schema=False)
async def stream_status(gateway: NamedDependency[Gateway]) -> dict[str, Any]:
    """Who listens, and how the feed is."""
    status = gateway.live.status()
    return {
        "active_clients": len(gateway.live.hub),
        "client_ids": gateway.live.hub.names(),
        "polygon_connected": status == "connected",
        "polygon_status": status,
    }


TOOL_ROUTES = [tool_stream, stream_status]


class _ToolTalk:
    """What is said to one older tool."""

    def __init__(self, connection: LiveConnection, now: Callable[[], int]) -> None:
        self._connection = connection
        self._now = now

    def greeting(self) -> bytes:
        """The first message."""
        name = self._connection.name
        message = "Connected to WebSocket server"
        hello = {"type": "connected", "message": message, "client_id": name}
        return encode(hello | {"timestamp": self._stamp()})

    def answer(self, data: str | bytes) -> list[bytes]:
        """Messages that answer a message."""
        try:
            message = read_message(data, ToolMessage)
            return [self._act(message)]
        except PolygonClientError as error:
            return [encode({"type": "error", "message": str(error)})]

    def _act(self, message: ToolMessage) -> bytes:
        if message.action == "ping":
            return encode({"type": "pong", "timestamp": self._stamp()})
        if message.action not in ("subscribe", "unsubscribe"):
            allowed = one_of(("subscribe", "unsubscribe", "ping"))
            raise ValidationError("action", message.action, allowed)
        before = self._connection.subscriber.topics
        if message.action == "unsubscribe":
            gone = {symbol.strip().upper() for symbol in message.symbols}
            self._connection.want(topic for topic in before if topic.symbol not in gone)
            return encode({"type": "unsubscribed", "symbols": message.symbols})
        wrong = [channel for channel in message.channels if channel not in TOOL_CHANNELS]
        if wrong:
            raise ValidationError("channels", wrong, one_of(TOOL_CHANNELS))
        topics = {
            parse_topic(f"{channel}.{symbol}", "symbols")
            for channel in message.channels
            for symbol in message.symbols
        }
        self._connection.want(before | topics)
        reply = {"type": "subscribed", "symbols": message.symbols, "channels": message.channels}
        return encode(reply | {"subscription_id": uuid4().hex})

    def _stamp(self) -> str:
        return to_datetime(self._now()).isoformat()
