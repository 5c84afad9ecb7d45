"""The gateway's threads: nobody's waiting keeps others from what is at hand."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from polytape.gateway.workers import ThreadWorkers


async def test_each_kind_of_work_has_threads_of_its_own() -> None:
    workers = ThreadWorkers(threads=1, foreground_threads=1)
    kinds: dict[str, Callable[[Callable[[], str]], Any]] = {
        "polytape-work": workers.work,
        "polytape-heavy": workers.heavy,
        "polytape-fetch": workers.foreground,
        "polytape-backfill": workers.background,
    }
    for name, run in kinds.items():
        assert (await run(lambda: threading.current_thread().name)).startswith(f"{name}_")
    workers.close()


async def test_who_waits_for_the_source_keeps_nobody_from_what_is_stored() -> None:
    workers = ThreadWorkers(threads=1, foreground_threads=1)
    leave = threading.Event()
    waiting = [
        asyncio.ensure_future(run(lambda: leave.wait(10)))
        for run in (workers.foreground, workers.foreground, workers.background)
    ]
    assert await workers.work(lambda: 1) == 1
    assert await workers.heavy(lambda: 2) == 2
    assert not any(task.done() for task in waiting)
    leave.set()
    assert await asyncio.gather(*waiting) == [True] * 3
    workers.close()


async def test_an_error_comes_back_and_after_the_end_nothing_runs() -> None:
    workers = ThreadWorkers()

    def fail() -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        await workers.work(fail)
    workers.close()
    with pytest.raises(RuntimeError):
        await workers.work(lambda: 1)
