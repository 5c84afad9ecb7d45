"""Live events in the gateway: one source, one hub, a queue for each client."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import uuid4

from polytape.errors import (
    AuthenticationError,
    ConfigurationError,
    PolygonClientError,
    ValidationError,
    one_of,
)
from polytape.gateway.hub import HEARTBEAT, Hub
from polytape.gateway.subscriber import Lifecycle, Subscriber
from polytape.history.live_writer import LiveWriter
from polytape.model.histogram import Histogram
from polytape.upstream.live import LiveSource
from polytape.wire.polygon.events import MarketEvent, ended_at
from polytape.wire.polygon.topics import Topic

log = logging.getLogger(__name__)

# A client that hears nothing for much longer knows that nobody is there.
HEARTBEAT_S = 1.0
# Turns of the loop that events wait at most for those after them.
TURNS = 4
# A source that leaves the loop no turn is not waited for.
MOST_TOGETHER = 32
# Notices that are no news of the feed's health.
USUAL = frozenset({HEARTBEAT, "through"})
# As many as an hour of a bad feed has; the oldest goes first.
MOST_NOTICES = 200
NO_LIVE = "this gateway's source has no live bars: history still works"


class LiveService:
    """For one event loop. `now` gives microseconds UTC of the gateway's market, which the lag of
    events is counted by; `delivery` gets the seconds from their arrival until they are written.
    """

    def __init__(
        self,
        source: LiveSource | None,
        hub: Hub | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        writer: LiveWriter | None = None,
        now: Callable[[], int] | None = None,
        delivery: Histogram | None = None,
    ) -> None:
        # Positions count in the log of one run: whoever comes back names it.
        self.log = uuid4().hex
        self.hub = Hub() if hub is None else hub
        self._source = source
        self._sleep = sleep
        self._writer = writer
        self._now = now
        self._delivery = Histogram() if delivery is None else delivery
        # How long after its own time the newest event came.
        self.lag_seconds: float | None = None
        # Up to when minutes are complete, microseconds UTC, as far as the feed has said it.
        self.through: int | None = None
        # What happened to the feed, and when: microseconds UTC of the market's clock.
        self.notices: deque[tuple[int, Lifecycle]] = deque(maxlen=MOST_NOTICES)
        self._connections: dict[str, LiveConnection] = {}
        self._refusal: str | None = None
        self._waking: asyncio.Handle | None = None
        self._more = False
        self._together = 0

    async def run(self) -> None:
        """Take what the source sends, and give every client a sign of life, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._feed())
            while True:
                await self._sleep(HEARTBEAT_S)
                self.notice(HEARTBEAT)

    async def _feed(self) -> None:
        if self._source is None:
            return
        try:
            await self._source.run(self)
        except AuthenticationError as error:  # every client is to know of it
            self._refusal = str(error)
            log.warning("no live bars: %s", error)
            self.notice("refused", str(error))

    def must_stream(self) -> LiveSource:
        """The source. Raises: ConfigurationError where it has no live events."""
        if self._source is None:
            raise ConfigurationError(NO_LIVE)
        if self._refusal is not None:
            raise ConfigurationError(f"no live bars: {self._refusal} (history still works)")
        return self._source

    def status(self) -> str:
        """The source's state in one word."""
        if self._source is None:
            return "none"
        return "refused" if self._refusal is not None else self._source.status()

    def connect(self, name: str, *, lifecycle: bool) -> "LiveConnection":
        """A client's place in the hub. Raises: ValidationError where there are too many."""
        before = self._connections.pop(name, None)
        subscriber = self.hub.join(name, lifecycle=lifecycle)
        if before is not None:
            self._wake()
            self._tell_wishes()
        connection = self._connections[name] = LiveConnection(self, subscriber)
        return connection

    def want(self, name: str, topics: Iterable[Topic]) -> int:
        """A client wants exactly these topics; the position at which that begins.

        Raises: ConfigurationError where there are no live events; ValidationError for a channel
        that the source has not.
        """
        source, wanted = self.must_stream(), frozenset(topics)
        for channel in sorted({topic.channel for topic in wanted} - set(source.channels)):
            raise ValidationError("channel", channel, one_of(source.channels))
        position = self.hub.want(name, wanted)
        self._tell_wishes()
        return position

    def _tell_wishes(self) -> None:
        wanted = self.hub.wanted()
        if self._source is not None:
            self._source.want(wanted)
        if self._writer is not None:
            self._writer.want(wanted)

    def leave(self, connection: "LiveConnection") -> None:
        """A client is gone."""
        if self._connections.get(connection.name) is connection:
            del self._connections[connection.name]
            self.hub.leave(connection.name)
            self._tell_wishes()

    def events(self, events: Sequence[MarketEvent], *, backfilled: bool = False) -> None:
        """As `FeedSink.events`."""
        self.hub.publish(events, backfilled=backfilled, arrived=time.perf_counter())
        if self._now is not None and events and not backfilled:
            self.lag_seconds = max(0.0, (self._now() - ended_at(events[-1])) / 1e6)
        if self._writer is not None:
            self._writer.events(events, backfilled=backfilled)
        self._wake()

    def notice(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> None:
        """As `FeedSink.notice`."""
        log.log(logging.DEBUG if kind in USUAL else logging.INFO, "feed: %s %s", kind, detail)
        if kind == "through":
            self.through = end
        notice = self.hub.announce(kind, detail, start=start, end=end)
        if self._now is not None and kind not in USUAL:
            self.notices.append((self._now(), notice))
        if self._writer is not None:
            self._writer.notice(kind, detail, start=start, end=end)
        self._wake()

    def delivered(self, arrived: float) -> None:
        """What came at an instant of `time.perf_counter` is written to a client."""
        self._delivery.observe(time.perf_counter() - arrived)

    def _wake(self) -> None:
        """Let clients look once nothing more comes in a turn of the loop, or after a few: frames
        that are written together cost half.
        """
        self._more = True
        self._together += 1
        if self._together >= MOST_TOGETHER:
            self._look()
        elif self._waking is None:
            self._waking = asyncio.get_running_loop().call_soon(self._wait, TURNS)

    def _wait(self, turns: int) -> None:
        if self._more and turns:
            self._more = False
            self._waking = asyncio.get_running_loop().call_soon(self._wait, turns - 1)
            return
        self._waking = None
        self._look()

    def _look(self) -> None:
        self._together = 0
        for subscriber in self.hub.touched():
            subscriber.notify()


class LiveConnection:
    """One client: what it wants, and what waits for it."""

    def __init__(self, service: LiveService, subscriber: Subscriber) -> None:
        self._service = service
        self.subscriber = subscriber

    @property
    def name(self) -> str:
        """The client's name."""
        return self.subscriber.name

    def want(self, topics: Iterable[Topic]) -> int:
        """Want exactly these topics; the position at which that begins.

        Raises: EndedError once it is ended; as `LiveService.want`.
        """
        if self.subscriber.ended is not None:
            raise EndedError(self.subscriber.ended)
        return self._service.want(self.name, topics)

    def delivered(self, arrived: float) -> None:
        """As `LiveService.delivered`."""
        self._service.delivered(arrived)

    def close(self) -> None:
        """The client is gone."""
        self._service.leave(self)


class EndedError(PolygonClientError):
    """The hub ended a client: too slow, or another one took its name."""
