"""The threads of a gateway: reading and working on bars never happens on the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class ThreadWorkers:
    """Four pools, so that nobody's waiting keeps others from what is at hand."""

    def __init__(self, threads: int = 8, foreground_threads: int = 32) -> None:
        self._work = ThreadPoolExecutor(threads, thread_name_prefix="polytape-work")
        self._heavy = ThreadPoolExecutor(2, thread_name_prefix="polytape-heavy")
        # Who waits for the source's budget must not keep others from what is stored already.
        self._foreground = ThreadPoolExecutor(
            foreground_threads, thread_name_prefix="polytape-fetch"
        )
        # Nor may a backfill, which waits for hours, keep the places of those who wait for seconds.
        self._background = ThreadPoolExecutor(4, thread_name_prefix="polytape-backfill")

    async def work(self, call: Callable[[], T]) -> T:
        """Run what reads or computes for a moment."""
        return await _run(self._work, call)

    async def heavy(self, call: Callable[[], T]) -> T:
        """Run what computes long."""
        return await _run(self._heavy, call)

    async def foreground(self, call: Callable[[], T]) -> T:
        """Run what fetches from the source, and may wait for it, while somebody waits."""
        return await _run(self._foreground, call)

    async def background(self, call: Callable[[], T]) -> T:
        """Run what fetches from the source while nobody waits."""
        return await _run(self._background, call)

    def submit(self, call: Callable[[], None]) -> None:
        """Run what nobody waits for; it says itself what goes wrong."""
        self._work.submit(call)

    def close(self) -> None:
        """End the threads once their work is done."""
        for pool in (self._foreground, self._background, self._work, self._heavy):
            pool.shutdown(wait=True, cancel_futures=True)


async def _run(pool: Executor, call: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, call)
