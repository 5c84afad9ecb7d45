"""An hour of the gateway's figures in a bounded ring."""

import asyncio
from itertools import count

import msgspec
import pytest

from polytape.errors import DataFetchError
from polytape.gateway.status_history import (
    EVERY_S,
    MOST_SAMPLES,
    SIZE_EVERY_SAMPLES,
    StatusHistory,
    plain_figures,
)


class Budget(msgspec.Struct, frozen=True):
    remaining: int = 7


class Figures(msgspec.Struct):
    version: str = "1"
    made_up: bool = True
    requests: int = 3
    seconds: float = 0.5
    store: str | None = None
    rate_limit: Budget = Budget()


def test_only_numbers_are_sampled_by_their_names() -> None:
    """Texts, truths and what is not known are no figures; those of a part have its name before."""
    figures = dict(plain_figures(msgspec.to_builtins(Figures())))
    assert figures == {"requests": 3.0, "seconds": 0.5, "rate_limit.remaining": 7.0}


def test_it_keeps_an_hour_and_no_more() -> None:
    """The oldest sample goes; columns are as long as the list of instants."""
    clock = count(0, int(EVERY_S * 1e6))
    requests = count()
    history = StatusHistory(lambda: Figures(requests=next(requests)), lambda: next(clock))
    for _ in range(MOST_SAMPLES + 5):
        history.sample()
    message = history.message()
    assert len(message.at) == MOST_SAMPLES == 3_600 / EVERY_S
    assert message.at[0] == "1970-01-01T00:01:15Z"
    assert message.figures["requests"] == [float(n) for n in range(5, MOST_SAMPLES + 5)]


def test_a_figure_that_came_later_is_null_before() -> None:
    statuses = iter([Budget(remaining=1), Figures()])
    history = StatusHistory(lambda: next(statuses), lambda: 0)
    history.sample()
    history.sample()
    assert history.message().figures["requests"] == [None, 3.0]
    assert history.message().figures["remaining"] == [1.0, None]


@pytest.mark.parametrize("fails", [False, True])
async def test_the_store_is_summed_up_now_and_then(fails: bool) -> None:
    """Once in so many samples; a store that cannot be listed costs only its figure."""
    sizes = count(100)

    def size() -> int:
        if fails:
            raise DataFetchError("the disk is gone")
        return next(sizes)

    async def at_once(call: object) -> int:
        return size()

    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > SIZE_EVERY_SAMPLES:
            raise asyncio.CancelledError

    history = StatusHistory(Figures, lambda: 0, size, at_once)
    with pytest.raises(asyncio.CancelledError):
        await history.run(sleep)
    figures = history.message().figures
    if fails:
        assert "store_bytes" not in figures
    else:
        assert figures["store_bytes"] == [*[100.0] * SIZE_EVERY_SAMPLES, 101.0]
    assert set(slept) == {EVERY_S}
