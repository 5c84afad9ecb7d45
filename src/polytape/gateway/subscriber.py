"""One client of the hub: what it wants, and what waits for it. Pure: no I/O, no clock."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from polytape.wire.polygon.events import Aggregate, MarketEvent, topic_of
from polytape.wire.polygon.topics import Topic


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that came together, and where they stand in the log: [position, end), in which there
    may have been others. `backfilled` ones were missed while the feed was broken, and come late.
    `arrived`: seconds of a clock that only grows.
    """

    position: int
    end: int
    events: tuple[MarketEvent, ...]
    backfilled: bool = False
    # The same bytes for every client that wants these events: built once, by protocol.
    frames: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)
    arrived: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Something that happened to the feed: connected, gap, backfilled, reconnected, lag."""

    kind: str
    position: int
    detail: str = ""
    start: int | None = None
    end: int | None = None
    frames: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)


Delivery = Batch | Lifecycle
Wish = frozenset[Topic]


@dataclass(slots=True, eq=False)
class Subscriber:
    """One client of the hub: what it wants, and what waits for it. `notify` is for whoever serves
    it: see `Hub.touched`.
    """

    name: str
    topics: Wish = frozenset()
    queue: deque[Delivery] = field(default_factory=deque)
    # What came while the queue was full, in order: notices, and the newest bar of each symbol.
    conflated: dict[object, Delivery] = field(default_factory=dict)
    lifecycle: bool = True
    ended: str | None = None
    notify: Callable[[], None] = lambda: None

    @property
    def waiting(self) -> int:
        """How many deliveries wait; those that are conflated count as one."""
        return len(self.queue) + bool(self.conflated)

    def next(self) -> Delivery | None:
        """What waits longest; None where nothing does."""
        if self.queue:
            return self.queue.popleft()
        if self.conflated:
            self.queue.extend(self.conflated.values())
            self.conflated.clear()
            return self.queue.popleft()
        return None

    def take(self) -> list[Delivery]:
        """Everything that waits, in order."""
        return list(iter(self.next, None))

    def put(self, delivery: Delivery, max_queue: int) -> None:
        """Let a delivery wait. Past so many, bars are conflated; what cannot be ends it."""
        if not self.conflated and (len(self.queue) < max_queue or isinstance(delivery, Lifecycle)):
            self.queue.append(delivery)
        elif isinstance(delivery, Lifecycle):
            self.conflated[len(self.conflated), delivery.position, delivery.kind] = delivery
        else:
            self._conflate(delivery)

    def _conflate(self, batch: Batch) -> None:
        for at, event in enumerate(batch.events, batch.position):
            key = topic_of(event)
            if not isinstance(event, Aggregate):
                self.ended = f"too slow for {key[0]}: {self.waiting:,} frames wait"
                return
            before = self.conflated.get(key)
            newest = before.events[0] if isinstance(before, Batch) else None
            if isinstance(newest, Aggregate) and newest.start > event.start:
                continue  # a bar that was missed comes late, and a newer one waits already
            self.conflated.pop(key, None)  # so that it stands after what came meanwhile
            backfilled, arrived = batch.backfilled, batch.arrived
            self.conflated[key] = Batch(at, at + 1, (event,), backfilled, arrived=arrived)
