"""Where the time of a piece of work goes."""

import threading
from contextlib import nullcontext
from contextvars import copy_context

import pytest

from polytape.net.stages import WORK, Work, stage, waited


@pytest.fixture
def observed() -> list[str]:
    return []


def work_of(observed: list[str]) -> Work:
    return Work(lambda name, _: observed.append(name))


def test_without_work_a_stage_is_nothing() -> None:
    """A scan or a command pays one look-up, and no object is made."""
    assert stage("store_read") is stage("encode")
    assert isinstance(stage("store_read"), nullcontext)
    waited("queue", 0.0)


def test_stages_of_threads_add_up(observed: list[str]) -> None:
    """The work goes with the context into the threads that do it."""
    work = work_of(observed)
    token = WORK.set(work)
    try:
        threads = [threading.Thread(target=copy_context().run, args=(_read, 50)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        WORK.reset(token)
    assert observed == ["store_read"] * 200
    assert list(work.seconds) == ["store_read"]
    assert work.seconds["store_read"] > 0


def test_what_fails_takes_time_too(observed: list[str]) -> None:
    token = WORK.set(work_of(observed))
    try:
        with pytest.raises(KeyError), stage("vendor"):
            raise KeyError
    finally:
        WORK.reset(token)
    assert observed == ["vendor"]


def _read(times: int) -> None:
    for _ in range(times):
        with stage("store_read"):
            pass
