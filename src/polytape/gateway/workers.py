"""The threads of a gateway: reading and working on bars never happens on the event loop."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from polytape.gateway.daemon_pool import DaemonPool
from polytape.net.deadlines import Stop, stopped_by
from polytape.net.stages import waited

T = TypeVar("T")

log = logging.getLogger(__name__)

# What is under way when the gateway ends has so long: with the grace of its connections that is
# less than the ten seconds that a container gives.
CLOSE_S = 2.0


class ThreadWorkers:
    """Four pools, so that nobody's waiting keeps others from what is at hand."""

    def __init__(self, threads: int = 8, foreground_threads: int = 64) -> None:
        self._work = DaemonPool(threads, "polytape-work")
        self._heavy = DaemonPool(2, "polytape-heavy")
        # Who waits for the source's budget must not keep others from what is stored already.
        self._foreground = DaemonPool(foreground_threads, "polytape-fetch")
        # Nor may a backfill, which waits for hours, keep the places of those who wait for seconds.
        self._background = DaemonPool(4, "polytape-backfill")

    async def work(self, call: Callable[[], T]) -> T:
        """Run what reads or computes for a moment."""
        return await _run(self._work, call)

    async def heavy(self, call: Callable[[], T]) -> T:
        """Run what computes long."""
        return await _run(self._heavy, call)

    async def foreground(self, call: Callable[[], T]) -> T:
        """Run what fetches from the source, and may wait for it, while somebody waits. Cancelled,
        it ends in its thread too.
        """
        return await _run_stoppable(self._foreground, call)

    async def background(self, call: Callable[[], T]) -> T:
        """Run what fetches from the source while nobody waits. Cancelled, it ends in its thread
        too.
        """
        return await _run_stoppable(self._background, call)

    def submit(self, call: Callable[[], None]) -> None:
        """Run what nobody waits for; it says itself what goes wrong."""
        self._work.submit(copy_context().run, call)

    def waiting(self) -> dict[str, int]:
        """How many calls wait for a thread of each pool."""
        return {
            "work": self._work.waiting,
            "heavy": self._heavy.waiting,
            "foreground": self._foreground.waiting,
            "background": self._background.waiting,
        }

    def close(self, within_s: float = CLOSE_S) -> None:
        """End the threads once their work is done, or after so many seconds, whatever they do."""
        pools = (self._foreground, self._background, self._work, self._heavy)
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
        ends = time.monotonic() + within_s
        left = sum(pool.left_at(ends) for pool in pools)
        if left:
            log.warning("%d threads did not end within %g s, and are left", left, within_s)


async def _run(pool: Executor, call: Callable[[], T]) -> T:
    # With the task's context: a thread knows which background work it does, and for which request.
    run = partial(copy_context().run, _begin, call, time.perf_counter())
    return await asyncio.get_running_loop().run_in_executor(pool, run)


def _begin(call: Callable[[], T], since: float) -> T:
    """A call that has waited for its thread since an instant of `time.perf_counter`."""
    waited("queue", since)
    return call()


async def _run_stoppable(pool: Executor, call: Callable[[], T]) -> T:
    stop = Stop()

    def stoppable() -> T:
        with stopped_by(stop):
            return call()

    try:
        return await _run(pool, stoppable)
    except asyncio.CancelledError:
        stop.stop()
        raise
