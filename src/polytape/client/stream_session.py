"""A client's side of `/api/v1/stream` as a state machine: what to send, what arrived. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from polytape.errors import DataFetchError
from polytape.wire.polygon.events import MarketEvent
from polytape.wire.polygon.topics import Topic


@dataclass(frozen=True, slots=True)
class StreamNotice:
    """Something that happened to the feed or to this connection.

    `kind`: connected, subscribed, gap, backfilled, reconnected, lag, refused, error, heartbeat,
    disconnected. `start` and `end` (ISO 8601, UTC) bound a gap.
    """

    kind: str
    detail: str = ""
    position: int = 0
    start: str | None = None
    end: str | None = None


StreamEvent: TypeAlias = MarketEvent | StreamNotice


class _Frame(msgspec.Struct):
    type: str
    position: int = 0
    next: int = 0
    log: str = ""
    backfilled: bool = False
    events: list[MarketEvent] = []
    detail: str = ""
    message: str = ""
    topics: list[str] = []
    start: str | None = None
    end: str | None = None


_DECODER = msgspec.json.Decoder(_Frame)


@dataclass
class StreamSession:
    """What is wanted, and where this client stands in the gateway's log. It outlives connections:
    after a break it asks for what it missed.
    """

    wanted: frozenset[Topic] = frozenset()
    position: int | None = None
    log: str = ""
    _subscribed: frozenset[Topic] = field(default_factory=frozenset)

    def want(self, topics: Iterable[Topic]) -> None:
        """Be subscribed to exactly these topics."""
        self.wanted = frozenset(topics)

    def opened(self) -> None:
        """A new connection, on which nothing is subscribed to yet."""
        self._subscribed = frozenset()

    def data_to_send(self) -> list[bytes]:
        """Messages that make what is subscribed to what is wanted."""
        messages: list[dict[str, Any]] = []
        gone, more = self._subscribed - self.wanted, self.wanted - self._subscribed
        if gone:
            messages.append({"action": "unsubscribe", "topics": sorted(map(str, gone))})
        if more:
            message: dict[str, Any] = {"action": "subscribe", "topics": sorted(map(str, more))}
            if self.position is not None and not self._subscribed:
                message |= {"since": self.position, "log": self.log}
            messages.append(message)
        self._subscribed = self.wanted
        return [msgspec.json.encode(message) for message in messages]

    def receive(self, data: bytes) -> list[StreamEvent]:
        """What a message of the gateway's says. An event that was received before is left out.

        Raises: DataFetchError for what is no message.
        """
        try:
            frame = _DECODER.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DataFetchError(f"a message of the stream could not be read: {error}") from error
        if frame.type != "events":
            return [self._notice(frame)]
        if self.position is not None and frame.next <= self.position:
            return []
        self.position = frame.next
        return list(frame.events)

    def _notice(self, frame: _Frame) -> StreamNotice:
        if frame.type == "connected" and frame.log != self.log:
            # Another gateway, or one that was started anew: it says of a gap itself.
            self.position, self.log = None, frame.log
        if frame.type == "subscribed" and self.position is None:
            self.position = frame.position
        detail = frame.detail or frame.message or ", ".join(frame.topics)
        return StreamNotice(frame.type, detail, frame.position, frame.start, frame.end)
