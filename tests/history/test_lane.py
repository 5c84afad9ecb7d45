"""Room for so much at a time: first come, first served, and nothing of it is lost."""

import asyncio

import pytest

from polytape.history.lane import Lane


async def turns() -> None:
    """What can go on goes on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_came_first_goes_first_and_no_small_one_slips_by() -> None:
    """A large one at the head of the line is not starved by small ones behind it."""
    lane, entered = Lane(10), list[int]()

    async def enter(units: int) -> None:
        await lane.enter(units)
        entered.append(units)

    await lane.enter(7)
    tasks = [asyncio.create_task(enter(units)) for units in (9, 1, 2)]
    await turns()
    assert (entered, lane.waiting) == ([], 3)
    lane.change(-7)
    await turns()
    assert (entered, lane.used) == ([9, 1], 10)
    lane.change(-9)
    await asyncio.gather(*tasks)
    assert (entered, lane.used, lane.waiting) == ([9, 1, 2], 3, 0)


async def test_who_leaves_the_line_lets_others_on_and_takes_nothing_along() -> None:
    lane = Lane(10)
    await lane.enter(5)
    large, small = (asyncio.create_task(lane.enter(units)) for units in (9, 3))
    await turns()
    large.cancel()
    await asyncio.gather(large, small, return_exceptions=True)
    assert (lane.used, lane.waiting) == (8, 0)


async def test_who_is_cancelled_at_the_moment_of_entry_gives_its_room_back() -> None:
    lane = Lane(10)
    await lane.enter(10)
    waiting = asyncio.create_task(lane.enter(4))
    await turns()
    lane.change(-10)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert (lane.used, lane.waiting) == (0, 0)


async def test_patience_ends() -> None:
    lane = Lane(1)
    await lane.enter(1)
    with pytest.raises(TimeoutError):
        await lane.enter(1, 0)
    assert (lane.used, lane.waiting) == (1, 0)


async def test_a_place_is_for_as_long_as_it_takes() -> None:
    lane = Lane(1)
    async with lane.place():
        assert lane.used == 1
    assert lane.used == 0
