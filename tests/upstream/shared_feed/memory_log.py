"""The shared log in memory: the plain twin of the one on Redis, with a line that can be cut."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from polytape.errors import ConnectionError
from polytape.upstream.shared_feed.entries import Entry, NewEntry, Position
from polytape.upstream.shared_feed.shared_log import COMPETE, LEASE_S, NOT_YET, Beat
from polytape.wire.polygon.topics import Topic

WISH_S = 15.0


@dataclass
class Server:
    """Everything that the server knows. `clock` in seconds."""

    clock: Callable[[], float]
    lease_s: float = LEASE_S
    max_entries: int = 10_000
    up: bool = True
    epochs: int = 0
    fence: int = 0
    born: float | None = None
    holder: str = ""
    ends: float = 0.0
    status: str = ""
    number: int = 0
    through: int | None = None
    version: int = 0
    united: int = -1
    entries: list[Entry] = field(default_factory=list)
    wish: dict[str, frozenset[Topic]] = field(default_factory=dict)
    heard: dict[str, float] = field(default_factory=dict)

    def forget(self) -> None:
        """Lose all memory."""
        self.born, self.holder, self.ends, self.status = None, "", 0.0, ""
        self.number, self.through = 0, None
        self.entries.clear()
        self.wish.clear()
        self.heard.clear()

    def take(self, gateway: str, lease: Position, new: Sequence[NewEntry], through: int) -> bool:
        """An append."""
        mine = (self.holder, self.fence, str(self.epochs)) == (gateway, lease.fence, lease.epoch)
        if self.born is None or not mine or self.clock() >= self.ends:
            return False
        if self.number == lease.number:
            for one in new:
                self.number += 1
                self.entries.append(Entry(lease.epoch, lease.fence, self.number, *one))
            del self.entries[: -self.max_entries]
            self.through = through
            return True
        return self.number == lease.number + len(new)

    def beat(
        self, gateway: str, claim: int, topics: frozenset[Topic], status: str, united: int
    ) -> Beat:
        now = self.clock()
        if self.born is None:
            self.born, self.epochs, self.united = now, self.epochs + 1, -1
        known = gateway in self.wish
        self._wishes(gateway, topics, now)
        mine = claim > 0 and (self.holder, self.fence) == (gateway, claim) and now < self.ends
        if claim == COMPETE and now >= max(self.ends, self.born + self.lease_s):
            self.fence += 1
            mine = True
        if mine:
            self.holder, self.ends, self.status = gateway, now + self.lease_s, status
            self.united = united
        left = max(0.0, max(self.ends, self.born + self.lease_s) - now)
        return Beat(
            str(self.epochs), self.fence, self.number, mine, now < self.ends, left,
            self.version, self.united, known, self.through, self.status,
        )  # fmt: skip

    def _wishes(self, gateway: str, topics: frozenset[Topic], now: float) -> None:
        if self.heard and max(self.heard.values()) < now - WISH_S:
            self.heard = dict.fromkeys(self.heard, now)
        self.heard[gateway] = now
        before = dict(self.wish)
        self.wish[gateway] = topics
        for gone in [name for name, at in self.heard.items() if at <= now - WISH_S]:
            del self.wish[gone], self.heard[gone]
        self.version += self.wish != before


@dataclass
class MemoryLog:
    """A gateway's line to the server, a `SharedLog`. `mishaps`: of so many appends that come next
    the answer is lost.
    """

    server: Server
    up: bool = True
    mishaps: int = 0
    latency_s: float = 0.001
    url: str = "redis://127.0.0.1:6379"

    async def beat(
        self,
        gateway: str,
        fence: int,
        topics: frozenset[Topic],
        status: str = "",
        united: int = NOT_YET,
    ) -> Beat:
        await self._travel()
        beat = self.server.beat(gateway, fence, topics, status, united)
        await self._travel()
        return beat

    async def wishes(self) -> frozenset[Topic]:
        await self._travel()
        return frozenset(topic for wish in self.server.wish.values() for topic in wish)

    async def append(
        self, gateway: str, lease: Position, entries: Sequence[NewEntry], through: int
    ) -> bool:
        await self._travel()
        answer = self.server.take(gateway, lease, entries, through)
        if self.mishaps:
            self.mishaps -= 1
            raise ConnectionError("the answer was lost")
        await self._travel()
        return answer

    async def read(self, position: Position) -> list[Entry]:
        after = (position.fence, position.number)

        def is_new(entry: Entry) -> bool:
            return (entry.fence, entry.number) > after

        for _ in range(5):
            await self._travel()
            new = list(takewhile(is_new, reversed(self.server.entries)))
            if new:
                return new[::-1][:100]
            await asyncio.sleep(0.05)
        return []

    async def release(self, gateway: str, *, leave: bool = False) -> None:
        await self._travel()
        if self.server.holder == gateway:
            self.server.holder, self.server.ends = "", 0.0
        if leave and self.server.wish.pop(gateway, None) is not None:
            del self.server.heard[gateway]
            self.server.version += 1

    async def close(self) -> None:
        """There is nothing to close."""

    async def _travel(self) -> None:
        await asyncio.sleep(self.latency_s)
        if not (self.up and self.server.up):
            await asyncio.sleep(1.0)
            raise ConnectionError("timed out")
