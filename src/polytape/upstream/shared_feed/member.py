"""One gateway among those that share a feed: it says that it is there, and takes its turn."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from polytape.errors import ConnectionError
from polytape.upstream.live import FeedSink, LiveSource
from polytape.upstream.shared_feed.entries import Position
from polytape.upstream.shared_feed.holder import Holder
from polytape.upstream.shared_feed.reader import Reader
from polytape.upstream.shared_feed.shared_log import (
    BEAT_S,
    COMPETE,
    NOT_YET,
    WATCH,
    Beat,
    SharedLog,
)
from polytape.upstream.shared_feed.tasks import until_one_ends
from polytape.wire.polygon.topics import Topic, needed

log = logging.getLogger(__name__)

# After a failure: with full jitter, at most so long, doubled from the first.
FIRST_RETRY_S, MAX_RETRY_S = 0.1, 1.0
# A lease that has run out is free a tick later.
TICK_S = 0.01


@dataclass(frozen=True, slots=True)
class Timing:
    """`now` is the market's time, microseconds UTC; `clock` gives seconds that only grow; `chance`
    numbers in [0, 1). A holder closes its socket `hold_s` after it last asked for the lease.
    """

    now: Callable[[], int]
    clock: Callable[[], float]
    sleep: Callable[[float], Coroutine[Any, Any, None]]
    chance: Callable[[], float]
    hold_s: float


class Member:
    """For one run. `topics` is what this gateway wants."""

    def __init__(
        self, name: str, source: LiveSource, shared: SharedLog, sink: FeedSink, timing: Timing
    ) -> None:
        self.topics: frozenset[Topic] = frozenset()
        self._name = name
        self._source = source
        self._shared = shared
        self._sink = sink
        self._timing = timing
        self._reader = Reader(shared, sink, timing.now, timing.sleep)
        self._holder: Holder | None = None
        self._granted, self._changed = asyncio.Event(), asyncio.Event()
        # The number of the lease that it renews, or COMPETE, or WATCH while its socket closes.
        self._claim = COMPETE
        self._last: Beat | None = None
        self._wishes: int | None = None
        self._failures = 0

    async def run(self) -> None:
        """Take part until cancelled. Raises: as `LiveSource.run`."""
        try:
            await until_one_ends(self._beats(), self._reader.run(), self._holds())
        finally:
            await self._leave()

    def want(self, topics: frozenset[Topic]) -> None:
        """Want exactly these topics."""
        self.topics = topics
        self._changed.set()

    def status(self) -> str:
        """As `LiveSource.status`."""
        if self._last is None or self._failures:
            return "connecting"
        if self._holder is not None:
            return self._source.status()
        return self._last.status if self._last.taken else "waiting"

    async def _beats(self) -> None:
        """Say for ever that this gateway is there."""
        while True:
            claim, sent_at = self._claim, self._timing.clock()
            try:
                status = self._source.status()
                united = NOT_YET if self._wishes is None else self._wishes
                beat = await self._shared.beat(self._name, claim, self.topics, status, united)
                self._hear(beat, claim, sent_at)
                await self._unite(beat)
            except ConnectionError as error:
                self._failed(error)
                limit = min(MAX_RETRY_S, FIRST_RETRY_S * 2**self._failures)
                await self._timing.sleep(self._timing.chance() * limit)
                continue
            await self._until_next(beat)

    async def _until_next(self, beat: Beat) -> None:
        """Wait for the next beat: less where the lease runs out, or something else is wanted."""
        wait = BEAT_S if beat.mine else min(BEAT_S, beat.left_s + TICK_S)
        await until_one_ends(self._timing.sleep(wait), self._changed.wait())
        self._changed.clear()

    def _hear(self, beat: Beat, claim: int, sent_at: float) -> None:
        if self._last is None and beat.taken and not beat.mine:
            self._sink.notice("connected", f"to the feed shared at {self._shared.url}")
        if self._failures:
            self._failures = 0
            self._sink.notice("reconnected", f"to the feed shared at {self._shared.url}")
        self._reader.hear(beat, beaten=self._last is not None)
        self._last = beat
        # The server counts the lease from a later moment on: it heard the beat after it was sent.
        deadline = sent_at + self._timing.hold_s
        if beat.mine and claim == COMPETE:
            self._begin(beat, deadline)
        elif self._holder is not None and claim == self._holder.fence:
            if beat.mine:
                self._holder.deadline = deadline
            else:
                self._holder.lose()

    def _begin(self, beat: Beat, deadline: float) -> None:
        """The lease is this gateway's."""
        through = beat.through
        if through is None and self._reader.has_read:
            through = self._reader.through
        self._claim, self._wishes = beat.fence, None
        self._holder = Holder(
            self._shared,
            self._name,
            Position(beat.epoch, beat.fence, beat.number),
            deadline,
            through,
            now=self._timing.now,
            clock=self._timing.clock,
            sleep=self._timing.sleep,
        )
        self._granted.set()

    async def _unite(self, beat: Beat) -> None:
        """Who has the lease asks its source for what all gateways want."""
        holder = self._holder
        if beat.mine and holder is not None and beat.wishes != self._wishes:
            self._source.want(needed(await self._shared.wishes()))
            self._wishes = beat.wishes
            holder.begin()

    async def _holds(self) -> None:
        """Run the source whenever the lease is this gateway's."""
        while True:
            await self._granted.wait()
            self._granted.clear()
            assert self._holder is not None
            try:
                await self._holder.run(self._source)
            finally:
                self._claim, self._holder = WATCH, None
            await self._release()
            self._claim = COMPETE

    async def _release(self) -> None:
        try:
            await self._shared.release(self._name)
        except ConnectionError as error:
            log.info("the lease of the live feed will run out by itself: %s", error)

    async def _leave(self) -> None:
        try:
            await self._shared.release(self._name, leave=True)
            await self._shared.close()
        except ConnectionError as error:
            log.info("the lease of the live feed will run out by itself: %s", error)

    def _failed(self, error: ConnectionError) -> None:
        """Tell once that the server cannot be used."""
        if not self._failures:
            self._sink.notice("lag", f"{error}: live events wait until it can")
        self._failures += 1
