"""One client's live session with the fake vendor: greeting, key, topics as a plan includes them. No
I/O.

https://massive.com/docs/websocket/quickstart
"""

import json
from collections.abc import Callable, Collection

from polytape.fake_vendor.live_mischief import LiveMischief, status_frame
from polytape.wire.polygon.server_session import Phase, ServerSession
from polytape.wire.polygon.topics import Topic, parse_topics

NO_LIVE = (
    "Your plan doesn't include websocket access. Visit https://massive.com/pricing to upgrade."
)
NOT_AUTHORIZED = "not authorized"
# The vendor names no limit.
MANY_TOPICS = 1_000_000


class VendorSession:
    """`channels`: those of the plan. `mischief` is done once each. `key` is the one that was
    accepted.
    """

    def __init__(
        self,
        admits: Callable[[str], bool],
        channels: Collection[str],
        mischief: Collection[LiveMischief] = (),
    ) -> None:
        self._session = ServerSession(admits, MANY_TOPICS)
        self._admits = admits
        self._channels = channels
        self._mischief = set(mischief)
        self._outgoing = self._session.data_to_send()
        if LiveMischief.NO_GREETING in self._mischief:
            self._outgoing = []
        self.key: str | None = None

    @property
    def topics(self) -> frozenset[Topic]:
        """What it is subscribed to."""
        return self._session.topics

    def receive_data(self, text: str) -> None:
        """A whole message of the client's."""
        match _parsed(text):
            case {"action": "auth", "params": str(key)}:
                self._authenticate(text, key)
            case {"action": "subscribe", "params": str(params)} if self.key is not None:
                self._subscribe(params)
            case _:
                self._pass_on(text)

    def data_to_send(self) -> list[bytes]:
        """Frames to send, in order."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def _authenticate(self, text: str, key: str) -> None:
        if LiveMischief.AUTH_REFUSED in self._mischief:
            self._say("auth_failed", "authentication failed")
        elif LiveMischief.AUTH_TIMEOUT in self._mischief:
            self._say("auth_timeout", "authentication timed out")
        elif self._admits(key) and not self._channels:
            self._say("auth_failed", NO_LIVE)
        else:
            self._pass_on(text)
            if self._session.phase is Phase.READY:
                self.key = key

    def _subscribe(self, params: str) -> None:
        """Topics outside the plan get an error each; the others live."""
        accepted = []
        for part in params.split(","):
            (topic,) = parse_topics(part)
            refused = isinstance(topic, Topic) and topic.channel not in self._channels
            if refused or LiveMischief.TOPIC_ERROR in self._mischief:
                self._mischief.discard(LiveMischief.TOPIC_ERROR)
                self._say("error", NOT_AUTHORIZED)
            else:
                accepted.append(part)
        if accepted:
            self._pass_on(json.dumps({"action": "subscribe", "params": ",".join(accepted)}))

    def _pass_on(self, text: str) -> None:
        self._session.receive_data(text)
        self._outgoing += self._session.data_to_send()

    def _say(self, status: str, message: str) -> None:
        self._outgoing.append(status_frame(status, message))


def _parsed(text: str) -> object:
    """A message; None for what is no JSON, which the session answers."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
