"""A source of live events that sends what a test gives it, from any thread."""

import asyncio
import threading
from collections.abc import Sequence

from polytape.upstream.live import FeedSink
from polytape.wire.polygon.events import MarketEvent, MinuteAggregate
from polytape.wire.polygon.topics import Topic

MINUTE_MS = 60_000


class ScriptedFeed:
    """A `LiveSource`. `topics` is what the gateway wants of it now."""

    channels = ("AM", "T")

    def __init__(self) -> None:
        self.topics: frozenset[Topic] = frozenset()
        self._runs = threading.Event()

    def want(self, topics: frozenset[Topic]) -> None:
        """As `LiveSource.want`."""
        self.topics = topics

    def status(self) -> str:
        """As `LiveSource.status`."""
        return "connected"

    async def run(self, sink: FeedSink) -> None:
        """As `LiveSource.run`."""
        self._loop, self._sink = asyncio.get_running_loop(), sink
        self._runs.set()
        await asyncio.Event().wait()

    def send(self, events: Sequence[MarketEvent]) -> None:
        """Events that come together."""
        assert self._runs.wait(5)
        self._loop.call_soon_threadsafe(self._sink.events, events)


def minute(symbol: str, number: int, close: float = 10.0) -> MinuteAggregate:
    """The bar of a minute, counted from an open."""
    start = 1_795_530_600_000 + number * MINUTE_MS
    return MinuteAggregate(
        symbol, 10.0, max(10.0, close), 9.0, close, 100, start, start + MINUTE_MS
    )
