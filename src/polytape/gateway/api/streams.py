"""Our own streams, at `/api/v1/stream`. Wrong messages get an error that names what is wrong, and
the connection lives.
"""

from uuid import uuid4

import msgspec
from litestar import websocket
from litestar.di import NamedDependency

from polytape.errors import PolygonClientError, ValidationError, one_of
from polytape.gateway.api import stream_pump
from polytape.gateway.api.tool_stream import TOOL_ROUTES
from polytape.gateway.gateway import Gateway
from polytape.gateway.live import LiveConnection
from polytape.gateway.live_frames import STREAM, stream_messages
from polytape.model.timestamps import iso
from polytape.wire.polygon.topics import Topic, parse_topic

# A page's WebSocket has no headers: it names its token as a second protocol.
SUBPROTOCOL = "polytape"


class StreamMessage(msgspec.Struct):
    """What a client of `/api/v1/stream` sends. `since`: first what the log has from there on;
    `log` names the log that it counts in.
    """

    action: str
    topics: list[str] = []
    since: int | None = None
    log: str | None = None


@websocket("/api/v1/stream")
async def stream(socket: stream_pump.AnySocket, gateway: NamedDependency[Gateway]) -> None:
    """Our own protocol: positions, backfilled bars, what happens to the feed."""
    offered = SUBPROTOCOL if SUBPROTOCOL in socket.scope.get("subprotocols", ()) else None
    await socket.accept(subprotocols=offered)
    try:
        source = gateway.live.must_stream()
        connection = gateway.live.connect(f"stream-{uuid4().hex}", lifecycle=True)
    except PolygonClientError as error:
        await stream_pump.refuse(socket, error)
        return
    live = gateway.live
    hello: dict[str, object] = {"type": "connected", "position": live.hub.position}
    hello |= {"log": live.log, "at": iso(gateway.now()), "channels": source.channels}
    await socket.send_data(msgspec.json.encode(hello).decode(), mode="text")
    await stream_pump.pump(socket, connection, STREAM, _StreamTalk(gateway, connection).answer)


STREAM_ROUTES = [stream, *TOOL_ROUTES]


class _StreamTalk:
    """What is said to one client of our own."""

    def __init__(self, gateway: Gateway, connection: LiveConnection) -> None:
        self._hub, self._log = gateway.live.hub, gateway.live.log
        self._connection = connection

    def answer(self, data: str | bytes) -> list[bytes]:
        """Frames that answer a message."""
        try:
            message = stream_pump.read_message(data, StreamMessage)
            return self._act(message)
        except PolygonClientError as error:
            return [stream_pump.error_message(error)]

    def _act(self, message: StreamMessage) -> list[bytes]:
        if message.action == "ping":
            return [stream_pump.encode({"type": "pong", "position": self._hub.position})]
        if message.action not in ("subscribe", "unsubscribe"):
            allowed = one_of(("subscribe", "unsubscribe", "ping"))
            raise ValidationError("action", message.action, allowed)
        topics = frozenset(parse_topic(text, "topics") for text in message.topics)
        before = self._connection.subscriber.topics
        wanted = before | topics if message.action == "subscribe" else before - topics
        position = self._connection.want(wanted)
        frames = [] if message.since is None else self._replayed(topics, message, position)
        reply = {"type": f"{message.action}d", "topics": sorted(map(str, topics))}
        return [stream_pump.encode(reply | {"position": position}), *frames]

    def _replayed(
        self, topics: frozenset[Topic], message: StreamMessage, until: int
    ) -> list[bytes]:
        """What the log has, after a word on what it has not."""
        same = message.log in (None, self._log)
        since = (message.since or 0) if same else 0
        frames = []
        if not same or since < self._hub.log_begin:
            detail = "the log begins later" if same else "the gateway was started anew"
            frames.append(stream_pump.encode({"type": "gap", "position": until, "detail": detail}))
        batches = self._hub.replay(topics, since, until)
        return [*frames, *(frame for batch in batches for frame in stream_messages(batch))]
