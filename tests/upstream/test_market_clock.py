"""A clock that can be stopped, moved on and made faster, and never jumps by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.units import MINUTE_US, SECOND_US
from polytape.upstream.market_clock import MarketClock

START = 1_000 * MINUTE_US

actions = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 1_000)),
    st.tuples(st.just("speed"), st.integers(1, 1_000)),
    st.tuples(st.just("step"), st.integers(0, MINUTE_US)),
    st.tuples(st.sampled_from(("pause", "resume")), st.just(0)),
)


class Wall:
    """Whole seconds, so that sums are exact."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@given(st.lists(actions, max_size=20))
def test_the_clock_is_the_sum_of_what_passed(script: list[tuple[str, int]]) -> None:
    """Market time is the steps, and the wall's seconds at the speed of each, but for pauses."""
    wall = Wall()
    clock = MarketClock(START, 1.0, wall)
    expected, speed, stands = START, 1, False
    for action, amount in script:
        if action == "wait":
            wall.seconds += amount
            expected += 0 if stands else amount * speed * SECOND_US
        elif action == "speed":
            clock.set_speed(float(amount))
            speed = amount
        elif action == "step":
            expected += amount
            assert clock.step(amount) == expected
        elif action == "pause":
            clock.pause()
            stands = True
        else:
            clock.resume()
            stands = False
        assert clock.now() == expected
        assert clock.speed == speed
        assert clock.paused is stands


def test_resume_of_a_clock_that_runs_changes_nothing() -> None:
    """Time does not go back."""
    wall = Wall()
    clock = MarketClock(START, 1.0, wall)
    wall.seconds = 30
    clock.resume()
    assert clock.now() == START + 30 * SECOND_US


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 60.0), (60.0, 1.0), (0.5, 120.0)])
def test_the_wait_is_as_long_as_the_speed_makes_it(speed: float, seconds: float) -> None:
    """In wall seconds; nothing for what is past, None while the clock stands before it."""
    clock = MarketClock(START, speed, Wall())
    assert clock.seconds_until(START + MINUTE_US) == seconds
    assert clock.seconds_until(START - 1) == clock.seconds_until(START) == 0
    clock.pause()
    assert clock.seconds_until(START + MINUTE_US) is None
    assert clock.seconds_until(START) == 0


def test_a_clock_with_an_end_stands_there() -> None:
    """Neither time nor a step passes it; what lies after it never comes."""
    wall = Wall()
    clock = MarketClock(START, 60.0, wall, START + 3 * MINUTE_US)
    assert clock.seconds_until(START + 3 * MINUTE_US) == 3.0
    assert clock.seconds_until(START + 3 * MINUTE_US + 1) is None
    assert clock.step(2 * MINUTE_US) == START + 2 * MINUTE_US
    wall.seconds = 10
    assert clock.now() == START + 3 * MINUTE_US
    assert clock.step(MINUTE_US) == START + 3 * MINUTE_US
    clock.pause()
    clock.resume()
    assert clock.now() == START + 3 * MINUTE_US
    assert clock.seconds_until(START + 3 * MINUTE_US) == 0
