"""Of equal calls in flight there is one."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Generic, TypeVar

from polytape.net.stages import stage

T = TypeVar("T")

# What a source answers in a while is stored, although nobody waits for it any more; a source that
# sends a byte now and then is left.
ABANDONED_S = 10.0


@dataclass(eq=False)
class _Flight(Generic[T]):
    """A call in flight, whether its work has begun, and how many wait for it."""

    task: asyncio.Task[T]
    started: Callable[[], bool]
    waiting: int = 0


class SingleFlight(Generic[T]):
    """Shares one running call among all callers with the same key. For one event loop.

    A call that has started goes on for ABANDONED_S when its callers are cancelled; one that has not
    is dropped with the last of them. `joined` counts the callers that joined a running call.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, _Flight[T]] = {}
        self.joined = 0

    async def once(
        self,
        key: Hashable,
        call: Callable[[], Awaitable[T]],
        started: Callable[[], bool] = lambda: True,
    ) -> T:
        """The result of the call in flight for `key`, or of a new one. `started` says whether the
        work of a new one has begun, which would be lost.

        Raises: what the call raises, in every caller.
        """
        flight = self._running.get(key)
        joins: AbstractContextManager[None] = nullcontext()
        if flight is None:
            flight = _Flight(asyncio.ensure_future(_run(call)), started)
            self._running[key] = flight
            flight.task.add_done_callback(lambda done: self._landed(key, done))
        else:
            self.joined += 1
            joins = stage("joined")
        flight.waiting += 1
        try:
            with joins:
                return await asyncio.shield(flight.task)
        except asyncio.CancelledError:
            if flight.waiting == 1 and not flight.started():
                self._drop(key, flight)
            elif flight.waiting == 1:
                loop = asyncio.get_running_loop()
                loop.call_later(ABANDONED_S, self._drop_abandoned, key, flight)
            raise
        finally:
            flight.waiting -= 1

    def _drop_abandoned(self, key: Hashable, flight: _Flight[T]) -> None:
        if not flight.waiting and not flight.task.done():
            self._drop(key, flight)

    def _drop(self, key: Hashable, flight: _Flight[T]) -> None:
        flight.task.cancel()
        self._forget(key, flight.task)  # whoever comes next begins anew

    def _landed(self, key: Hashable, task: asyncio.Task[T]) -> None:
        self._forget(key, task)
        if not task.cancelled():
            task.exception()  # retrieved, should every caller be cancelled

    def _forget(self, key: Hashable, task: asyncio.Task[T]) -> None:
        flight = self._running.get(key)
        if flight is not None and flight.task is task:
            del self._running[key]


async def _run(call: Callable[[], Awaitable[T]]) -> T:
    return await call()
