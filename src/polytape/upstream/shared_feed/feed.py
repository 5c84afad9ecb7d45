"""A live feed that several gateways share: one of them has the socket, and all read one log."""

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

from polytape.upstream.live import FeedSink, LiveSource
from polytape.upstream.shared_feed.member import Member, Timing
from polytape.upstream.shared_feed.shared_log import LEASE_S, STOP_S, SharedLog
from polytape.wire.polygon.topics import Topic


class SharedFeed:
    """A `LiveSource` over another one, which has to end within STOP_S of being cancelled.

    `open_log` is called once a run, inside its event loop. `now` is the market's time, microseconds
    UTC; `clock` gives seconds that only grow; `chance` numbers in [0, 1).
    """

    def __init__(
        self,
        source: LiveSource,
        open_log: Callable[[], SharedLog],
        now: Callable[[], int],
        *,
        lease_s: float = LEASE_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        # A short lease of a test leaves the same part of it for closing the socket.
        self._timing = Timing(now, clock, sleep, chance, lease_s * (1 - STOP_S / LEASE_S))
        self._source = source
        self._open_log = open_log
        self._new_id = new_id
        self._topics: frozenset[Topic] = frozenset()
        self._member: Member | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """As `LiveSource.channels`."""
        return self._source.channels

    def want(self, topics: frozenset[Topic]) -> None:
        """As `LiveSource.want`."""
        self._topics = topics
        if self._member is not None:
            self._member.want(topics)

    def status(self) -> str:
        """As `LiveSource.status`."""
        return "connecting" if self._member is None else self._member.status()

    async def run(self, sink: FeedSink) -> None:
        """As `LiveSource.run`. Trouble with the server is told as notices and waited out."""
        member = Member(self._new_id(), self._source, self._open_log(), sink, self._timing)
        member.want(self._topics)
        self._member = member
        try:
            await member.run()
        finally:
            self._member = None
