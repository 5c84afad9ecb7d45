"""The moving window never lets more through than it says, however long requests are under way."""

from hypothesis import given
from hypothesis import strategies as st

from polytape.wire.budget import MovingWindow

steps = st.lists(st.tuples(st.floats(0, 30), st.floats(0, 20)), max_size=60)


@given(st.integers(1, 6), st.floats(1, 60), steps)
def test_never_more_than_the_limit_in_any_window_wherever_the_other_end_counts(
    limit: int, window: float, steps: list[tuple[float, float]]
) -> None:
    """The other end may count a request at any time between its start and its answer."""
    budget, now = MovingWindow(limit, window), 0.0
    flights: list[tuple[float, float]] = []
    under_way: list[tuple[float, int]] = []
    for pause, takes in steps:
        now += pause
        for ends, number in sorted(under_way):
            if ends <= now:
                budget.answered(number, ends)
                under_way.remove((ends, number))
        token, _ = budget.take(now)
        if token is not None:
            flights.append((now, now + takes))
            under_way.append((now + takes, token))
    for _, begin in flights:
        countable = [1 for start, end in flights if end >= begin and start < begin + window]
        assert len(countable) <= limit


@given(st.integers(1, 6), st.floats(1, 60), st.integers(0, 3), steps)
def test_after_the_wait_it_was_told_a_caller_is_let_through(
    limit: int, window: float, ahead: int, steps: list[tuple[float, float]]
) -> None:
    budget, now = MovingWindow(limit, window), 0.0
    for pause, _ in steps:
        now += pause
        token, wait = budget.take(now)
        assert 0 <= wait <= window * (1 + 1e-9)
        if token is None:
            now += wait * (1 + 1e-9) + 1e-9
            token, _ = budget.take(now)
        assert token is not None
        budget.answered(token, now)
    _, wait = budget.take(now, limit + ahead)
    assert wait > 0 or not steps


def test_who_stands_behind_others_waits_for_more_places() -> None:
    budget = MovingWindow(2, 60.0)
    for moment in (0.0, 10.0):
        token, _ = budget.take(moment)
        assert token is not None
        budget.answered(token, moment)
    assert budget.take(20.0) == (None, 40.0)
    assert budget.take(20.0, ahead=1) == (None, 50.0)


def test_a_place_is_held_as_long_as_its_request_is_under_way() -> None:
    budget = MovingWindow(1, 10.0)
    token, _ = budget.take(0.0)
    assert token is not None
    assert budget.take(100.0)[0] is None
    budget.answered(token, 100.0)
    assert budget.take(109.0) == (None, 1.0)
    assert budget.take(110.0)[0] is not None


def test_a_smaller_budget_counts_what_was_taken_under_the_larger_one() -> None:
    budget = MovingWindow(100, 1.0)
    for _ in range(7):
        token, _ = budget.take(0.0)
        assert token is not None
        budget.answered(token, 0.0)
    budget.resize(5, 60.0)
    assert budget.take(30.0) == (None, 30.0)
    assert budget.state(30.0).remaining == 0
    assert budget.take(60.0)[0] is not None


def test_the_state_says_what_is_left_and_when_all_of_it_is_free() -> None:
    budget = MovingWindow(5, 60.0)
    assert (budget.state(0.0).remaining, budget.state(0.0).reset_s) == (5, 0.0)
    for moment in (0.0, 10.0):
        token, _ = budget.take(moment)
        assert token is not None
        budget.answered(token, moment)
    state = budget.state(20.0)
    assert (state.limit, state.used, state.remaining, state.reset_s) == (5, 2, 3, 50.0)
    assert budget.state(65.0).used == 1


@given(st.integers(1, 6), st.integers(0, 6), st.floats(0, 50), st.integers(1, 30))
def test_the_wait_of_many_requests_is_that_of_the_last_of_them(
    limit: int, used: int, now: float, requests: int
) -> None:
    """Where those before came at once, and each is answered as soon as it is sent."""
    budget = MovingWindow(limit, 60.0)
    for number in range(1, min(used, limit) + 1):
        assert budget.take(0.0) == (number, 0.0)
        budget.answered(number, 0.0)
    expected, begun = budget.state(now).wait_s(requests), now
    for _ in range(requests):
        token, wait = budget.take(now)
        if token is None:
            now += wait * (1 + 1e-9) + 1e-9
            token, _ = budget.take(now)
        assert token is not None
        budget.answered(token, now)
    assert abs(now - begun - expected) < 1e-3
