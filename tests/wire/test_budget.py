"""The moving window never lets more through than it says."""

from hypothesis import given
from hypothesis import strategies as st

from polytape.wire.budget import MovingWindow

steps = st.lists(st.floats(0, 30), max_size=60)


@given(st.integers(1, 6), st.floats(1, 60), steps)
def test_never_more_than_the_limit_in_any_window(
    limit: int, window: float, pauses: list[float]
) -> None:
    budget, now, taken = MovingWindow(limit, window), 0.0, []
    for pause in pauses:
        now += pause
        if budget.take(now) == 0.0:
            taken.append(now)
    for moment in taken:
        assert sum(other <= moment < other + window for other in taken) <= limit


@given(st.integers(1, 6), st.floats(1, 60), steps)
def test_after_the_wait_it_was_told_a_caller_is_let_through(
    limit: int, window: float, pauses: list[float]
) -> None:
    budget, now = MovingWindow(limit, window), 0.0
    for pause in pauses:
        now += pause
        wait = budget.take(now)
        assert 0 <= wait <= window * (1 + 1e-9)
        if wait:
            now += wait * (1 + 1e-9) + 1e-9
            assert budget.take(now) == 0.0


def test_the_state_says_what_is_left_and_when_all_of_it_is_free() -> None:
    budget = MovingWindow(5, 60.0)
    assert (budget.state(0.0).remaining, budget.state(0.0).reset_s) == (5, 0.0)
    budget.take(0.0)
    budget.take(10.0)
    state = budget.state(20.0)
    assert (state.limit, state.used, state.remaining, state.reset_s) == (5, 2, 3, 50.0)
    assert budget.state(65.0).used == 1
