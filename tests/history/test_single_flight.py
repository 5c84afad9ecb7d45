"""Identical queries in flight are fetched once."""

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest

from polytape.history.single_flight import SingleFlight


class Call:
    """A call that waits for leave, and how often it was made."""

    def __init__(self) -> None:
        self.leave = asyncio.Event()
        self.calls = self.dropped = 0
        self.error: Exception | None = None

    async def __call__(self) -> int:
        self.calls += 1
        number = self.calls
        try:
            await self.leave.wait()
        except asyncio.CancelledError:
            self.dropped += 1
            raise
        if self.error is not None:
            raise self.error
        return number


async def started(flights: SingleFlight[int], key: str, call: Callable[[], Awaitable[int]],
                  count: int) -> list[asyncio.Task[int]]:  # fmt: skip
    """Tasks that have all asked."""
    tasks = [asyncio.ensure_future(flights.once(key, call)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_a_flight_lands_and_the_next_one_starts() -> None:
    flights, call = SingleFlight[int](), Call()
    call.leave.set()
    assert await flights.once("k", call) == 1
    assert await flights.once("k", call) == 2
    assert flights.joined == 0


async def test_who_comes_while_it_is_in_flight_joins() -> None:
    flights, call, other = SingleFlight[int](), Call(), Call()
    tasks = await started(flights, "k", call, 5)
    (apart,) = await started(flights, "another", other, 1)
    assert flights.joined == 4
    call.leave.set()
    other.leave.set()
    assert await asyncio.gather(*tasks) == [1] * 5
    assert await apart == 1
    assert (call.calls, other.calls) == (1, 1)


async def test_an_error_reaches_everybody_and_the_next_flight_is_new() -> None:
    flights, call = SingleFlight[int](), Call()
    call.error = ValueError("wrong")
    tasks = await started(flights, "k", call, 3)
    call.leave.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["wrong"] * 3
    call.error = None
    assert await flights.once("k", call) == 2


async def test_who_leaves_does_not_take_the_answer_with_it() -> None:
    flights, call = SingleFlight[int](), Call()
    leavers = await started(flights, "k", call, 2)
    for task in leavers:
        task.cancel()
    outcomes = await asyncio.gather(*leavers, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
    (late,) = await started(flights, "k", call, 1)
    call.leave.set()
    assert await late == 1
    assert call.calls == 1


async def test_a_call_that_has_not_begun_is_dropped_with_the_last_of_its_callers() -> None:
    """One of two goes: it is for the other. The second goes: nothing is left to do."""
    flights, call = SingleFlight[int](), Call()
    begun = asyncio.Event()
    tasks = [
        asyncio.ensure_future(flights.once("k", call, started=begun.is_set)),
        asyncio.ensure_future(flights.once("k", call, started=asyncio.Event().is_set)),
    ]
    for _ in range(3):
        await asyncio.sleep(0)
    for task in tasks:
        assert call.dropped == 0
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)
    assert call.dropped == 1
    call.leave.set()
    assert await flights.once("k", call) == 2


async def test_a_call_that_has_begun_goes_on_whoever_joined_it_last() -> None:
    flights, call = SingleFlight[int](), Call()
    begun = asyncio.Event()
    begun.set()
    first = asyncio.ensure_future(flights.once("k", call, started=begun.is_set))
    await asyncio.sleep(0)
    joiner = asyncio.ensure_future(flights.once("k", call, started=asyncio.Event().is_set))
    await asyncio.sleep(0)
    for task in (first, joiner):
        task.cancel()
    await asyncio.gather(first, joiner, return_exceptions=True)
    call.leave.set()
    assert await flights.once("k", call) == 1
    assert call.dropped == 0


async def test_an_error_that_nobody_is_left_to_see_is_no_noise() -> None:
    flights, call = SingleFlight[int](), Call()
    noise: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
    (leaver,) = await started(flights, "k", call, 1)
    leaver.cancel()
    call.error = ValueError("wrong")
    call.leave.set()
    for _ in range(3):
        await asyncio.sleep(0)
    gc.collect()
    assert noise == []
    call.error = None
    assert await flights.once("k", call) == 2


async def test_a_flight_that_nobody_waits_for_ends_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A source that never answers keeps no place for ever; one who comes in time joins it."""
    monkeypatch.setattr("polytape.history.single_flight.ABANDONED_S", 0.05)
    flights, call = SingleFlight[int](), Call()
    (gone,) = await started(flights, "k", call, 1)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    (joined,) = await started(flights, "k", call, 1)
    await asyncio.sleep(0.06)
    assert not joined.done()
    joined.cancel()
    await asyncio.gather(joined, return_exceptions=True)
    await asyncio.sleep(0.06)
    assert not flights._running
    call.leave.set()
    assert await flights.once("k", call) == 2
    assert call.calls == 2
