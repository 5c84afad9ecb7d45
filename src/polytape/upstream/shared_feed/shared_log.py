"""What gateways with one feed share: a lease, what is wanted, and a log of what came."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from polytape.upstream.shared_feed.entries import Entry, NewEntry, Position
from polytape.wire.polygon.topics import Topic

# A lease runs out so long after it was last renewed. Its holder must have closed the socket by
# then, and begins to do so STOP_S earlier; with the beats below, another one has it within 5 s.
LEASE_S, STOP_S = 4.0, 1.0
# Each gateway says so often that it is there.
BEAT_S = 0.5
# In place of a fencing number: take the lease if it is free; leave it alone.
COMPETE, WATCH = 0, -1
# A holder's source has not been told yet what all gateways want.
NOT_YET = -1


class Beat(NamedTuple):
    """What a gateway hears when it says that it is there.

    `epoch` changes when the server lost its memory or was started anew. `fence` is the newest
    lease's, `number` the newest entry's. `mine`: this gateway has the lease. `left_s`: in so many
    seconds it can be free, zero where it is. `taken`: somebody has it. `wishes` grows when gateways
    want something else, `united` is how far the holder's source has that; `known`: this gateway's
    wish was there. `through`: whatever came before that instant
    (microseconds UTC) is in the log. `status` is that of the holder's source.
    """

    epoch: str
    fence: int
    number: int
    mine: bool
    taken: bool
    left_s: float
    wishes: int
    united: int
    known: bool
    through: int | None
    status: str


class SharedLog(Protocol):
    """Every call raises ConnectionError where the server cannot be used."""

    url: str

    async def beat(
        self,
        gateway: str,
        fence: int,
        topics: frozenset[Topic],
        status: str = "",
        united: int = NOT_YET,
    ) -> Beat:
        """Say that a gateway is there and what it wants. `fence`: renew the lease of that number,
        COMPETE for it, or WATCH. `united`: the version of the wishes that the
        holder's source has. A lease is granted only once the one before has run out by the
        server's clock, and never within a lease's length of the beginning of an epoch: who had it
        in the epoch before may still have the socket open.
        """
        ...

    async def wishes(self) -> frozenset[Topic]:
        """What all gateways want."""
        ...

    async def append(
        self, gateway: str, lease: Position, entries: Sequence[NewEntry], through: int
    ) -> bool:
        """Write all of the entries behind the one of the lease's number, or none, and False where
        the lease is no longer this gateway's. To say it again is harmless: they are written once.
        """
        ...

    async def read(self, position: Position) -> list[Entry]:
        """The entries behind a position; waits a moment for them. None where none came."""
        ...

    async def release(self, gateway: str, *, leave: bool = False) -> None:
        """Give the lease back; with `leave` the gateway's wish, too."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
