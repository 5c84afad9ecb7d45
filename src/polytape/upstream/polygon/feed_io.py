"""What a live feed needs of the world: a socket, clocks, a sleep, chance."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol


class FeedSocket(Protocol):
    """An open WebSocket, as `net.socket.Socket`."""

    async def send(self, message: bytes) -> None:
        """Send a text message."""
        ...

    async def receive(self) -> bytes:
        """The next message."""
        ...

    async def ping(self) -> None:
        """Return once a ping was answered."""
        ...


@dataclass(frozen=True)
class FeedTime:
    """The clocks of a feed: `now` in microseconds UTC, `seconds` that only grow, a sleep; chance,
    and a way to run what blocks.
    """

    now: Callable[[], int]
    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    run_blocking: Callable[..., Awaitable[Any]] = asyncio.to_thread
