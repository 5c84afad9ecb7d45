"""One connection to the vendor's feed: read, parsed apart from reading, watched, until it ends."""

import asyncio
import logging
from collections.abc import Callable
from itertools import groupby
from typing import assert_never

from polytape.errors import AuthenticationError, ConnectionError, DataFetchError
from polytape.model.market import Market
from polytape.model.units import MINUTE_US
from polytape.upstream.live import FeedSink
from polytape.upstream.polygon.feed_filler import FeedFiller
from polytape.upstream.polygon.feed_io import FeedSocket, FeedTime
from polytape.upstream.polygon.watchdog import Watchdog
from polytape.wire.polygon.events import MarketEvent
from polytape.wire.polygon.feed_session import (
    Dropped,
    Evicted,
    FeedSession,
    KeyRefused,
    Notice,
    Ready,
    Subscribed,
    TopicRefused,
)
from polytape.wire.polygon.missed import SETTLE_US
from polytape.wire.polygon.topics import ALL, Topic

log = logging.getLogger("polytape.vendor")

# Frames that may wait to be parsed before reading pauses, and from which on that is told.
MAX_WAITING, LAG_FRAMES = 20_000, 1_000
# So many frames in a row, then everybody else's turn.
FRAMES_A_TURN = 64
TICK_S, PING_S, PONG_S = 1.0, 5.0, 15.0
# A clock that jumps by more was asleep, and the connection with it.
ASLEEP_US = 30_000_000
# A server that does not greet, or does not answer to the key.
GREETING_S = 20.0
# Without anybody who wants something the connection ends after so long.
IDLE_S = 60.0


class EvictedError(ConnectionError):
    """Another connection took the key's place."""


class KeyRefusedError(AuthenticationError):
    """The vendor refuses the key, or its plan has no live data: trying again changes nothing."""


class FeedConnection:
    """From the greeting to the end. At its end `broken_at` says up to when it worked."""

    def __init__(
        self,
        key: str,
        topics: frozenset[Topic],
        filler: FeedFiller,
        market: Market,
        time: FeedTime,
        sink: FeedSink,
        delay_us: int,
    ) -> None:
        self._session = FeedSession(key)
        self._session.want(topics)
        self._topics = topics
        self._filler = filler
        self._time = time
        self._sink = sink
        self._delay_us = delay_us
        self._watchdog = Watchdog(market)
        self._news = asyncio.Event()
        self._frames: asyncio.Queue[bytes] = asyncio.Queue(MAX_WAITING)
        self._failure: ConnectionError | None = None
        self._began = time.seconds()
        self._wanted_s = self._pong_s = self._began
        self._ticked_at = time.now()
        self._through = 0
        self._lagging = False
        self._ready = False
        # When the other side last gave a sign of life, and when it last sent an event.
        self._worked_at: int | None = None
        self._event_at = 0

    @property
    def broken_at(self) -> int | None:
        """Up to when it is known to have worked, microseconds UTC; None where it never came to be
        subscribed. One that answers pings may have been mute: where the bars of the last minute did
        not come, it worked up to its last event.
        """
        if self._worked_at is None:
            return None
        last_burst = (self._worked_at - SETTLE_US) // MINUTE_US * MINUTE_US
        return self._worked_at if self._event_at >= last_burst else self._event_at

    def want(self, topics: frozenset[Topic]) -> None:
        """Be subscribed to exactly these topics."""
        self._topics = topics
        self._session.want(topics)
        self._news.set()

    async def serve(self, socket: FeedSocket, on_ready: Callable[[], None]) -> None:
        """Until the connection ends, or nobody has wanted anything for a while.

        Raises: ConnectionError, EvictedError; AuthenticationError where the key is refused.
        """
        jobs = (self._read(socket), self._ping(socket), self._tick())
        tasks = [asyncio.ensure_future(job) for job in jobs]
        try:
            while not self._idle():
                await self._news.wait()
                self._news.clear()
                await self._parse(on_ready)
                for message in self._session.data_to_send():
                    await socket.send(message)
                if self._failure is not None and self._frames.empty():
                    raise self._failure
        finally:
            self._session.receive_eof()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _idle(self) -> bool:
        if self._topics:
            self._wanted_s = self._time.seconds()
        return self._time.seconds() - self._wanted_s > IDLE_S

    async def _read(self, socket: FeedSocket) -> None:
        """Only enqueues: parsing never holds up reading."""
        try:
            while True:
                await self._frames.put(await socket.receive())
                self._news.set()
        except ConnectionError as error:
            self._fail(error)

    async def _ping(self, socket: FeedSocket) -> None:
        """A connection whose other side has gone is dead long before TCP says so."""
        try:
            while True:
                await socket.ping()
                self._worked()
                await self._time.sleep(PING_S)
        except ConnectionError as error:
            self._fail(error)

    async def _tick(self) -> None:
        while True:
            await self._time.sleep(TICK_S)
            try:
                await self._look()
            except ConnectionError as error:
                self._fail(error)
            self._ticked_at = self._time.now()
            self._news.set()

    async def _look(self) -> None:
        """Once a second: was this machine asleep, is the other side dead, deaf or mute?"""
        seconds, now = self._time.seconds(), self._time.now()
        if now - self._ticked_at > ASLEEP_US:
            raise ConnectionError("this machine was asleep")
        if not self._ready:
            if seconds - self._began > GREETING_S:
                raise ConnectionError("the vendor did not answer to the key in time")
            return
        if seconds - self._pong_s > PONG_S:
            raise ConnectionError(f"the vendor answered no ping for {PONG_S:.0f} s")
        self._tell_through(now)
        prices = frozenset(t for t in self._topics if t.channel in ("A", "AM", "T", "Q"))
        whole = any(topic.symbol == ALL for topic in prices)
        if not prices or not self._watchdog.doubts(seconds, now, whole=whole):
            return
        if whole or await self._filler.is_mute(prices):
            raise ConnectionError("the vendor is silent, though there are newer bars")
        self._watchdog.quiet(self._time.seconds())

    def _worked(self) -> None:
        """The other side lives."""
        self._pong_s = self._time.seconds()
        if self._worked_at is not None and self._failure is None:
            self._worked_at = self._time.now()

    def _fail(self, error: ConnectionError) -> None:
        if self._failure is None:
            self._failure = error
        self._news.set()

    def _tell_through(self, now: int) -> None:
        """Up to when the minutes are complete, once a minute."""
        through = (now - self._delay_us - SETTLE_US) // MINUTE_US * MINUTE_US
        if through > self._through and not self._filler.filling:
            self._through = through
            self._sink.notice("through", end=through)

    async def _parse(self, on_ready: Callable[[], None]) -> None:
        self._tell_lag()
        at = 0
        while not self._frames.empty():
            frame = self._frames.get_nowait()
            try:
                self._session.receive_data(frame)
            except DataFetchError as error:  # one frame of garbage is no reason to lose the rest
                log.warning("the vendor sent %s", error)
                continue
            self._worked()
            self._take(self._session.events_received(), on_ready)
            at += 1
            if at % FRAMES_A_TURN == 0:
                await asyncio.sleep(0)

    def _take(self, events: list[MarketEvent | Notice], on_ready: Callable[[], None]) -> None:
        """Market events together, as far as nothing else lies between them."""
        for are_notices, group in groupby(events, key=lambda event: isinstance(event, Notice)):
            if are_notices:
                for notice in group:
                    self._take_notice(notice, on_ready)  # type: ignore[arg-type]
            else:
                self._watchdog.heard(self._time.seconds())
                self._event_at = self._time.now()
                self._filler.pass_on(list(group))  # type: ignore[arg-type]

    def _take_notice(self, notice: Notice, on_ready: Callable[[], None]) -> None:
        match notice:
            case Ready():
                self._ready = True
                self._watchdog.heard(self._time.seconds())
                on_ready()
                self._filler.connected()
            case Subscribed(topic):
                self._worked_at = self._event_at = self._time.now()
                self._filler.subscribed(topic, self._topics)
            case KeyRefused(message):
                raise KeyRefusedError(f"the vendor refuses live data: {message}")
            case Evicted(message):
                raise EvictedError(message)
            case Dropped(message):
                self._fail(ConnectionError(f"the vendor ended the connection: {message}"))
            case TopicRefused(message):
                self._sink.notice("topic_refused", message)
            case _:
                assert_never(notice)

    def _tell_lag(self) -> None:
        waiting = self._frames.qsize()
        if waiting > LAG_FRAMES and not self._lagging:
            self._sink.notice("lag", f"{waiting:,} frames of the vendor's wait to be parsed")
        self._lagging = waiting > LAG_FRAMES
