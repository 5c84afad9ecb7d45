"""Identical queries in flight are fetched once."""

import asyncio
import gc
from collections.abc import Awaitable, Callable

from polytape.history.single_flight import SingleFlight


class Call:
    """A call that waits for leave, and how often it was made."""

    def __init__(self) -> None:
        self.leave = asyncio.Event()
        self.calls = 0
        self.error: Exception | None = None

    async def __call__(self) -> int:
        self.calls += 1
        number = self.calls
        await self.leave.wait()
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
