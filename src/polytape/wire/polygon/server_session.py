"""The vendor's side of its live protocol, towards our own clients, so that the vendor's own clients
work unchanged. A state machine: no I/O.

Wrong input gets a status that names it, and the connection lives.
"""

from collections.abc import Callable
from enum import Enum, auto

import msgspec

from polytape.errors import ValidationError
from polytape.wire.polygon.events import StatusMessage, encode_frame
from polytape.wire.polygon.topics import Topic, parse_topics

MAX_MESSAGE_BYTES = 1024 * 1024


class Phase(Enum):
    """How far a client has come."""

    AUTHENTICATING = auto()
    READY = auto()
    REFUSED = auto()


class Message(msgspec.Struct):
    """What a client sends."""

    action: str
    params: str = ""


class ServerSession:
    """One client. `admits` says whether a key is accepted. `topics` is what it is subscribed to;
    whoever serves it compares that with what it had before.
    """

    def __init__(self, admits: Callable[[str], bool], max_topics: int) -> None:
        self._admits = admits
        self._max_topics = max_topics
        self._outgoing: list[bytes] = []
        self.topics: frozenset[Topic] = frozenset()
        self.phase = Phase.AUTHENTICATING
        self._say("connected", "Connected Successfully")

    def receive_data(self, data: bytes | str) -> None:
        """A whole message of the client's."""
        if len(data) > MAX_MESSAGE_BYTES:
            self._say("error", f"a message of at most {MAX_MESSAGE_BYTES:,} bytes is expected")
            return
        try:
            message = msgspec.json.decode(data, type=Message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._say("error", f"a JSON object with action and params is expected: {error}")
            return
        self._act(message)

    def data_to_send(self) -> list[bytes]:
        """Frames to send, in order."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def _act(self, message: Message) -> None:
        if message.action == "auth":
            self._authenticate(message.params)
        elif message.action not in ("subscribe", "unsubscribe"):
            self._say(
                "error", f"action={message.action!r} is not valid: auth, subscribe, unsubscribe"
            )
        elif self.phase is not Phase.READY:
            self._say("auth_required", "authenticate before you subscribe")
        elif message.action == "subscribe":
            self._subscribe(message.params)
        else:
            self._unsubscribe(message.params)

    def _authenticate(self, key: str) -> None:
        if self.phase is Phase.READY or self._admits(key):
            self.phase = Phase.READY
            self._say("auth_success", "authenticated")
        else:
            self.phase = Phase.REFUSED
            self._say("auth_failed", "authentication failed")

    def _subscribe(self, params: str) -> None:
        statuses = []
        # One frozen set a message: one a topic takes time by the square of their number.
        topics = set(self.topics)
        for topic in parse_topics(params):
            if isinstance(topic, ValidationError):
                statuses.append(StatusMessage("error", str(topic)))
            elif topic in topics:
                continue  # as the vendor: a topic that is there already gets no answer
            elif len(topics) >= self._max_topics:
                text = f"{topic}: at most {self._max_topics:,} topics a client"
                statuses.append(StatusMessage("error", text))
            else:
                topics.add(topic)
                statuses.append(StatusMessage("success", f"subscribed to: {topic}"))
        self.topics = frozenset(topics)
        self._say_all(statuses)

    def _unsubscribe(self, params: str) -> None:
        statuses = []
        gone: set[Topic] = set()
        for topic in parse_topics(params):
            if isinstance(topic, ValidationError):
                statuses.append(StatusMessage("error", str(topic)))
                continue
            gone.add(topic)
            statuses.append(StatusMessage("success", f"unsubscribed to: {topic}"))
        # The end of a whole channel ends all of its topics.
        self.topics = frozenset(
            t for t in self.topics if t not in gone and t.everything not in gone
        )
        self._say_all(statuses)

    def _say(self, status: str, message: str) -> None:
        self._say_all([StatusMessage(status, message)])

    def _say_all(self, statuses: list[StatusMessage]) -> None:
        if statuses:
            self._outgoing.append(encode_frame(statuses))
