"""Reference answers are remembered for a day, in bounded memory, asked by one at a time."""

import threading

import pytest

from polytape.errors import DataFetchError
from polytape.model.instants import parse_instant
from polytape.upstream.daily_cache import DailyCache, MemoryAnswers

NOON = parse_instant("2026-11-18 12:00 America/New_York", "at")
DAY = 86_400_000_000


def test_an_answer_holds_until_midnight_new_york() -> None:
    now = [NOON]
    asked: list[int] = []
    memo = DailyCache(MemoryAnswers(), lambda: now[0])

    def ask() -> bytes:
        asked.append(now[0])
        return b"%d" % len(asked)

    assert [memo.once("q", ask) for _ in range(3)] == [b"1"] * 3
    now[0] = parse_instant("2026-11-18 23:59 America/New_York", "at")
    assert memo.once("q", ask) == b"1"
    now[0] = parse_instant("2026-11-19 00:00 America/New_York", "at")
    assert memo.once("q", ask) == b"2"
    memo.forget()
    assert memo.today("q") is None
    now[0] += 2
    assert memo.once("q", ask) == b"3"


def test_an_error_is_not_remembered() -> None:
    memo = DailyCache(MemoryAnswers(), lambda: NOON)

    def fail() -> bytes:
        raise DataFetchError("down")

    with pytest.raises(DataFetchError):
        memo.once("q", fail)
    assert memo.once("q", lambda: b"up") == b"up"


def test_memory_is_bounded_and_what_does_not_last_is_not_written() -> None:
    memory = MemoryAnswers()
    memo = DailyCache(memory, lambda: NOON, most_bytes=1_000)
    for number in range(50):
        memo.once(f"page {number}", lambda: b"x" * 100, lasting=False)
    assert memo._bytes <= 1_000
    assert len(memo._held) == 10
    assert memo._asking == {}
    assert memory.get("page 3") is None
    memo.once("lasting", lambda: b"y")
    assert DailyCache(memory, lambda: NOON).once("lasting", lambda: b"never") == b"y"


def test_one_question_is_asked_by_one_thread() -> None:
    memo, asked, gate = DailyCache(MemoryAnswers(), lambda: NOON), list[int](), threading.Barrier(4)

    def ask() -> bytes:
        asked.append(1)
        return b"a"

    def run() -> None:
        gate.wait()
        assert memo.once("q", ask) == b"a"

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
