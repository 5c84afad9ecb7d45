"""Tasks that belong together."""

import asyncio
import logging
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

log = logging.getLogger(__name__)


async def until_one_ends(*parts: Coroutine[Any, Any, object]) -> None:
    """Run all of them until one ends, and cancel the others. When this ends, by whatever cause, all
    of them have ended: a cancel that comes while they do is passed on to nobody.

    Raises: what ended it.
    """
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await _all_ended(tasks)
    for task in done:
        task.result()


@contextmanager
def heeding_cancel() -> Iterator[None]:
    """Around a wait whose library may lose a cancel: one that came meanwhile is raised after it,
    whether it went well or not.
    """
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    try:
        yield
    finally:
        if task.cancelling() > before:
            raise asyncio.CancelledError


async def _all_ended(tasks: Sequence[asyncio.Future[object]]) -> None:
    cancelled: asyncio.CancelledError | None = None
    while pending := [task for task in tasks if not task.done()]:
        try:
            await asyncio.wait(pending)
        except asyncio.CancelledError as error:
            cancelled = error
    for task in tasks:
        if not task.cancelled() and (trouble := task.exception()) is not None:
            log.debug("ended with %r", trouble)
    if cancelled is not None:
        raise cancelled
