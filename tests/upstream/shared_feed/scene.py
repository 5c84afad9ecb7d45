"""Gateways with one feed, and a vendor that lets one socket in."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from polytape.upstream.live import FeedSink
from polytape.upstream.shared_feed.feed import SharedFeed
from polytape.wire.polygon.events import MarketEvent, Trade
from polytape.wire.polygon.topics import Topic
from tests.upstream.shared_feed.memory_log import MemoryLog, Server
from tests.upstream.shared_feed.virtual_time import now_us, seconds

TICK_S = 0.05
SLOWEST_STOP_S = 0.6


@dataclass
class Vendor:
    """Every TICK_S each symbol trades; its price is the number of the tick."""

    sockets: int = 0
    opened: list[float] = field(default_factory=list)


class Socket:
    """A `LiveSource`. It takes its time to close, and counts until it has."""

    channels = ("T",)

    def __init__(self, vendor: Vendor, stop_s: float = SLOWEST_STOP_S) -> None:
        self.topics: frozenset[Topic] = frozenset()
        self.error: Exception | None = None
        self._vendor = vendor
        self._stop_s = stop_s

    def want(self, topics: frozenset[Topic]) -> None:
        self.topics = topics

    def status(self) -> str:
        return "connected"

    async def run(self, sink: FeedSink) -> None:
        assert self._vendor.sockets == 0, "two sockets"
        self._vendor.sockets += 1
        self._vendor.opened.append(seconds())
        try:
            if self.error is not None:
                raise self.error
            sink.notice("connected")
            while True:
                tick = int(seconds() / TICK_S + 1e-6) + 1
                await asyncio.sleep(tick * TICK_S - seconds())
                if self.topics:
                    sink.events([Trade(t.symbol, tick, tick) for t in sorted(self.topics)])
        finally:
            await asyncio.sleep(self._stop_s)
            self._vendor.sockets -= 1


class Sink:
    """What a gateway was given: the ticks of its symbol, notices, and gaps in microseconds."""

    def __init__(self, symbol: str = "") -> None:
        self.symbol = symbol
        self.ticks: list[int] = []
        self.notices: list[tuple[str, str]] = []
        self.gaps: list[tuple[int | None, int | None]] = []
        self.at = 0.0

    def events(self, events: Sequence[MarketEvent], *, backfilled: bool = False) -> None:
        mine = [e for e in events if isinstance(e, Trade) and e.symbol == self.symbol]
        self.ticks += [event.timestamp for event in mine]
        if mine:
            self.at = seconds()

    def notice(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> None:
        self.notices.append((kind, detail))
        if kind == "gap":
            self.gaps.append((start, end))

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.notices]

    def check(self) -> None:
        """Each tick once and in order, and what is missing lies in a gap that was told."""
        assert self.ticks == sorted(set(self.ticks)), "not in order, or twice"
        for before, after in zip(self.ticks, self.ticks[1:], strict=False):
            for missing in range(before + 1, after):
                at = missing * TICK_S * 1e6
                assert any((s or 0) - 1_000 <= at <= (e or 0) + 1_000 for s, e in self.gaps), (
                    f"tick {missing} is lost without a word: {self.gaps}"
                )


class Gateway:
    """A gateway that can be killed (it says no more), and stopped in good order."""

    def __init__(self, server: Server, vendor: Vendor, symbol: str) -> None:
        self.line = MemoryLog(server)
        self.socket = Socket(vendor)
        self.sink = Sink(symbol)
        self.feed = SharedFeed(
            self.socket, lambda: self.line, now_us, clock=seconds, chance=lambda: 0.5
        )
        self.feed.want(frozenset([Topic("T", symbol)]))
        self.task = asyncio.ensure_future(self.feed.run(self.sink))

    async def kill(self) -> None:
        """Its socket closes by itself, as that of a dead process does; the server is told nothing."""
        self.line.up = False
        self.socket._stop_s = 0.0
        await self.stop()

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
