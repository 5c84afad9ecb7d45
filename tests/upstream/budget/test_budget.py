"""The budget: in order, the impatient first, never more than it says."""

import threading
from collections.abc import Callable

import pytest

from polytape.errors import ConnectionError, DataFetchError, RateLimitError
from polytape.upstream.budget.budget import PATIENCE_S, Budget
from polytape.wire.budget import MovingWindow
from polytape.wire.flow import Response
from tests.fakes.vendor import Time


@pytest.fixture
def time() -> Time:
    return Time(0)


def budget(time: Time, limit: int = 2, window_s: float = 10.0, *, learn: bool = False) -> Budget:
    return Budget(
        MovingWindow(limit, window_s), learn=learn, monotonic=lambda: time.seconds,
        wall=lambda: time.now / 1e6, pause=time.pause,
    )  # fmt: skip


def take(
    one: Budget, *, background: bool = False, status: int = 200, later: str | None = None
) -> None:
    headers = {} if later is None else {"retry-after": later}
    with one.place(background=background) as report:
        report(Response(status, headers, b""))


def test_it_waits_for_a_free_place(time: Time) -> None:
    one = budget(time)
    for _ in range(5):
        take(one)
    assert 20 <= time.slept < 20.1
    assert (one.state().limit, one.state().used) == (2, 1)


def test_who_would_wait_too_long_is_told_at_once_when_to_come_back(time: Time) -> None:
    one = budget(time, 1, 60.0)
    take(one)
    with pytest.raises(
        RateLimitError, match=r"budget \(1 in 60 s\) is used up until 00:01:00"
    ) as e:
        take(one)
    assert e.value.retry_at is not None
    assert e.value.retry_at.timestamp() == pytest.approx(60)
    assert time.slept == 0
    take(one, background=True)
    assert time.slept == pytest.approx(60, abs=0.1)


def test_an_answer_that_failed_still_counts(time: Time) -> None:
    one = budget(time)
    with pytest.raises(OSError, match="lost"), one.place():
        raise OSError("lost")
    assert one.state().used == 1


def test_a_request_that_was_never_sent_does_not_count(time: Time) -> None:
    """Nobody can have counted it; one that may have arrived does."""
    one = budget(time)
    for sent in (False, False, True):
        with pytest.raises(ConnectionError), one.place():
            raise ConnectionError("no such host", sent=sent)
    assert (one.state().used, time.slept) == (1, 0)


def test_a_429_closes_it_for_as_long_as_it_says(time: Time) -> None:
    one = budget(time, 100, 1.0)
    take(one, status=429, later="7")
    take(one)
    assert time.slept == pytest.approx(7, abs=0.1)
    for _ in range(3):
        take(one, status=429)
    take(one)
    assert time.slept == pytest.approx(7 + 1 + 2 + 4, abs=0.1)
    assert one.state().limit == 100


def test_a_budget_that_learns_takes_a_429_for_the_free_plan(time: Time) -> None:
    one = budget(time, 100, 1.0, learn=True)
    take(one, status=429)
    assert (one.state().limit, one.state().window_s) == (5, 60.0)
    with pytest.raises(RateLimitError, match=r"refused a request within our budget \(5 in 60 s\)"):
        take(one)


def test_who_meets_a_refusal_is_told_of_the_key_and_not_of_the_budget(time: Time) -> None:
    one = budget(time, 100, 1.0)
    take(one, status=429, later="45")
    with pytest.raises(RateLimitError) as caught:
        take(one)
    assert str(caught.value) == (
        "the vendor refused a request within our budget (100 in 1 s): another program uses the "
        "key, or its plan is smaller than --plan; the next one is sent at 00:00:45 UTC"
    )
    assert caught.value.retry_at is not None
    assert caught.value.retry_at.timestamp() == pytest.approx(45)


def test_the_impatient_go_first_and_all_in_order() -> None:
    """Real threads on one place: those in the background let the others pass."""
    one, order = Budget.of(1, 0.05), list[str]()
    gate = threading.Barrier(2)

    def hold() -> None:
        with one.place():
            gate.wait()
            until(lambda: one.waiting() == 4)

    def queue(name: str, background: bool) -> threading.Thread:
        def run() -> None:
            with one.place(background=background):
                order.append(name)

        thread = threading.Thread(target=run)
        count = one.waiting()
        thread.start()
        until(lambda: one.waiting() == count + 1)
        return thread

    holder = threading.Thread(target=hold)
    holder.start()
    gate.wait()
    queued = [queue("b1", True), queue("b2", True), queue("i1", False), queue("i2", False)]
    for thread in [holder, *queued]:
        thread.join()
    assert order == ["i1", "i2", "b1", "b2"]


def test_the_end_sends_away_who_waits() -> None:
    one, outcomes = Budget.of(1, PATIENCE_S), list[str]()

    def wait() -> None:
        try:
            with one.place(background=True):
                outcomes.append("let through")
        except DataFetchError as error:
            outcomes.append(str(error))

    with one.place():
        thread = threading.Thread(target=wait)
        thread.start()
        until(lambda: one.waiting() == 1)
        one.end()
        thread.join()
    assert outcomes == ["the gateway is stopping"]


def until(true: Callable[[], bool]) -> None:
    """Let other threads run until something is so; the test's own timeout ends it."""
    while not true():
        threading.Event().wait(0.001)
