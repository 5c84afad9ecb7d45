"""Threads that keep no process from ending: otherwise they are those of the standard library."""

import threading
from concurrent.futures import CancelledError, Future

import pytest

from polytape.gateway.daemon_pool import DaemonPool


def test_calls_run_in_daemon_threads_no_more_than_there_may_be() -> None:
    """Their results and errors come back; a thread that is free takes the next call."""
    pool, leave = DaemonPool(3, "some"), threading.Event()
    threads: set[threading.Thread] = set()

    def call(number: int) -> int:
        threads.add(threading.current_thread())
        leave.wait(10)
        return 10 // number

    futures = [pool.submit(call, number) for number in (1, 2, 5, 10, 0)]
    leave.set()
    assert [future.result(10) for future in futures[:4]] == [10, 5, 2, 1]
    with pytest.raises(ZeroDivisionError):
        futures[4].result(10)
    assert {thread.name for thread in threads} <= {"some_0", "some_1", "some_2"}
    assert all(thread.daemon for thread in threads)
    pool.shutdown()
    assert not any(thread.is_alive() for thread in threads)


def test_one_call_after_another_is_one_thread() -> None:
    """A gateway that does little has few of them."""
    pool = DaemonPool(8, "some")
    names = {pool.submit(lambda: threading.current_thread().name).result(10) for _ in range(3)}
    pool.shutdown()
    assert len(names) <= 2  # one may have been on its way back


def test_after_the_end_nothing_begins_and_what_waits_is_cancelled() -> None:
    """What is under way is finished."""
    pool, began, leave = DaemonPool(1, "some"), threading.Event(), threading.Event()

    def call() -> int:
        began.set()
        leave.wait(10)
        return 1

    first: Future[int] = pool.submit(call)
    second = pool.submit(call)
    began.wait(10)
    pool.shutdown(wait=False, cancel_futures=True)
    assert pool.left_at(0.0) == 1
    leave.set()
    assert first.result(10) == 1
    with pytest.raises(CancelledError):
        second.result(10)
    with pytest.raises(RuntimeError, match="have ended"):
        pool.submit(call)
    pool.shutdown()
    assert pool.left_at(0.0) == 0
