"""The hub: every live event once, to everybody who wants it. Pure: no I/O, no clock.

Each batch of events has a position in the hub's log. A subscriber is told the position at which its
subscription begins; bars up to it come from history and the log, those from it on live, so that no
timing decides where one ends and the other begins.

A repeated bar (symbol and start) replaces the one before, where bars are held. Each subscriber has
a bounded queue: when it is slow, its bars are conflated to the newest of each symbol; trades
and quotes cannot be, and end it with a reason. The publisher never waits.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from polytape.errors import ValidationError
from polytape.gateway.event_log import EventLog
from polytape.gateway.subscriber import Batch, Delivery, Lifecycle, Subscriber, Wish
from polytape.wire.polygon.events import MarketEvent, channels_of, topic_of
from polytape.wire.polygon.topics import ALL, Topic, needed

MAX_SUBSCRIBERS = 2_000
# Topics of one subscriber.
MAX_TOPICS = 20_000
# Batches that a subscriber may be behind before it counts as slow.
MAX_QUEUE = 4_096
# Events that the log remembers: an hour of minutes of the whole market.
MAX_LOG = 500_000
# A sign of life, which nobody needs who has something to read.
HEARTBEAT = "heartbeat"


class Hub:
    """For one event loop."""

    def __init__(
        self,
        *,
        max_subscribers: int = MAX_SUBSCRIBERS,
        max_queue: int = MAX_QUEUE,
        max_log: int = MAX_LOG,
    ) -> None:
        self._max_subscribers = max_subscribers
        self._max_queue = max_queue
        self._subscribers: dict[str, Subscriber] = {}
        # Each set of topics that is wanted: by whom, and which of them need a channel's symbol.
        self._by_wish: dict[Wish, dict[str, Subscriber]] = {}
        self._wishes: dict[tuple[str, str], set[Wish]] = {}
        self._wanted: frozenset[Topic] | None = frozenset()
        self._touched: list[Subscriber] = []
        self._log = EventLog(max_log)
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
            self._touched.append(subscriber)

    def want(self, name: str, topics: Iterable[Topic]) -> int:
        """A subscriber wants exactly these topics; the position at which that begins.

        Raises: ValidationError where there are too many.
        """
        wish = frozenset(topics)
        if len(wish) > MAX_TOPICS:
            raise ValidationError("topics", len(wish), f"at most {MAX_TOPICS:,} topics a client")
        self._index(self._subscribers[name], wish)
        return self.position

    def wanted(self) -> frozenset[Topic]:
        """What all subscribers together want of the feed."""
        if self._wanted is None:
            self._wanted = needed(Topic(*key) for key in self._wishes)
        return self._wanted

    @property
    def waiting(self) -> int:
        """How many deliveries wait for all subscribers."""
        return sum(subscriber.waiting for subscriber in self._subscribers.values())

    def publish(
        self, events: Sequence[MarketEvent], *, backfilled: bool = False, arrived: float = 0.0
    ) -> Batch:
        """Give events their positions, log them, and queue them for those who want them. `arrived`:
        when they came, seconds of a clock that only grows.
        """
        end = self.position + len(events)
        batch = Batch(self.position, end, tuple(events), backfilled, arrived=arrived)
        self.position = batch.end
        self._log.append(batch)
        for wish, part in self._parts(batch).items():
            for subscriber in self._by_wish[wish].values():
                if subscriber.ended is None:
                    self._put(subscriber, part)
        return batch

    def announce(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> Lifecycle:
        """Say what happened to the feed to everybody who wants to know."""
        notice = Lifecycle(kind, self.position, detail, start, end)
        for subscriber in self._subscribers.values():
            idle = not subscriber.waiting
            if subscriber.lifecycle and subscriber.ended is None and (idle or kind != HEARTBEAT):
                self._put(subscriber, notice)
        return notice

    def touched(self) -> list[Subscriber]:
        """Who is to look since the last call: for whom something waits where nothing did, and who
        has ended.
        """
        touched, self._touched = self._touched, []
        return touched

    def replay(self, topics: Iterable[Topic], since: int, until: int) -> list[Batch]:
        """The logged events of topics with positions in [since, until)."""
        return self._log.replay(topics, since, until)

    @property
    def log_begin(self) -> int:
        """The first position that the log has."""
        return self._log.begin

    def _index(self, subscriber: Subscriber, wish: Wish) -> None:
        before = subscriber.topics
        subscribers = self._by_wish.get(before, {})
        subscribers.pop(subscriber.name, None)
        if before and not subscribers:
            del self._by_wish[before]
            for key in _keys(before):
                self._wishes[key].discard(before)
                if not self._wishes[key]:
                    del self._wishes[key]
                    self._wanted = None
        if wish and wish not in self._by_wish:
            for key in _keys(wish):
                if key not in self._wishes:
                    self._wishes[key], self._wanted = set(), None
                self._wishes[key].add(wish)
        if wish:
            self._by_wish.setdefault(wish, {})[subscriber.name] = subscriber
        subscriber.topics = wish

    def _put(self, subscriber: Subscriber, delivery: Delivery) -> None:
        idle = not subscriber.queue
        subscriber.put(delivery, self._max_queue)
        if idle or subscriber.ended is not None:
            self._touched.append(subscriber)

    def _parts(self, batch: Batch) -> dict[Wish, Batch]:
        """What of a batch is for whom: who wants the same gets the same object, and so the same
        frames.
        """
        whole = self._wishes_of_all(channels_of(batch.events))
        parts = dict.fromkeys(whole, batch)
        if len(whole) == len(self._by_wish):
            return parts
        chosen: dict[Wish, list[MarketEvent]] = {}
        for event in batch.events:
            key = topic_of(event)
            for wishes in (self._wishes.get(key, ()), self._wishes.get((key[0], ALL), ())):
                for wish in wishes:
                    if wish not in whole:
                        chosen.setdefault(wish, []).append(event)
        for wish, mine in chosen.items():
            every = len(mine) == len(batch.events)
            parts[wish] = batch if every else replace(batch, events=tuple(mine), frames={})
        return parts

    def _wishes_of_all(self, channels: Collection[str]) -> set[Wish]:
        """Who wants each of the channels whole, and so the batch: no event need be looked at."""
        wishes = [self._wishes.get((channel, ALL), set()) for channel in channels]
        return set.intersection(*wishes) if wishes else set()


def _keys(wish: Wish) -> list[tuple[str, str]]:
    """Channels and symbols that it needs, none twice."""
    return [(topic.channel, topic.symbol) for topic in needed(wish)]
