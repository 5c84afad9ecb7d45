"""Our side of the vendor's live protocol, as a state machine: fed with what arrives, it says what
to send and what happened. No I/O, no clock.

https://massive.com/docs/websocket/quickstart

    greeting -> auth -> auth_success -> subscribe as a difference of wanted and subscribed
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias, assert_never

import msgspec

from polytape.errors import DataFetchError
from polytape.wire.polygon.events import (
    FIRST_MICROSECONDS,
    Aggregate,
    LiveEvent,
    MarketEvent,
    StatusMessage,
    decode_frame,
    microseconds,
)
from polytape.wire.polygon.messages import US_PER_MS
from polytape.wire.polygon.topics import Topic, messages, needed

GREETINGS = frozenset({"connected", "success"})
# A late answer to the key is no answer: it is sent again on the next connection.
DROPS = frozenset({"auth_timeout", "force_disconnect", "slow_consumer"})
SUBSCRIBED = "subscribed to:"
# A message comes in pieces of a burst; one that has no end is no message.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024


class Phase(Enum):
    """How far a session has come."""

    CONNECTING = auto()
    AUTHENTICATING = auto()
    READY = auto()
    ENDED = auto()


@dataclass(frozen=True, slots=True)
class Ready:
    """The key was accepted; what is wanted is being subscribed to."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The vendor sends a topic from here on."""

    topic: str


@dataclass(frozen=True, slots=True)
class KeyRefused:
    """The vendor refused the key, or its plan has no live data: trying again changes nothing."""

    message: str


@dataclass(frozen=True, slots=True)
class Evicted:
    """Another connection took this one's place: coming back at once would evict that one."""

    message: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """The server ends the connection: come back and fill the gap."""

    message: str


@dataclass(frozen=True, slots=True)
class TopicRefused:
    """A topic is not in the plan; the others go on."""

    message: str


Notice: TypeAlias = Ready | Subscribed | KeyRefused | Evicted | Dropped | TopicRefused


class FeedSession:
    """One connection to the vendor. `want` may be called at any time; `data_to_send` has the
    messages that follow from it.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._wanted: frozenset[Topic] = frozenset()
        self._subscribed: frozenset[Topic] = frozenset()
        self._fragments: list[bytes] = []
        self._events: list[MarketEvent | Notice] = []
        self._outgoing: list[bytes] = []
        self.phase = Phase.CONNECTING

    def __repr__(self) -> str:
        return f"FeedSession({self.phase.name}, {len(self._subscribed)} topics)"

    def want(self, topics: Iterable[Topic]) -> None:
        """Be subscribed to exactly these topics."""
        self._wanted = needed(topics)
        if self.phase is Phase.READY:
            self._reconcile()

    def receive_data(self, data: bytes | str, *, finished: bool = True) -> None:
        """A message, or a fragment of one that is not finished.

        Raises: DataFetchError for what is no frame of the vendor's.
        """
        part = data.encode() if isinstance(data, str) else data
        if not finished or self._fragments:
            self._fragments.append(part)
            if sum(map(len, self._fragments)) > MAX_MESSAGE_BYTES:
                self._fragments = []
                raise DataFetchError(f"a message of more than {MAX_MESSAGE_BYTES:,} bytes")
            if not finished:
                return
            part, self._fragments = b"".join(self._fragments), []
        for event in decode_frame(part):
            self._take(event)

    def receive_eof(self) -> None:
        """The connection ended."""
        self._fragments, self._subscribed = [], frozenset()
        self.phase = Phase.ENDED

    def events_received(self) -> list[MarketEvent | Notice]:
        """What happened since this was last called, in order."""
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> list[bytes]:
        """Messages to send, in order."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def _take(self, event: LiveEvent) -> None:
        if isinstance(event, StatusMessage):
            self._take_status(event.status, event.message)
            return
        if isinstance(event, Aggregate) and event.start >= FIRST_MICROSECONDS:
            # Bars are known by their start: it has one unit, whatever the vendor sent.
            event.start = microseconds(event.start) // US_PER_MS
            event.end = microseconds(event.end) // US_PER_MS
        self._events.append(event)

    def _take_status(self, status: str, message: str) -> None:
        match self.phase:
            case Phase.CONNECTING if status in GREETINGS:
                self._send({"action": "auth", "params": self._key})
                self.phase = Phase.AUTHENTICATING
            case Phase.CONNECTING | Phase.AUTHENTICATING if status == "auth_success":
                self.phase = Phase.READY
                self._events.append(Ready())
                self._reconcile()
            case Phase.ENDED:
                pass
            case Phase.CONNECTING | Phase.AUTHENTICATING | Phase.READY:
                self._take_trouble(status, message)
            case _:
                assert_never(self.phase)

    def _take_trouble(self, status: str, message: str) -> None:
        """Statuses that nobody has heard of never break a session."""
        if status == "success" and message.startswith(SUBSCRIBED):
            self._events.append(Subscribed(message.removeprefix(SUBSCRIBED).strip()))
        elif status == "auth_failed":
            self._events.append(KeyRefused(message or status))
        elif status == "max_connections":
            self._events.append(Evicted(message or status))
        elif status in DROPS:
            self._events.append(Dropped(message or status))
        elif status == "auth_required":
            self.phase = Phase.AUTHENTICATING
            self._subscribed = frozenset()
            self._send({"action": "auth", "params": self._key})
        elif status == "error":
            self._events.append(TopicRefused(message))

    def _reconcile(self) -> None:
        """Subscribe to what is wanted and not yet subscribed to, and the other way round."""
        for action, topics in (
            ("unsubscribe", self._subscribed - self._wanted),
            ("subscribe", self._wanted - self._subscribed),
        ):
            for message in messages(action, topics):
                self._send(message)
        self._subscribed = self._wanted

    def _send(self, message: dict[str, str]) -> None:
        self._outgoing.append(msgspec.json.encode(message))
