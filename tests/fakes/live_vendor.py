"""The vendor's live feed in memory, in a time that moves only when a test moves it: what it sends,
what its REST API knows by then, and every way in which a connection may end.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from polytape.errors import ConnectionError, RateLimitError
from polytape.model.market import xnys
from polytape.model.spans import Span
from polytape.model.units import MINUTE_US
from polytape.upstream.polygon.feed_io import FeedTime
from polytape.upstream.polygon.live_feed import LiveFeed
from polytape.upstream.polygon.minute_fetcher import MinuteFetcher
from polytape.wire.polygon.events import MarketEvent, MinuteAggregate, StatusMessage, encode_frame
from polytape.wire.polygon.server_session import ServerSession
from polytape.wire.polygon.topics import ALL, Topic

US = 1_000_000
# A Tuesday's opening bell in New York.
BELL = 1_795_530_600_000_000
MARKET = xnys()
# What everything that is ready to run needs at most to come to rest.
TURNS = 1_000


class SlowTime:
    """A clock that a test moves; who sleeps wakes when it has come so far."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.seconds = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    async def sleep(self, seconds: float) -> None:
        """As `asyncio.sleep`, in this time."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self.seconds + seconds, self._count, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let so much time pass, with everything that happens in it."""
        await rest()
        until = self.seconds + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            at, _, future = heapq.heappop(self._sleepers)
            self._move(max(at, self.seconds))
            if not future.done():
                future.set_result(None)
                await rest()
        self._move(until)

    def jump(self, seconds: float) -> None:
        """The machine was asleep: the wall clock went on, nothing ran."""
        self.now += int(seconds * US)

    def _move(self, seconds: float) -> None:
        self.now += round((seconds - self.seconds) * US)
        self.seconds = seconds


async def rest() -> None:
    """Until everything that is ready has run."""
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined] # nothing else knows
    for _ in range(TURNS):
        await asyncio.sleep(0)
        if not ready:
            return


@dataclass
class MemorySocket:
    """One connection, the client's end."""

    vendor: "LiveVendor"
    session: ServerSession
    inbox: asyncio.Queue[bytes | Exception] = field(default_factory=asyncio.Queue)
    open: bool = True
    mute: bool = False
    deaf: bool = False

    async def send(self, message: bytes) -> None:
        if not self.open:
            raise ConnectionError("closed")
        self.session.receive_data(message)
        self.flush()

    async def receive(self) -> bytes:
        got = await self.inbox.get()
        if isinstance(got, Exception):
            raise got
        return got

    async def ping(self) -> None:
        if self.deaf:
            await asyncio.Event().wait()
        if not self.open:
            raise ConnectionError("closed")

    def flush(self) -> None:
        for frame in self.session.data_to_send():
            self.inbox.put_nowait(frame)

    def wants(self, symbol: str) -> bool:
        return bool({Topic("AM", symbol), Topic("AM", ALL)} & self.session.topics)


class LiveVendor:
    """Sends each minute's bars `lateness` seconds after its end. `truth` is what REST knows."""

    def __init__(self, time: SlowTime, symbols: tuple[str, ...] = ("AAPL", "MSFT", "SPY")) -> None:
        self.time = time
        self.symbols = symbols
        self.truth: dict[tuple[str, int], MinuteAggregate] = {}
        self.connection: MemorySocket | None = None
        self.most_connections = 0
        self.connections = self.requests = 0
        self.key = "right"
        self.down = self.over_budget = False
        self.quiet: set[str] = set()
        self.lateness = 2.0

    @asynccontextmanager
    async def connect(self, url: str) -> AsyncIterator[MemorySocket]:
        """In place of `net.socket.connect`."""
        await asyncio.sleep(0)
        if self.down:
            raise ConnectionError(f"could not reach {url}", url=url)
        self.connections += 1
        socket = MemorySocket(self, ServerSession(lambda key: key == self.key, 100))
        if self.connection is not None and self.connection.open:
            self.most_connections = 2
        self.connection = socket
        socket.flush()
        try:
            yield socket
        finally:
            socket.open = False

    async def live(self) -> None:
        """For ever: a bar of each symbol for each minute, once it has ended."""
        minute = self.time.now // MINUTE_US * MINUTE_US
        while True:
            await self.time.sleep((minute + MINUTE_US - self.time.now) / US)
            for symbol in self.symbols:
                if symbol not in self.quiet:
                    self.truth[symbol, minute] = bar(symbol, minute)
            await self.time.sleep(self.lateness)
            self.send_minute(minute)
            minute += MINUTE_US

    def send_minute(self, minute: int) -> None:
        """The bars of a minute to who wants them."""
        found = [self.truth.get((symbol, minute)) for symbol in self.symbols]
        self.send([event for event in found if event is not None])

    @property
    def heard(self) -> bool:
        """Whether somebody hears what is sent."""
        socket = self.connection
        deaf = socket is None or not socket.open or socket.mute or socket.deaf
        return not deaf and socket is not None and bool(socket.session.topics)

    def correct(self, symbol: str, minutes_ago: int) -> None:
        """A bar comes again with other values."""
        start = (self.time.now // MINUTE_US - 1 - minutes_ago) * MINUTE_US
        before = self.truth.get((symbol, start))
        if before is not None and self.time.now % MINUTE_US > 3 * US:
            again = bar(symbol, start, before.close + 0.5)
            self.truth[symbol, start] = again
            self.send([again])

    def send(self, events: list[MinuteAggregate]) -> None:
        """Events to the connection there is, in one frame."""
        socket = self.connection
        if socket is None or not self.heard:
            return
        mine: list[MarketEvent] = [event for event in events if socket.wants(event.symbol)]
        if mine:
            socket.inbox.put_nowait(encode_frame(mine))

    def raw(self, frame: bytes) -> None:
        """Any bytes."""
        if self.connection is not None and self.connection.open:
            self.connection.inbox.put_nowait(frame)

    def say(self, status: str) -> None:
        """A status."""
        self.raw(encode_frame([StatusMessage(status, "why")]))

    def cut(self) -> None:
        """The line is dead."""
        if self.connection is not None and self.connection.open:
            self.connection.open = False
            self.connection.inbox.put_nowait(ConnectionError("the line is dead"))

    def hush(self, *, deaf: bool = False) -> None:
        """The connection there is sends nothing more; a deaf one answers no pings either."""
        if self.connection is not None:
            self.connection.mute, self.connection.deaf = True, deaf

    def of_symbol(self, symbol: str, span: Span, *, background: bool) -> list[MinuteAggregate]:
        """As `MinuteFetcher.of_symbol`."""
        self._count()
        del background
        return [
            event
            for (name, start), event in sorted(self.truth.items())
            if name == symbol and start in span
        ]

    def of_snapshot(
        self, symbols: list[str], span: Span
    ) -> tuple[list[MinuteAggregate], list[str]]:
        """As `MinuteFetcher.of_snapshot`."""
        self._count()
        newest: dict[str, MinuteAggregate] = {}
        for (name, _), event in sorted(self.truth.items(), key=lambda item: item[0][1]):
            if not symbols or name in symbols:
                newest[name] = event
        later = [name for name, event in newest.items() if event.start * 1_000 >= span.end]
        return [event for event in newest.values() if event.start * 1_000 in span], later

    def newest(self, symbol: str) -> int | None:
        """As `MinuteFetcher.newest`."""
        self._count()
        return max((start for name, start in self.truth if name == symbol), default=None)

    def _count(self) -> None:
        self.requests += 1
        if self.over_budget:
            raise RateLimitError("the request budget is used up")


@dataclass
class Book:
    """A sink that keeps the newest of each bar, as a client would."""

    bars: dict[tuple[str, int], MinuteAggregate] = field(default_factory=dict)
    log: list[tuple[str, Any]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def events(self, events: Any, *, backfilled: bool = False) -> None:
        for event in events:
            if not isinstance(event, MinuteAggregate):
                continue
            self.bars[event.symbol, event.start * 1_000] = event
            self.log.append(("late bar" if backfilled else "bar", event))

    def notice(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> None:
        del detail, start
        self.log.append((kind, end))
        if kind != "through":
            self.notices.append(kind)


def bar(symbol: str, start: int, close: float | None = None) -> MinuteAggregate:
    """A minute's bar; its values follow from its symbol and start."""
    value = 100 + (start // MINUTE_US * 7 + len(symbol)) % 50 if close is None else close
    ms = start // 1_000
    return MinuteAggregate(
        symbol, value, value + 1, value - 1, value, 1_000 + start % 97, ms, ms + 60_000
    )


def live_feed(vendor: LiveVendor, chance: Callable[[], float] = lambda: 0.5) -> LiveFeed:
    """A feed that reads this vendor, in its time."""

    async def run_blocking(work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        await asyncio.sleep(0)
        return work(*given, **named)

    time = vendor.time
    clocks = FeedTime(lambda: time.now, lambda: time.seconds, time.sleep, chance, run_blocking)
    fetcher = cast(MinuteFetcher, vendor)
    return LiveFeed("ws://vendor/stocks", "right", fetcher, MARKET, clocks, vendor.connect)
