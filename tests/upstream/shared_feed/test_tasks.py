"""Tasks that belong together end together."""

import asyncio

import pytest

from polytape.upstream.shared_feed.tasks import heeding_cancel, until_one_ends
from tests.upstream.shared_feed.virtual_time import play, seconds


def test_who_closes_slowly_is_waited_for_and_not_disturbed() -> None:
    """However often the whole is cancelled."""
    closed: list[float] = []

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(3)
            closed.append(seconds())

    async def scene() -> None:
        task = asyncio.ensure_future(until_one_ends(slow(), asyncio.sleep(10)))
        await asyncio.sleep(1)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.5)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert closed == [seconds()]

    play(scene())


def test_its_error_is_raised() -> None:
    """Of the one that ended it."""

    async def wrong() -> None:
        await asyncio.sleep(1)
        raise ValueError("this")

    with pytest.raises(ValueError, match="this"):
        play(until_one_ends(wrong(), asyncio.sleep(5)))


def test_a_cancel_that_a_library_lost_is_raised_after_all() -> None:
    """And a wait in a task that was cancelled before goes on."""

    async def library() -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            return

    async def user() -> None:
        with heeding_cancel():
            await library()
        raise AssertionError("it was cancelled")

    async def scene() -> None:
        task = asyncio.ensure_future(user())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    play(scene())
