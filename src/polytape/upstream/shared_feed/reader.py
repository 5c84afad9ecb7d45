"""Who reads the shared log: every gateway, the one with the socket as well."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from polytape.errors import ConnectionError, DataFetchError
from polytape.upstream.live import FeedSink
from polytape.upstream.shared_feed.entries import Entry, Position, Verdict, deliver, judge
from polytape.upstream.shared_feed.shared_log import Beat, SharedLog

log = logging.getLogger(__name__)

TRY_AGAIN_S = 0.1
TRIMMED = "this gateway was too slow: entries of the shared feed were gone before it read them"
FORGOTTEN = "the server of the shared feed was started anew, or lost its memory"
UNWANTED = "what this gateway wants had been forgotten on the server of the shared feed"


class Reader:
    """Passes on what stands in the log, from where it was when this gateway came, each entry once
    and in order; what it could not have is told as a gap. `now` is the market's time, microseconds
    UTC.
    """

    def __init__(
        self,
        shared: SharedLog,
        sink: FeedSink,
        now: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._shared = shared
        self._sink = sink
        self._now = now
        self._sleep = sleep
        self._position: Position | None = None
        self._ready = asyncio.Event()
        # When the last came of what was passed on, microseconds UTC; and whether anything was.
        self.through, self.has_read = now(), False
        self._heard_at = self.through
        # Since when perhaps nobody asks for its topics; the version in which they are back.
        self._unwanted_since: int | None = None
        self._wished = 0

    def hear(self, beat: Beat, *, beaten: bool) -> None:
        """What the server says: where the log begins for this gateway, and when it began anew.
        `beaten`: it is not the first time that this gateway says what it wants.
        """
        if self._position is None:
            self._position = Position(beat.epoch, beat.fence, beat.number)
            self.through = self._now()
            self._ready.set()
        elif beat.epoch != self._position.epoch:
            self._position = Position(beat.epoch, 0, 0)
            self._gap(FORGOTTEN, self.through, self._now())
        elif beaten and not beat.known:
            self._gap(UNWANTED, self._heard_at, self._now())
        if beaten and not beat.known:  # it goes on until the holder's source has its topics again
            self._unwanted_since = self._unwanted_since or self._heard_at
            self._wished = beat.wishes
        elif self._unwanted_since is not None and beat.united >= self._wished:
            self._gap(UNWANTED, self._unwanted_since, self._now())
            self._unwanted_since = None
        self._heard_at = self._now()

    async def run(self) -> None:
        """Pass on what comes, until cancelled."""
        await self._ready.wait()
        while True:
            position = self._position
            assert position is not None
            try:
                entries = await self._shared.read(position)
            except ConnectionError as error:  # told by who says that the gateway is there
                log.debug("%s", error)
                await self._sleep(TRY_AGAIN_S)
                continue
            if position is self._position and not all(map(self._take, entries)):
                await self._sleep(TRY_AGAIN_S)

    def _take(self, entry: Entry) -> bool:
        """Pass on an entry; False for one of another epoch, of which the next beat will tell."""
        assert self._position is not None
        verdict = judge(self._position, entry)
        if verdict is Verdict.FOREIGN:
            return False
        if verdict is Verdict.STALE:
            log.warning("an entry under the lease %d is out of date", entry.fence)
            return True
        if verdict is Verdict.SKIPS:
            self._gap(TRIMMED, self.through, entry.came)
        self._position = Position(entry.epoch, entry.fence, entry.number)
        self._deliver(entry)
        return True

    def _deliver(self, entry: Entry) -> None:
        try:
            deliver(entry, self._sink)
        except DataFetchError as error:
            self._gap(str(error), self.through, entry.came)
        self.through, self.has_read = max(self.through, entry.came), True

    def _gap(self, why: str, start: int, end: int) -> None:
        """Tell of a gap: instants in microseconds UTC."""
        self._sink.notice("gap", why, start=start, end=max(start, end))
