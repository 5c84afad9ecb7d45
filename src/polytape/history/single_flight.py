"""Of equal calls in flight there is one."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Shares one running call among all callers with the same key. For one event loop.

    The call goes on when a caller is cancelled; only the end of the loop cancels it. `joined`
    counts the callers that joined a running call.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[T]] = {}
        self.joined = 0

    async def once(self, key: Hashable, call: Callable[[], Awaitable[T]]) -> T:
        """The result of the call in flight for `key`, or of a new one.

        Raises: what the call raises, in every caller.
        """
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(_run(call))
            self._running[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        else:
            self.joined += 1
        return await asyncio.shield(task)

    def _landed(self, key: Hashable, task: asyncio.Task[T]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # retrieved, should every caller be cancelled


async def _run(call: Callable[[], Awaitable[T]]) -> T:
    return await call()
