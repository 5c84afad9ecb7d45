"""One at a time for each key, and nothing left of it afterwards."""

import threading

import pytest

from polytape.upstream.turns import Turns


def test_one_key_is_used_by_one_thread_at_a_time() -> None:
    """Who comes second waits; nobody is let in twice."""
    turns, inside, most = Turns(), list[int](), list[int]()
    gate = threading.Barrier(8)

    def use() -> None:
        gate.wait()
        for _ in range(50):
            with turns.of("key"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert len(most) == 8 * 50
    assert turns._locks == {}


def test_two_keys_do_not_wait_for_each_other() -> None:
    """Each has a lock of its own."""
    turns = Turns()
    with turns.of("a"), turns.of(("b", 1)):
        assert len(turns._locks) == 2
    assert turns._locks == {}


def test_a_turn_ends_with_an_error_too() -> None:
    """The next one is let in."""
    turns = Turns()
    with pytest.raises(RuntimeError), turns.of("key"):
        raise RuntimeError
    with turns.of("key"):
        pass
    assert turns._locks == {}
