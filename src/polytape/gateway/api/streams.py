"""Streams: our own at `/api/v1/stream`, and the older tools' at `/ws/{client_id}`.

Wrong messages get an error that names what is wrong, and the connection lives.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec
from litestar import WebSocket, get, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath

from polytape.errors import PolygonClientError, ValidationError, one_of
from polytape.gateway.gateway import Gateway
from polytape.gateway.live import EndedError, LiveConnection
from polytape.gateway.live_frames import STREAM, Protocol, stream_messages, tool_protocol
from polytape.gateway.outlet import Outlet, frame_writer
from polytape.model.timestamps import iso, to_datetime
from polytape.wire.polygon.topics import Topic, parse_topic

AnySocket = WebSocket[Any, Any, Any]
MAX_MESSAGE = 1024 * 1024
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
    protocol: Protocol,
    on_message: Callable[[str | bytes], list[bytes]],
) -> None:
    """Send what the hub has for a client and answer what it sends, until one of them leaves."""
    outlet = Outlet(frame_writer(socket), connection, protocol)
    tasks = [
        asyncio.ensure_future(_receive(socket, outlet, on_message)),
        asyncio.ensure_future(outlet.ended()),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except EndedError as ended:
        await outlet.close(socket, str(ended))
    except WebSocketDisconnect:
        pass
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        connection.close()


async def _receive(
    socket: AnySocket, outlet: Outlet, on_message: Callable[[str | bytes], list[bytes]]
) -> None:
    while True:
        outlet.answer(on_message(await socket.receive_data(mode="text")))
        # Nobody who reads no answers may go on asking.
        await outlet.answered()


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
    live = gateway.live
    hello = {"type": "connected", "position": live.hub.position, "log": live.log}
    hello["at"] = iso(gateway.now())
    await socket.send_data(msgspec.json.encode(hello).decode(), mode="text")
    await pump(socket, connection, STREAM, _StreamTalk(gateway, connection).answer)


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
        position = self._connection.want(wanted)
        frames = [] if message.since is None else self._replayed(topics, message, position)
        reply = {"type": f"{message.action}d", "topics": sorted(map(str, topics))}
        return [_encode(reply | {"position": position}), *frames]

    def _replayed(
        self, topics: frozenset[Topic], message: StreamMessage, until: int
    ) -> list[bytes]:
        """What the log has, after a word on what it has not."""
        same = message.log in (None, self._log)
        since = (message.since or 0) if same else 0
        frames = []
        if not same or since < self._hub.log_begin:
            detail = "the log begins later" if same else "the gateway was started anew"
            frames.append(_encode({"type": "gap", "position": until, "detail": detail}))
        batches = self._hub.replay(topics, since, until)
        return [*frames, *(frame for batch in batches for frame in stream_messages(batch))]


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
        return _encode(hello | {"timestamp": self._stamp()})

    def answer(self, data: str | bytes) -> list[bytes]:
        """Messages that answer a message."""
        try:
            message = _read(data, ToolMessage)
            return [self._act(message)]
        except PolygonClientError as error:
            return [_encode({"type": "error", "message": str(error)})]

    def _act(self, message: ToolMessage) -> bytes:
        if message.action == "ping":
            return _encode({"type": "pong", "timestamp": self._stamp()})
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

    def _stamp(self) -> str:
        return to_datetime(self._now()).isoformat()


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
