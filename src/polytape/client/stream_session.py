"""A client's side of `/api/v1/stream` as a state machine: what to send, what arrived. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import msgspec

from polytape.errors import DataFetchError
from polytape.wire.polygon.events import Aggregate, MarketEvent
from polytape.wire.polygon.topics import Topic


@dataclass(frozen=True, slots=True)
class StreamNotice:
    """Something that happened to the feed or to this connection.

    `kind`: connected, subscribed, gap, backfilled, reconnected, lag, refused, error, heartbeat,
    disconnected, through. `start` and `end` (ISO 8601, UTC) bound a gap; `end` of through is up to
    when minute bars are complete; `at` is the gateway's time.
    """

    kind: str
    detail: str = ""
    position: int = 0
    start: str | None = None
    end: str | None = None
    at: str | None = None


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
    at: str | None = None


_DECODER = msgspec.json.Decoder(_Frame)


@dataclass
class StreamSession:
    """What is wanted, and where this client stands in the gateway's log. It outlives connections:
    after a break it asks for what it missed. With `replay` it first asks for all that the log has.
    """

    wanted: frozenset[Topic] = frozenset()
    position: int | None = None
    log: str = ""
    replay: bool = False
    _subscribed: frozenset[Topic] = field(default_factory=frozenset)
    _greeted: bool = False

    def want(self, topics: Iterable[Topic]) -> None:
        """Be subscribed to exactly these topics."""
        self.wanted = frozenset(topics)

    def opened(self) -> None:
        """A new connection, on which nothing is subscribed to yet."""
        self._subscribed, self._greeted = frozenset(), False

    @property
    def has_data_to_send(self) -> bool:
        """Whether what is subscribed to is not what is wanted; before the gateway has greeted, and
        so has said which log it has, nothing is sent.
        """
        return self._greeted and self._subscribed != self.wanted

    def data_to_send(self) -> list[bytes]:
        """Messages that make what is subscribed to what is wanted."""
        messages: list[dict[str, Any]] = []
        if not self._greeted:
            return []
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
        """What a message of the gateway's says. An event that was received before is left out; a
        bar that was missed and comes late is marked `backfilled`.

        Raises: DataFetchError for what is no message.
        """
        try:
            frame = _DECODER.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DataFetchError(f"a message of the stream could not be read: {error}") from error
        if frame.type != "events":
            return self._notices(frame)
        if self.position is not None and frame.next <= self.position:
            return []
        self.position = frame.next
        if frame.backfilled:
            for event in frame.events:
                if isinstance(event, Aggregate):
                    event.backfilled = True
        return cast("list[StreamEvent]", frame.events)

    def _notices(self, frame: _Frame) -> list[StreamEvent]:
        detail = frame.detail or frame.message or ", ".join(frame.topics)
        notice = StreamNotice(frame.type, detail, frame.position, frame.start, frame.end, frame.at)
        if frame.type == "subscribed" and self.position is None:
            self.position = frame.position
        if frame.type != "connected" or not frame.log:
            return [notice]
        self._greeted = True
        before, self.log = self.log, frame.log
        if before == frame.log:
            return [notice]
        # Another gateway, or one that was started anew: what its log has is asked for.
        self.position = 0 if self.replay or before else None
        anew = StreamNotice("gap", "the gateway was started anew", frame.position)
        return [notice, anew] if before else [notice]
