"""Batches of an async generator as single events, read by a task of their own.

Who breaks out of `async for` leaves an async generator half done, and the loop may end before it
has closed a socket: "async generator ignored GeneratorExit". A task that is cancelled closes whole,
and `asyncio.run` waits for it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from functools import partial
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Pump(Generic[T]):
    """An async iterator over the events of batches; one batch is fetched ahead. Dropped, by a
    `break` for example, it cancels the task that reads them.
    """

    def __init__(self, batches: AsyncGenerator[list[T], None]) -> None:
        self._batches = batches
        self._events: deque[T] = deque()
        # None is the end.
        self._arrived: asyncio.Queue[list[T] | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(1)
        self._task: asyncio.Task[None] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._task is None:
            self._task = asyncio.create_task(_read(self._batches, self._arrived, self._room))
            self._task.add_done_callback(partial(_end, self._arrived))
        while not self._events:
            batch = await self._arrived.get()
            if batch is None:
                self._arrived.put_nowait(None)  # the end stays the end
                if not self._task.cancelled():
                    await self._task  # raises what ended it, where that is an error
                raise StopAsyncIteration
            self._room.release()
            self._events.extend(batch)
        return self._events.popleft()

    async def aclose(self) -> None:
        """End the reading, and wait for its end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def __del__(self) -> None:
        task = self._task
        if task is not None and not task.done():
            with suppress(RuntimeError):  # the loop is closed, and the task with it
                task.get_loop().call_soon_threadsafe(task.cancel)


def _end(arrived: "asyncio.Queue[list[T] | None]", _: "asyncio.Task[None]") -> None:
    arrived.put_nowait(None)


async def _read(
    batches: AsyncGenerator[list[T], None],
    arrived: "asyncio.Queue[list[T] | None]",
    room: asyncio.Semaphore,
) -> None:
    """Read batch after batch. It knows nothing of the iterator, which therefore can be dropped."""
    async with aclosing(batches):
        async for batch in batches:
            await room.acquire()
            arrived.put_nowait(batch)
