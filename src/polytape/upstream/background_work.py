"""A piece of work in the background: whether it is still wanted, and what it has spent.

It travels as a context variable, from the task that begins the work into the threads that wait for
the vendor: whoever hands out the budget sees it, and nobody between them has to pass it on.
"""

from contextvars import ContextVar
from dataclasses import dataclass

from polytape.errors import DataFetchError

CANCELLED = "the work was cancelled"


@dataclass
class BackgroundWork:
    """`requests` of the budget so far; `stopped` once nobody wants the rest. Both only grow."""

    requests: int = 0
    stopped: bool = False


_WORK: ContextVar[BackgroundWork | None] = ContextVar("polytape_background_work", default=None)


def begin_work() -> BackgroundWork:
    """A new piece of work: what this task does from now on, and the tasks that it begins."""
    work = BackgroundWork()
    _WORK.set(work)
    return work


def check_wanted() -> None:
    """Go on where the work that this thread or task does is still wanted.

    Raises: DataFetchError where it was stopped.
    """
    work = _WORK.get()
    if work is not None and work.stopped:
        raise DataFetchError(CANCELLED)


def count_request() -> None:
    """Count one request of the budget for the work at hand. Not for two threads at once."""
    work = _WORK.get()
    if work is not None:
        work.requests += 1
