"""The hub's log: the newest events by their positions, to be sent again. Pure: no I/O, no clock."""

from collections import defaultdict, deque
from collections.abc import Iterable

from polytape.gateway.subscriber import Batch
from polytape.wire.polygon.events import MinuteAggregate, topic_of
from polytape.wire.polygon.topics import ALL, Topic

MINUTES = "AM"


class EventLog:
    """At most `max_events`, but for the newest batch. Minutes of a symbol are looked up, not
    searched for: many clients that come back at once cost little.
    """

    def __init__(self, max_events: int) -> None:
        self._max_events = max_events
        self._count = 0
        self._batches: deque[Batch] = deque()
        self._minutes: defaultdict[str, deque[Batch]] = defaultdict(deque)

    @property
    def begin(self) -> int:
        """The first position that it has."""
        return self._batches[0].position if self._batches else 0

    def append(self, batch: Batch) -> None:
        """Log a batch, without its frames, which would stay in memory as long as the log."""
        plain = Batch(batch.position, batch.end, batch.events, batch.backfilled)
        self._batches.append(plain)
        self._count += len(plain.events)
        for symbol in _minute_symbols(plain):
            self._minutes[symbol].append(plain)
        while self._count > self._max_events and len(self._batches) > 1:
            gone = self._batches.popleft()
            self._count -= len(gone.events)
            for symbol in _minute_symbols(gone):
                batches = self._minutes[symbol]
                batches.popleft()
                if not batches:
                    del self._minutes[symbol]

    def replay(self, topics: Iterable[Topic], since: int, until: int) -> list[Batch]:
        """The events of topics with positions in [since, until), as far as they are logged."""
        keys = {(topic.channel, topic.symbol) for topic in topics}
        channels = {channel for channel, symbol in keys if symbol == ALL}
        batches = []
        for batch in self._batches_of(keys):
            if batch.end <= since or batch.position >= until:
                continue
            mine = tuple(
                event
                for at, event in enumerate(batch.events, batch.position)
                if since <= at < until and ((key := topic_of(event)) in keys or key[0] in channels)
            )
            if mine:
                start, end = max(since, batch.position), min(until, batch.end)
                batches.append(Batch(start, end, mine, batch.backfilled))
        return batches

    def _batches_of(self, keys: set[tuple[str, str]]) -> Iterable[Batch]:
        """The batches that may have events of some channels and symbols, in order."""
        if any(channel != MINUTES or symbol == ALL for channel, symbol in keys):
            return self._batches
        some = {
            batch.position: batch for _, symbol in keys for batch in self._minutes.get(symbol, ())
        }
        return [some[position] for position in sorted(some)]


def _minute_symbols(batch: Batch) -> set[str]:
    return {event.symbol for event in batch.events if isinstance(event, MinuteAggregate)}
