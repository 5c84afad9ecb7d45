"""Room for so much at a time, first come, first served. For one event loop at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Lane:
    """Room for so many units, first come, first served."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.used = 0
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for room."""
        return len(self._waiting)

    async def enter(self, units: int, patience_s: float | None = None) -> None:
        """Take `units`, which never exceed the capacity, once there is room and nobody waits any
        longer for some.

        Raises: TimeoutError after `patience_s`.
        """
        if not self._waiting and self.used + units <= self.capacity:
            self.used += units
            return
        place = asyncio.get_running_loop().create_future(), units
        self._waiting.append(place)
        try:
            async with asyncio.timeout(patience_s):
                await place[0]
        except BaseException:
            self._give_up(place)
            raise

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """One unit for as long as it takes."""
        await self.enter(1)
        try:
            yield
        finally:
            self.change(-1)

    def _give_up(self, place: tuple[asyncio.Future[None], int]) -> None:
        future, units = place
        if future.done() and not future.cancelled():  # it was let in at that very moment
            self.change(-units)
        else:
            self._waiting.remove(place)
            self.change(0)

    def change(self, units: int) -> None:
        """Take more units without waiting, or with a number below 0 give some back."""
        self.used += units
        while self._waiting:
            future, wanted = self._waiting[0]
            if self.used + wanted > self.capacity:
                return
            self._waiting.popleft()
            self.used += wanted
            future.set_result(None)
