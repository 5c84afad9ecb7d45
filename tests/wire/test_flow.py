"""Retry laws, driven by hand: no network, no clock, no chance."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import ConnectionError, IncompleteDataError, RateLimitError
from polytape.wire.budget import Pacer
from polytape.wire.flow import (
    LONGEST_BACKOFF_S,
    RETRIED,
    Request,
    Response,
    RetryPolicy,
    Runtime,
    Wait,
    ask,
)

GOOD = Response(200, {}, b"ok")
Event = Response | Exception


class World:
    """A clock that moves only when somebody waits or asks, and a list of answers."""

    def __init__(self, events: Sequence[Event], jitter: float = 1.0, each_s: float = 0.0) -> None:
        self.events = list(events)
        self.now = 1_000.0
        self.each_s = each_s
        self.waits: list[float] = []
        self.timeouts: list[float] = []
        self.pacer = Pacer()
        wall = datetime(2024, 1, 1, tzinfo=UTC).timestamp() - 1_000.0
        self.runtime = Runtime(lambda: self.now, lambda: wall + self.now, lambda: jitter)

    def run(self, policy: RetryPolicy | None = None) -> Response:
        flow = ask(Request("GET", "/"), policy or RetryPolicy(), self.pacer, self.runtime)
        step = next(flow)
        try:
            while True:
                if isinstance(step, Wait):
                    self.waits.append(step.seconds)
                    self.now += step.seconds
                    step = flow.send(None)
                    continue
                self.timeouts.append(step.timeout)
                self.now += self.each_s
                event = self.events.pop(0)
                step = flow.throw(event) if isinstance(event, Exception) else flow.send(event)
        except StopIteration as done:
            response: Response = done.value
            return response


def test_a_good_answer_is_asked_for_once() -> None:
    world = World([GOOD])
    assert world.run() == GOOD
    assert world.waits == []


@pytest.mark.parametrize("status", sorted(RETRIED))
def test_these_statuses_are_tried_again_with_doubling_waits(status: int) -> None:
    world = World([Response(status, {}, b"")] * 3 + [GOOD])
    assert world.run() == GOOD
    assert world.waits == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422, 501])
def test_these_are_not(status: int) -> None:
    bad = Response(status, {}, b"")
    assert World([bad]).run() == bad


@pytest.mark.parametrize("error", [ConnectionError("refused"), IncompleteDataError("cut")])
def test_what_broke_on_the_way_is_tried_again_and_raised_at_last(error: Exception) -> None:
    assert World([error, error, GOOD]).run() == GOOD
    world = World([error] * 4)
    with pytest.raises(type(error)):
        world.run()
    assert world.waits == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(("sent", "tries"), [(False, 1), (True, 2)])
def test_where_somebody_waits_a_refused_connection_is_not_tried_again(
    sent: bool, tries: int
) -> None:
    """What broke off later may be better a moment after."""
    error = ConnectionError("no", sent=sent)
    world, policy = World([error, GOOD]), RetryPolicy(retries_refused=False)
    if sent:
        assert world.run(policy) == GOOD
    else:
        with pytest.raises(ConnectionError):
            world.run(policy)
    assert len(world.timeouts) == tries


def test_the_last_answer_is_returned_as_it_is() -> None:
    bad = Response(503, {}, b"")
    assert World([bad] * 4).run() == bad


def test_retry_after_is_obeyed_in_seconds_and_as_a_date() -> None:
    refusals = [Response(429, {"retry-after": "17"}, b""),
                Response(503, {"retry-after": "Mon, 01 Jan 2024 00:00:30 GMT"}, b"")]  # fmt: skip
    world = World([*refusals, GOOD])
    assert world.run() == GOOD
    assert world.waits == [17.0, 13.0]


def test_a_retry_after_beyond_the_cap_is_not_waited_for() -> None:
    far = Response(429, {"retry-after": "3600"}, b"")
    world = World([far])
    assert world.run() == far
    assert world.waits == []


def test_no_retries_means_one_try() -> None:
    bad = Response(500, {}, b"")
    assert World([bad]).run(RetryPolicy(max_retries=0)) == bad


@given(
    st.integers(0, 8), st.floats(0, 1, exclude_max=True), st.floats(0.01, 40), st.floats(0.1, 200)
)
def test_total_time_and_tries_are_bounded_whatever_happens(
    retries: int, jitter: float, each_s: float, deadline: float
) -> None:
    policy = RetryPolicy(max_retries=retries, deadline_s=deadline)
    world = World([Response(500, {}, b"")] * (retries + 1), jitter, each_s)
    began = world.now
    assert world.run(policy).status == 500
    assert len(world.timeouts) <= retries + 1
    assert sum(world.waits) <= deadline
    assert world.now - began - each_s <= deadline  # the last try began inside the deadline
    assert all(wait <= LONGEST_BACKOFF_S for wait in world.waits)
    assert all(t <= policy.timeout_s for t in world.timeouts)


def test_a_client_waits_before_it_would_be_refused() -> None:
    world = World([Response(200, {"ratelimit-remaining": "0", "ratelimit-reset": "7"}, b""), GOOD])
    world.run()
    assert world.run() == GOOD
    assert world.waits == [7.0]


def test_a_budget_beyond_the_deadline_is_an_error_that_says_when() -> None:
    world = World([Response(200, {"ratelimit-remaining": "0", "ratelimit-reset": "900"}, b"")])
    world.run()
    with pytest.raises(RateLimitError) as caught:
        world.run()
    assert caught.value.retry_at == datetime(2024, 1, 1, 0, 15, tzinfo=UTC)


@pytest.mark.parametrize("headers", [{}, {"ratelimit-remaining": "x", "ratelimit-reset": "y"},
                                     {"ratelimit-remaining": "0"}])  # fmt: skip
def test_headers_that_say_nothing_hold_nobody_up(headers: dict[str, str]) -> None:
    world = World([Response(200, headers, b""), GOOD])
    world.run()
    world.run()
    assert world.waits == []


def test_what_the_server_said_goes_before_a_budget_that_is_used_up() -> None:
    """A gateway that cannot reach the vendor says so, and that its budget is used up: the first is
    the trouble.
    """
    headers = {"ratelimit-remaining": "0", "ratelimit-reset": "600"}
    world = World([Response(504, headers, b"no such host")])
    assert world.run().body == b"no such host"
    with pytest.raises(RateLimitError):
        world.run()
