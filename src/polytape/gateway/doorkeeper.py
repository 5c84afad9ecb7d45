"""Who may stay connected, and how long: heads and bodies that do not come, readers that do not
read, more connections than there is room for. Pure: connections are handed in, and so is the time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one connection may send, in bytes, and take, in seconds; how many there may be.

    `all_bodies_bytes`: those of all requests that are not answered yet. `share`: the connections of
    one address. `reserve`: more than these are let in only to be told of it, and for `/health`. A
    reader that takes less than `slowest_read` bytes in `stalled_s` is ended.
    """

    head_bytes: int = 64 * 1024
    url_bytes: int = 16 * 1024
    headers: int = 200
    body_bytes: int = 2 * 1024 * 1024
    all_bodies_bytes: int = 64 * 1024 * 1024
    head_s: float = 10.0
    body_s: float = 30.0
    stalled_s: float = 30.0
    slowest_read: int = 256 * 1024
    connections: int = 2_048
    share: int = 1_536
    reserve: int = 64


class Connection(Protocol):
    """One client's connection."""

    client: tuple[str, int] | None

    def expire(self, reason: str) -> None:
        """End it, saying why where that is still possible."""
        ...

    def unread(self) -> int:
        """Bytes that are written, and not yet taken."""
        ...


@dataclass
class Doorkeeper:
    """Of one server. Times are seconds of a clock that only grows."""

    limits: ConnectionLimits = field(default_factory=ConnectionLimits)

    def __post_init__(self) -> None:
        # Bytes of the bodies of requests that are not answered yet.
        self.body_bytes = 0
        self.count = 0
        self._by_address: dict[str | None, int] = {}
        # Without a whole head: when that has to be there, None between two requests. Oldest first.
        self._heads: dict[Connection, float | None] = {}
        self._bodies: dict[Connection, float] = {}
        self._stalled: dict[Connection, tuple[float, int]] = {}

    def admits(self, one: Connection) -> bool:
        """Whether a new connection gets a place. Where all are taken, the one that has waited
        longest without a request loses its own. To be followed by `leave` in any case.
        """
        limits, address = self.limits, address_of(one)
        self.count += 1
        same = self._by_address[address] = self._by_address.get(address, 0) + 1
        if self.count > limits.connections:
            return self._evict(self._heads)
        if same > limits.share:
            return self._evict(head for head in self._heads if address_of(head) == address)
        return True

    def is_full(self) -> bool:
        """Whether not even the reserve has a place."""
        return self.count > self.limits.connections + self.limits.reserve

    def leave(self, address: str | None) -> None:
        """A connection of an address has ended, whatever protocol it spoke by then."""
        self.count -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def await_head(self, one: Connection, now: float | None) -> None:
        """A head has to come, within the time that begins `now`; None: whenever it likes."""
        self._heads[one] = None if now is None else now + self.limits.head_s

    def hurry_head(self, one: Connection, now: float) -> None:
        """The first bytes of a head have come: from now on it has to come whole."""
        if self._heads.get(one, now) is None:
            self._heads[one] = now + self.limits.head_s

    def head_came(self, one: Connection) -> None:
        """A head is whole."""
        self._heads.pop(one, None)

    def await_body(self, one: Connection, now: float) -> None:
        """The rest of a body has to come."""
        self._bodies.setdefault(one, now + self.limits.body_s)

    def body_came(self, one: Connection) -> None:
        """A body is whole."""
        self._bodies.pop(one, None)

    def stalls(self, one: Connection, now: float) -> None:
        """A connection takes no more bytes for now."""
        self._stalled[one] = now + self.limits.stalled_s, one.unread()

    def flows(self, one: Connection) -> None:
        """It takes bytes again."""
        self._stalled.pop(one, None)

    def forget(self, one: Connection) -> None:
        """A connection is none of ours any more."""
        for waiting in (self._heads, self._bodies, self._stalled):
            waiting.pop(one, None)

    def sweep(self, now: float) -> None:
        """End what took too long. To be called every second or so."""
        limits = self.limits
        for one in [one for one, end in self._heads.items() if end is not None and end <= now]:
            self._end(one, f"no whole head within {limits.head_s:g} s")
        for one in [one for one, end in self._bodies.items() if end <= now]:
            self._end(one, f"no whole body within {limits.body_s:g} s")
        for one, (_, size) in [row for row in self._stalled.items() if row[1][0] <= now]:
            left = one.unread()
            if size - left < limits.slowest_read:
                self._end(one, "")
            else:
                self._stalled[one] = now + limits.stalled_s, left

    def _evict(self, heads: Iterable[Connection]) -> bool:
        oldest = next(iter(heads), None)
        if oldest is not None:
            self._end(oldest, "")
        return oldest is not None

    def _end(self, one: Connection, reason: str) -> None:
        self.forget(one)
        one.expire(reason)


def address_of(one: Connection) -> str | None:
    """The address that a connection comes from; None for one without."""
    return None if one.client is None else one.client[0]
