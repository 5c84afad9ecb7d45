"""Streams: our own at `/api/v1/stream`, and the older tools' at `/ws/{client_id}`.

Wrong messages get an error that names what is wrong, and the connection lives.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
from litestar import WebSocket, get, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath

from polytape.errors import PolygonClientError, ValidationError, one_of
from polytape.gateway.gateway import Gateway
from polytape.gateway.hub import Delivery
from polytape.gateway.live import EndedError, LiveConnection
from polytape.gateway.live_frames import stream_frames, tool_frames
from polytape.wire.polygon.topics import Topic, parse_topic

AnySocket = WebSocket[Any, Any, Any]
MAX_MESSAGE = 1024 * 1024
MAX_TOPICS = 20_000
TOOL_CHANNELS = ("T", "Q", "A", "AM")


class StreamMessage(msgspec.Struct):
    """What a client of `/api/v1/stream` sends. `since`: first what the log has from there on;
    `log` names the log that it counts in.
    """

    action: str
    topics: list[str] = []
    since: int | None = None
    log: str | None = None


class ToolMessage(msgspec.Struct):
    """What an older tool sends to `/ws/{client_id}`."""

    action: str
    symbols: list[str] = []
    channels: tuple[str, ...] = ("T",)


async def pump(
    socket: AnySocket,
    connection: LiveConnection,
    frames: Callable[[Delivery], list[bytes]],
    on_message: Callable[[str | bytes], list[bytes]],
) -> None:
    """Send what the hub has for a client and answer what it sends, until one of them leaves."""
    tasks = [
        asyncio.ensure_future(_send(socket, connection, frames)),
        asyncio.ensure_future(_receive(socket, on_message)),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except EndedError as ended:
        await socket.close(1008, str(ended))
    except WebSocketDisconnect:
        pass
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        connection.close()


async def _send(
    socket: AnySocket, connection: LiveConnection, frames: Callable[[Delivery], list[bytes]]
) -> None:
    while True:
        for delivery in await connection.deliveries():
            for frame in frames(delivery):
                await socket.send_data(frame.decode(), mode="text")
        await asyncio.sleep(0)  # the other clients' turn


async def _receive(socket: AnySocket, on_message: Callable[[str | bytes], list[bytes]]) -> None:
    while True:
        data = await socket.receive_data(mode="text")
        for frame in on_message(data):
            await socket.send_data(frame.decode(), mode="text")


@websocket("/api/v1/stream")
async def stream(socket: AnySocket, gateway: NamedDependency[Gateway]) -> None:
    """Our own protocol: positions, backfilled bars, what happens to the feed."""
    await socket.accept()
    try:
        gateway.live.must_stream()
        connection = gateway.live.connect(f"stream-{uuid4().hex}", lifecycle=True)
    except PolygonClientError as error:
        await _refuse(socket, error)
        return
    hello = {"type": "connected", "position": gateway.live.hub.position, "log": gateway.live.log}
    await socket.send_data(msgspec.json.encode(hello).decode(), mode="text")
    await pump(socket, connection, stream_frames, _StreamTalk(gateway, connection).answer)


@websocket("/ws/{client_id:str}")
async def tool_stream(
    socket: AnySocket, gateway: NamedDependency[Gateway], client_id: FromPath[str]
) -> None:
    """The older tools' protocol."""
    await socket.accept()
    try:
        connection = gateway.live.connect(client_id, lifecycle=False)
    except PolygonClientError as error:
        await _refuse(socket, error)
        return
    talk = _ToolTalk(connection)
    await socket.send_data(talk.greeting().decode(), mode="text")
    await pump(socket, connection, tool_frames, talk.answer)


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


STREAM_ROUTES = [stream, tool_stream, stream_status]


class _StreamTalk:
    """What is said to one client of our own."""

    def __init__(self, gateway: Gateway, connection: LiveConnection) -> None:
        self._hub, self._log = gateway.live.hub, gateway.live.log
        self._connection = connection

    def answer(self, data: str | bytes) -> list[bytes]:
        """Frames that answer a message."""
        try:
            message = _read(data, StreamMessage)
            return self._act(message)
        except PolygonClientError as error:
            return [_error(error)]

    def _act(self, message: StreamMessage) -> list[bytes]:
        if message.action == "ping":
            return [_encode({"type": "pong", "position": self._hub.position})]
        if message.action not in ("subscribe", "unsubscribe"):
            allowed = one_of(("subscribe", "unsubscribe", "ping"))
            raise ValidationError("action", message.action, allowed)
        topics = frozenset(parse_topic(text, "topics") for text in message.topics)
        before = self._connection.subscriber.topics
        wanted = before | topics if message.action == "subscribe" else before - topics
        if len(wanted) > MAX_TOPICS:
            raise ValidationError("topics", len(wanted), f"at most {MAX_TOPICS:,} topics a client")
        position = self._connection.want(wanted)
        frames = [] if message.since is None else self._replayed(topics, message, position)
        reply = {"type": f"{message.action}d", "topics": sorted(map(str, topics))}
        return [_encode(reply | {"position": position}), *frames]

    def _replayed(
        self, topics: frozenset[Topic], message: StreamMessage, until: int
    ) -> list[bytes]:
        same = message.log in (None, self._log)
        batches = self._hub.replay(topics, message.since or 0, until) if same else None
        if batches is None:
            detail = "the log begins later" if same else "the gateway was started anew"
            return [_encode({"type": "gap", "position": until, "detail": detail})]
        return [frame for batch in batches for frame in stream_frames(batch)]


class _ToolTalk:
    """What is said to one older tool."""

    def __init__(self, connection: LiveConnection) -> None:
        self._connection = connection

    def greeting(self) -> bytes:
        """The first message."""
        name = self._connection.name
        message = "Connected to WebSocket server"
        return _encode(
            {"type": "connected", "message": message, "client_id": name, "timestamp": _now()}
        )

    def answer(self, data: str | bytes) -> list[bytes]:
        """Messages that answer a message."""
        try:
            message = _read(data, ToolMessage)
            return [self._act(message)]
        except PolygonClientError as error:
            return [_encode({"type": "error", "message": str(error)})]

    def _act(self, message: ToolMessage) -> bytes:
        if message.action == "ping":
            return _encode({"type": "pong", "timestamp": _now()})
        if message.action not in ("subscribe", "unsubscribe"):
            allowed = one_of(("subscribe", "unsubscribe", "ping"))
            raise ValidationError("action", message.action, allowed)
        before = self._connection.subscriber.topics
        if message.action == "unsubscribe":
            gone = {symbol.strip().upper() for symbol in message.symbols}
            self._connection.want(topic for topic in before if topic.symbol not in gone)
            return _encode({"type": "unsubscribed", "symbols": message.symbols})
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
        return _encode(reply | {"subscription_id": uuid4().hex})


async def _refuse(socket: AnySocket, error: PolygonClientError) -> None:
    """Say why there is no stream, and end."""
    with contextlib.suppress(WebSocketDisconnect):
        await socket.send_data(_error(error).decode(), mode="text")
        await socket.close(1008, str(error)[:120])


def _read(data: str | bytes, kind: type[Any]) -> Any:
    if len(data) > MAX_MESSAGE:
        raise ValidationError("message", len(data), f"at most {MAX_MESSAGE:,} bytes")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValidationError.from_detail(f"message: {error}", "message") from error


def _error(error: PolygonClientError) -> bytes:
    return _encode({"type": "error", "message": str(error)})


def _encode(message: dict[str, Any]) -> bytes:
    return msgspec.json.encode(message)


def _now() -> str:
    return datetime.now(UTC).isoformat()
