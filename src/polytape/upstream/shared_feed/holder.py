"""Who holds the lease: it runs the one socket, and writes down what comes."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from polytape.errors import ConnectionError
from polytape.upstream.live import LiveSource
from polytape.upstream.shared_feed.entries import (
    FeedNotice,
    NewEntry,
    Position,
    events_entry,
    notice_entry,
)
from polytape.upstream.shared_feed.shared_log import SharedLog
from polytape.upstream.shared_feed.tasks import until_one_ends
from polytape.wire.polygon.events import MarketEvent

log = logging.getLogger(__name__)

# Batches that wait are written together, up to so many events an entry and entries an append.
EVENTS_AN_ENTRY, ENTRIES_AN_APPEND = 200, 50
# More events than this do not wait for the server: they are given up, and a notice says so.
MAX_WAITING = 500_000
TRY_AGAIN_S = 0.1


@runtime_checkable
class ResumingSource(Protocol):
    """A source that can fill a gap which it has not seen itself."""

    def missed_since(self, instant: int) -> None:
        """What came after an instant (microseconds UTC) was missed, as if the source's own line had
        broken then: once it runs it says so and fills it. Called before `run`.
        """
        ...


@dataclass
class Waiting:
    """A notice or some events that are not written yet, and when the last of them came."""

    content: FeedNotice | list[MarketEvent]
    came: int
    backfilled: bool = False

    @property
    def count(self) -> int:
        """How many events."""
        return 0 if isinstance(self.content, FeedNotice) else len(self.content)

    def join(self, events: Sequence[MarketEvent], came: int, *, backfilled: bool) -> bool:
        """Take more events along; False where they do not belong together, or are too many."""
        if isinstance(self.content, FeedNotice) or self.backfilled != backfilled:
            return False
        if len(self.content) + len(events) > EVENTS_AN_ENTRY:
            return False
        self.content.extend(events)
        self.came = came
        return True

    def entry(self) -> NewEntry:
        """As it is written."""
        if isinstance(self.content, FeedNotice):
            return notice_entry(self.content, self.came)
        return events_entry(self.content, self.came, backfilled=self.backfilled)


class Holder:
    """The `FeedSink` of the one socket, for as long as one lease lasts.

    `lease` names the newest entry. `deadline` is on `clock` (seconds): the socket begins to close
    then. `through`: all that came before that instant is in the log; None where nothing ever was.
    `now` is the market's time, microseconds UTC.
    """

    def __init__(
        self,
        shared: SharedLog,
        gateway: str,
        lease: Position,
        deadline: float,
        through: int | None,
        *,
        now: Callable[[], int],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.deadline = deadline
        self._shared = shared
        self._gateway = gateway
        self._lease = lease
        self._through = now() if through is None else through
        self._first = through is None
        self._now, self._clock, self._sleep = now, clock, sleep
        self._waiting: deque[Waiting] = deque()
        self._count = 0
        # What is being written, and up to when all will be in the log once it is.
        self._entries: list[NewEntry] = []
        self._comes_to = self._through
        self._more, self._lost, self._ready = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @property
    def fence(self) -> int:
        """The number of the lease."""
        return self._lease.fence

    def begin(self) -> None:
        """The source knows what all gateways want: it may run."""
        self._ready.set()

    def lose(self) -> None:
        """The lease is somebody else's, or nobody's."""
        self._lost.set()

    async def run(self, source: LiveSource) -> None:
        """Run the source until the lease ends; then, and when cancelled, it has ended, too.

        Raises: as `LiveSource.run`.
        """
        try:
            await until_one_ends(
                self._feed(source), self._write(), self._expire(), self._lost.wait()
            )
        finally:
            if not self._lost.is_set() and self._clock() < self.deadline:
                await self._write_rest()

    def events(self, events: Sequence[MarketEvent], *, backfilled: bool = False) -> None:
        """As `FeedSink.events`."""
        self._count += len(events)
        if self._count > MAX_WAITING:
            self._give_up()
            return
        came = self._now()
        if not self._waiting or not self._waiting[-1].join(events, came, backfilled=backfilled):
            self._waiting.append(Waiting(list(events), came, backfilled))
        self._more.set()

    def notice(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> None:
        """As `FeedSink.notice`."""
        self._waiting.append(Waiting(FeedNotice(kind, detail, start, end), self._now()))
        self._more.set()

    async def _feed(self, source: LiveSource) -> None:
        await self._ready.wait()
        self._resume(source)
        await source.run(self)

    def _resume(self, source: LiveSource) -> None:
        """What came between the last entry and now was seen by nobody."""
        if self._first:
            return
        if isinstance(source, ResumingSource):
            source.missed_since(self._through)
        else:
            detail = "another gateway took over the live feed"
            self.notice("gap", detail, start=self._through, end=self._now())

    def _give_up(self) -> None:
        detail = f"{self._count:,} events could not be written to {self._shared.url} in time"
        self._waiting.clear()
        self._count = 0
        self.notice("gap", detail, start=self._through, end=self._now())

    async def _expire(self) -> None:
        while (left := self.deadline - self._clock()) > 0:
            await self._sleep(left)

    async def _write(self) -> None:
        """Write what waits, until the lease turns out to be lost."""
        while True:
            try:
                while self._take():
                    if not await self._append():
                        self._lost.set()
                        return
            except ConnectionError:  # the beats of the gateway tell of it; the lease may run out
                await self._sleep(TRY_AGAIN_S)
                continue
            self._more.clear()
            await self._more.wait()

    async def _write_rest(self) -> None:
        """The source has ended while the lease lasts: what it sent is not lost."""
        try:
            while self._take() and await self._append():
                pass
        except ConnectionError as error:
            log.warning("the last events of the feed were not written: %s", error)

    def _take(self) -> bool:
        """Whether there is anything to write. What was begun goes on as it was: it may be there."""
        if not self._entries:
            while self._waiting and len(self._entries) < ENTRIES_AN_APPEND:
                one = self._waiting.popleft()
                self._entries.append(one.entry())
                self._count -= one.count
                if one.count and not one.backfilled:
                    self._comes_to = one.came
        return bool(self._entries)

    async def _append(self) -> bool:
        through = self._comes_to
        if not await self._shared.append(self._gateway, self._lease, self._entries, through):
            return False
        self._through = through
        self._lease = self._lease._replace(number=self._lease.number + len(self._entries))
        self._entries = []
        return True
