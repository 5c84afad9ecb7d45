"""The hub: every live event once, to everybody who wants it. Pure: no I/O, no clock.

Each batch of events has a position in the hub's log. A subscriber is told the position at which its
subscription begins; bars up to it come from history and the log, those from it on live, so that no
timing decides where one ends and the other begins.

A repeated bar (symbol and start) replaces the one before, with a revision count. Each subscriber
has a bounded queue: when it is slow, its bars are conflated to the newest of each symbol; trades
and quotes cannot be, and end it with a reason. The publisher never waits.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from polytape.errors import ValidationError
from polytape.wire.polygon.events import MarketEvent, MinuteAggregate, topic_of
from polytape.wire.polygon.topics import ALL, Topic, needed

# Batches that a subscriber may be behind before it counts as slow.
MAX_QUEUE = 4_096
# Events that the log remembers: an hour of minutes of the whole market.
MAX_LOG = 500_000
# A sign of life, which nobody needs who has something to read.
HEARTBEAT = "heartbeat"
CONFLATED = frozenset({"A", "AM"})


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that came together, and where they stand in the log: [position, end), in which there
    may have been others. `backfilled` ones were missed while the feed was broken, and come late.
    """

    position: int
    end: int
    events: tuple[MarketEvent, ...]
    backfilled: bool = False
    # The same bytes for every client that wants these events: built once, by protocol.
    frames: dict[str, list[bytes]] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Something that happened to the feed: connected, gap, backfilled, reconnected, lag."""

    kind: str
    position: int
    detail: str = ""
    start: int | None = None
    end: int | None = None


Delivery = Batch | Lifecycle


@dataclass
class Subscriber:
    """One client of the hub: what it wants, and what waits for it."""

    name: str
    topics: frozenset[Topic] = frozenset()
    queue: deque[Delivery] = field(default_factory=deque)
    conflated: dict[tuple[str, str], tuple[int, MarketEvent]] = field(default_factory=dict)
    lifecycle: bool = True
    ended: str | None = None

    @property
    def waiting(self) -> int:
        """How many deliveries wait."""
        return len(self.queue) + bool(self.conflated)

    def wants(self, channel: str, symbol: str) -> bool:
        """Whether an event is for it."""
        return Topic(channel, symbol) in self.topics or Topic(channel, ALL) in self.topics

    def take(self) -> list[Delivery]:
        """Everything that waits, in order; conflated bars come last, each symbol's newest."""
        deliveries: list[Delivery] = list(self.queue)
        self.queue.clear()
        for position, event in sorted(self.conflated.values(), key=lambda item: item[0]):
            deliveries.append(Batch(position, position + 1, (event,)))
        self.conflated.clear()
        return deliveries


class Hub:
    """For one event loop."""

    def __init__(
        self, *, max_subscribers: int = 2_000, max_queue: int = MAX_QUEUE, max_log: int = MAX_LOG
    ) -> None:
        self._max_subscribers = max_subscribers
        self._max_queue = max_queue
        self._max_log = max_log
        self._subscribers: dict[str, Subscriber] = {}
        # Each set of topics that is wanted: by whom, and which of them hold a topic.
        self._by_wish: dict[frozenset[Topic], set[str]] = {}
        self._wishes: dict[Topic, set[frozenset[Topic]]] = {}
        self._log: deque[Batch] = deque()
        self._logged = 0
        self._revisions: dict[tuple[str, int], int] = {}
        self.position = 0

    def __len__(self) -> int:
        return len(self._subscribers)

    def names(self) -> list[str]:
        """The names of all subscribers."""
        return list(self._subscribers)

    def join(self, name: str, *, lifecycle: bool = True) -> Subscriber:
        """A new subscriber, which wants nothing yet. One of the same name ends.

        Raises: ValidationError where there are too many.
        """
        if name in self._subscribers:
            self.leave(name, "another connection took this name")
        if len(self._subscribers) >= self._max_subscribers:
            raise ValidationError("client", name, f"at most {self._max_subscribers:,} clients")
        subscriber = self._subscribers[name] = Subscriber(name, lifecycle=lifecycle)
        return subscriber

    def leave(self, name: str, reason: str = "left") -> None:
        """A subscriber is gone; what it wanted alone is wanted no more."""
        subscriber = self._subscribers.pop(name, None)
        if subscriber is not None:
            self._index(subscriber, frozenset())
            subscriber.ended = subscriber.ended or reason

    def want(self, name: str, topics: Iterable[Topic]) -> int:
        """A subscriber wants exactly these topics; the position at which that begins."""
        subscriber = self._subscribers[name]
        self._index(subscriber, frozenset(topics))
        return self.position

    def wanted(self) -> frozenset[Topic]:
        """What all subscribers together want of the feed."""
        return needed(self._wishes)

    def publish(self, events: Sequence[MarketEvent], *, backfilled: bool = False) -> Batch:
        """Give events their positions, log them, and queue them for those who want them."""
        batch = Batch(self.position, self.position + len(events), tuple(events), backfilled)
        self.position = batch.end
        self._remember(batch)
        for topics, mine in self._by_topics(batch).items():
            whole = len(mine) == len(batch.events)
            part = batch if whole else Batch(batch.position, batch.end, tuple(mine), backfilled)
            for name in self._by_wish[topics]:
                self._queue(self._subscribers[name], part)
        return batch

    def announce(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> Lifecycle:
        """Say what happened to the feed to everybody who wants to know."""
        notice = Lifecycle(kind, self.position, detail, start, end)
        for subscriber in self._subscribers.values():
            idle = not subscriber.waiting
            if subscriber.lifecycle and subscriber.ended is None and (idle or kind != HEARTBEAT):
                subscriber.queue.append(notice)
        return notice

    def replay(self, topics: Iterable[Topic], since: int, until: int) -> list[Batch] | None:
        """The logged events of topics with positions in [since, until); None where the log does not
        reach back so far.
        """
        if self._log and since < self._log[0].position:
            return None
        wanted = frozenset(topics)
        batches = []
        for batch in self._log:
            mine = tuple(
                event
                for at, event in enumerate(batch.events, batch.position)
                if since <= at < until and _matches(event, wanted)
            )
            if mine:
                start, end = max(since, batch.position), min(until, batch.end)
                batches.append(Batch(start, end, mine, batch.backfilled))
        return batches

    def revision(self, symbol: str, start_ms: int) -> int:
        """How often a minute bar has come: 0 for the first time."""
        return self._revisions.get((symbol, start_ms), 0)

    def latest_minutes(self) -> dict[str, int]:
        """The start (milliseconds) of the newest logged minute of each symbol."""
        newest: dict[str, int] = {}
        for batch in self._log:
            for event in batch.events:
                if isinstance(event, MinuteAggregate):
                    newest[event.symbol] = max(event.start, newest.get(event.symbol, 0))
        return newest

    def _index(self, subscriber: Subscriber, topics: frozenset[Topic]) -> None:
        before = subscriber.topics
        names = self._by_wish.get(before, set())
        names.discard(subscriber.name)
        if before and not names:
            self._by_wish.pop(before, None)
            for topic in before:
                self._wishes[topic].discard(before)
                if not self._wishes[topic]:
                    del self._wishes[topic]
        if topics:
            self._by_wish.setdefault(topics, set()).add(subscriber.name)
            for topic in topics:
                self._wishes.setdefault(topic, set()).add(topics)
        subscriber.topics = topics

    def _by_topics(self, batch: Batch) -> dict[frozenset[Topic], list[MarketEvent]]:
        """The events of a batch by the sets of topics that somebody wants: who wants the same gets
        the same frames.
        """
        parts: dict[frozenset[Topic], list[MarketEvent]] = {}
        for event in batch.events:
            channel, symbol = topic_of(event)
            wishes = self._wishes.get(Topic(channel, symbol), set())
            for topics in wishes | self._wishes.get(Topic(channel, ALL), set()):
                parts.setdefault(topics, []).append(event)
        return parts

    def _queue(self, subscriber: Subscriber, batch: Batch) -> None:
        if subscriber.ended is not None:
            return
        if len(subscriber.queue) < self._max_queue and not subscriber.conflated:
            subscriber.queue.append(batch)
            return
        for at, event in enumerate(batch.events, batch.position):
            channel, symbol = topic_of(event)
            if channel not in CONFLATED:
                subscriber.ended = f"too slow for {channel}: {subscriber.waiting:,} frames wait"
                return
            subscriber.conflated[channel, symbol] = at, event

    def _remember(self, batch: Batch) -> None:
        self._log.append(batch)
        self._logged += len(batch.events)
        for event in batch.events:
            if isinstance(event, MinuteAggregate):
                key = (event.symbol, event.start)
                self._revisions[key] = self._revisions.get(key, -1) + 1
        while self._logged > self._max_log and len(self._log) > 1:
            gone = self._log.popleft()
            self._logged -= len(gone.events)
            for event in gone.events:
                if isinstance(event, MinuteAggregate):
                    self._revisions.pop((event.symbol, event.start), None)


def _matches(event: MarketEvent, topics: frozenset[Topic]) -> bool:
    channel, symbol = topic_of(event)
    return Topic(channel, symbol) in topics or Topic(channel, ALL) in topics
