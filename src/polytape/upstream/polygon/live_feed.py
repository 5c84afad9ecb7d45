"""The vendor's live feed: one socket for all that listen.

It comes back for ever, with full jitter, and before live bars go on it fills what was missed. What
trying again cannot mend (a key that is refused) ends it; a place that another connection took is
waited for, not fought over.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from polytape.errors import AuthenticationError, ConnectionError
from polytape.model.market import Market
from polytape.upstream.live import FeedSink
from polytape.upstream.polygon.feed_connection import (
    EvictedError,
    FeedConnection,
    KeyRefusedError,
)
from polytape.upstream.polygon.feed_filler import FeedFiller
from polytape.upstream.polygon.feed_io import FeedSocket, FeedTime
from polytape.upstream.polygon.minute_fetcher import MinuteFetcher
from polytape.wire.polygon.events import CHANNELS
from polytape.wire.polygon.topics import Topic

log = logging.getLogger("polytape.vendor")

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 30.0
# A connection that held for so long begins with short waits again.
HEALTHY_S = 30.0
# Another connection has the key's only place.
EVICTED_S = 60.0


@dataclass
class LiveFeed:
    """The vendor as a `LiveSource`. `delay_us`: how late the plan's prices are. `rate`: requests a
    second that filling may take.
    """

    url: str
    key: str = field(repr=False)
    fetcher: MinuteFetcher
    market: Market
    time: FeedTime
    connect: Callable[[str], AbstractAsyncContextManager[FeedSocket]]
    delay_us: int = 0
    rate: float = 1.0

    channels = CHANNELS

    def __post_init__(self) -> None:
        self._topics: frozenset[Topic] = frozenset()
        self._wanted = asyncio.Event()
        self._connection: FeedConnection | None = None
        self._state = "idle"
        self._missed_since: int | None = None

    def missed_since(self, instant: int) -> None:
        """Where this run begins after another one, anywhere, that worked up to an instant
        (microseconds UTC): what came since is a gap.
        """
        self._missed_since = instant

    def want(self, topics: frozenset[Topic]) -> None:
        """As `LiveSource.want`. Without topics no connection is made: the key has one place, and
        another program may want it.
        """
        self._topics = topics
        if topics:
            self._wanted.set()
        else:
            self._wanted.clear()
        if self._connection is not None:
            self._connection.want(topics)

    def status(self) -> str:
        """As `LiveSource.status`."""
        return self._state

    async def run(self, sink: FeedSink) -> None:
        """As `LiveSource.run`.

        Raises: AuthenticationError where the key or its plan has no live data.
        """
        filler = FeedFiller(self.fetcher, self.market, self.time, sink, self.rate)
        failures = 0
        if self._missed_since is not None:
            filler.broke(self._missed_since)
            sink.notice("gap", "another gateway had the feed", start=self._missed_since)
            self._missed_since = None
        try:
            while True:
                if not self._topics:
                    filler.forget()  # nobody misses what nobody wanted
                    self._state = "idle"
                    await self._wanted.wait()
                began = self.time.seconds()
                wait_s = await self._connect_once(filler, sink, first=not failures)
                healthy = self.time.seconds() - began > HEALTHY_S
                failures = 0 if healthy else failures + 1
                if self._topics:
                    self._state = "waiting"
                    await self.time.sleep(wait_s if wait_s is not None else self._backoff(failures))
        finally:
            filler.close()

    def _backoff(self, failures: int) -> float:
        """Full jitter: many gateways do not come back together."""
        longest: float = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(failures, 10))
        return longest * self.time.chance()

    async def _connect_once(
        self, filler: FeedFiller, sink: FeedSink, *, first: bool
    ) -> float | None:
        """One connection to its end; for how many seconds to stay away then, None for the usual.
        `first`: that there
        is none has not been said yet.
        """
        self._state = "connecting"
        connection = self._connection = FeedConnection(
            self.key, self._topics, filler, self.market, self.time, sink, self.delay_us
        )
        wait_s: float | None = None
        try:
            async with self.connect(self.url) as socket:
                await connection.serve(socket, self._on_ready)
        except EvictedError as error:
            wait_s, why = EVICTED_S, f"{error}; trying again in {EVICTED_S:.0f} s"
        except KeyRefusedError:
            raise
        except (ConnectionError, AuthenticationError) as error:
            why = str(error)
        else:
            return 0.0
        finally:
            self._connection = None
        log.log(logging.WARNING if first else logging.DEBUG, "the live feed broke: %s", why)
        if connection.broken_at is not None:
            filler.broke(connection.broken_at)
            sink.notice("gap", why, start=connection.broken_at)
        elif first:
            sink.notice("disconnected", why)
        return wait_s

    def _on_ready(self) -> None:
        self._state = "connected"
