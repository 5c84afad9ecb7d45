"""Work in the background can be stopped, and says what it spent, through every thread that does it."""

import asyncio
import contextvars

import pytest

from polytape.errors import DataFetchError
from polytape.gateway.workers import ThreadWorkers
from polytape.upstream.background_work import BackgroundWork, begin_work, check_wanted
from polytape.upstream.budget.budget import Budget
from polytape.wire.budget import MovingWindow


def budget_of(limit: int) -> Budget:
    """So many requests an hour; the waits are short."""
    return Budget(MovingWindow(limit, 3600.0), pause=lambda changed, _: changed.wait(0.005))


async def test_a_thread_that_waits_for_the_budget_is_freed_when_its_work_is_stopped() -> None:
    """It was freed after its patience, a day: no place is taken, and others keep theirs."""
    workers, budget = ThreadWorkers(), budget_of(1)

    def request() -> None:
        with budget.place(background=True):
            pass

    work = begin_work()
    await workers.background(request)
    waiting = asyncio.ensure_future(workers.background(request))
    while not budget.waiting():
        await asyncio.sleep(0)
    work.stopped = True
    with pytest.raises(DataFetchError, match="cancelled"):
        await waiting
    assert (budget.waiting(), work.requests) == (0, 1)
    with pytest.raises(DataFetchError, match="cancelled"):
        budget.sleep(3600.0)  # the pause between two tries
    workers.close()


def test_work_is_counted_and_stopped_by_itself() -> None:
    """What another context does is none of it; without any, nothing is counted and all is wanted."""
    budget = budget_of(9)
    check_wanted()

    def spend(requests: int) -> BackgroundWork:
        work = begin_work()
        for _ in range(requests):
            with budget.place():
                pass
        return work

    first = contextvars.copy_context().run(spend, 2)
    second = contextvars.copy_context().run(spend, 3)
    assert (first.requests, second.requests) == (2, 3)
    first.stopped = True
    check_wanted()
    with budget.place():
        pass
