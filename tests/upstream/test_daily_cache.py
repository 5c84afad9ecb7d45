"""Reference answers are cached for a day, in bounded memory, fetched by one at a time."""

import threading

import pytest

from polytape.errors import DataFetchError
from polytape.model.instants import parse_instant
from polytape.upstream.answer_store import MemoryAnswers
from polytape.upstream.daily_cache import DailyCache
from tests.conftest import MARKET

NOON = parse_instant("2026-11-18 12:00 America/New_York", "at", MARKET)


def test_an_answer_holds_until_midnight_new_york() -> None:
    now = [NOON]
    fetches: list[int] = []
    cache = DailyCache(MemoryAnswers(), MARKET, lambda: now[0])

    def fetch() -> bytes:
        fetches.append(now[0])
        return b"%d" % len(fetches)

    assert [cache.once("q", fetch) for _ in range(3)] == [b"1"] * 3
    now[0] = parse_instant("2026-11-18 23:59 America/New_York", "at", MARKET)
    assert cache.once("q", fetch) == b"1"
    now[0] = parse_instant("2026-11-19 00:00 America/New_York", "at", MARKET)
    assert cache.once("q", fetch) == b"2"
    cache.forget()
    assert cache.today("q") is None
    now[0] += 2
    assert cache.once("q", fetch) == b"3"


def test_an_error_is_not_cached() -> None:
    cache = DailyCache(MemoryAnswers(), MARKET, lambda: NOON)

    def fail() -> bytes:
        raise DataFetchError("down")

    with pytest.raises(DataFetchError):
        cache.once("q", fail)
    assert cache._turns._locks == {}
    assert cache.once("q", lambda: b"up") == b"up"


def test_memory_is_bounded_and_what_does_not_last_is_not_written() -> None:
    store = MemoryAnswers()
    cache = DailyCache(store, MARKET, lambda: NOON, max_bytes=1_000)
    for number in range(50):
        cache.once(f"page {number}", lambda: b"x" * 100, lasting=False)
    assert cache._cache.currsize <= 1_000
    assert len(cache._cache) == 10
    assert cache._turns._locks == {}
    assert store.get("page 3") is None
    cache.once("lasting", lambda: b"y")
    assert DailyCache(store, MARKET, lambda: NOON).once("lasting", lambda: b"never") == b"y"


def test_an_answer_larger_than_the_memory_is_given_and_pushes_nothing_out() -> None:
    store = MemoryAnswers()
    cache = DailyCache(store, MARKET, lambda: NOON, max_bytes=1_000)
    cache.once("small", lambda: b"s", lasting=False)
    assert cache.once("large", lambda: b"x" * 1_001) == b"x" * 1_001
    assert cache.once("small", lambda: b"never", lasting=False) == b"s"
    assert cache.once("large", lambda: b"never") == b"x" * 1_001  # from the store


def test_the_last_answer_is_there_whatever_its_day() -> None:
    """What is brought up to date starts from it."""
    now = [NOON]
    cache = DailyCache(MemoryAnswers(), MARKET, lambda: now[0])
    assert cache.last("q") is None
    cache.once("q", lambda: b"old")
    now[0] += 3 * 86_400_000_000
    assert cache.today("q") is None
    assert cache.last("q") == (NOON, b"old")


def test_one_question_is_fetched_by_one_thread() -> None:
    cache = DailyCache(MemoryAnswers(), MARKET, lambda: NOON)
    fetches, gate = list[int](), threading.Barrier(4)

    def fetch() -> bytes:
        fetches.append(1)
        return b"a"

    def run() -> None:
        gate.wait()
        assert cache.once("q", fetch) == b"a"

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetches) == 1
    assert cache._turns._locks == {}
