"""Locks between programs: one holds them at a time, and nobody for ever."""

import multiprocessing
import threading
from pathlib import Path
from typing import Any

import pytest
from obstore.exceptions import NotSupportedError, PreconditionError
from obstore.store import MemoryStore

from polytape.errors import DataFetchError
from polytape.net.locks import LEASE_US, try_file_lock, try_lease
from polytape.net.storage import FolderStorage, Storage, open_storage


def test_one_holds_a_lock_file_at_a_time(tmp_path: Path) -> None:
    """Of threads and of objects alike; it stays, and can be taken again."""
    path = tmp_path / ".lock"
    taken: list[bool] = []

    def other() -> None:
        with try_file_lock(path) as ours:
            taken.append(ours)

    with try_file_lock(path) as ours:
        assert ours
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        other()
    other()
    assert taken == [False, False, True]
    assert path.exists()


def _hold(path: str, ready: "multiprocessing.synchronize.Event") -> None:
    with try_file_lock(Path(path)):
        ready.set()
        threading.Event().wait(60)


@pytest.mark.process
@pytest.mark.long
def test_a_program_that_dies_lets_go(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    program = context.Process(target=_hold, args=(str(path), ready))
    program.start()
    assert ready.wait(30)
    with try_file_lock(path) as ours:
        assert not ours
    program.kill()
    program.join()
    with try_file_lock(path) as ours:
        assert ours


def test_a_lease_is_one_programs_until_it_is_released_or_over() -> None:
    store, now = MemoryStore(), [1_000]
    with try_lease(store, "a/.lock", lambda: now[0]) as ours:
        assert ours
        with try_lease(store, "a/.lock", lambda: now[0]) as theirs:
            assert not theirs
        now[0] += LEASE_US
        with try_lease(store, "a/.lock", lambda: now[0]) as theirs:
            assert theirs  # its holder is dead, or slow
    with try_lease(store, "a/.lock", lambda: now[0]) as ours:
        assert ours


def test_a_lease_that_was_taken_over_is_not_released_by_its_first_holder() -> None:
    store, now = MemoryStore(), [1_000]
    with try_lease(store, "l", lambda: now[0]):
        now[0] += LEASE_US
        second = try_lease(store, "l", lambda: now[0])
        assert second.__enter__()
    with try_lease(store, "l", lambda: now[0]) as third:
        assert not third
    second.__exit__(None, None, None)
    with try_lease(store, "l", lambda: now[0]) as fourth:
        assert fourth


@pytest.mark.parametrize("content", [b"", b"nonsense", b'{"until": 99999999999999999}'])
def test_a_damaged_lease_or_one_of_a_wrong_clock_holds_nobody_up(content: bytes) -> None:
    store = MemoryStore()
    store.put("l", content)
    with try_lease(store, "l", lambda: 1_000) as ours:
        assert ours


class Without(MemoryStore):
    """A store that knows no conditional puts, or in which another program is always faster."""

    error: type[Exception] = NotSupportedError

    def put(self, *args: Any, **kwargs: Any) -> Any:
        raise self.error("no")


def test_without_conditional_puts_work_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with try_lease(Without(), "l", lambda: 1) as ours:
        assert ours
    assert "going on without a lock" in caplog.text


def test_who_is_a_moment_late_has_no_lease() -> None:
    store = Without()
    store.error = PreconditionError
    with try_lease(store, "l", lambda: 1) as ours:
        assert not ours


def test_a_folder_that_cannot_be_locked_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(DataFetchError, match="nowhere"),
        FolderStorage(tmp_path).try_lock("nowhere"),
    ):
        pass


def test_an_error_inside_a_lock_is_the_callers_own(tmp_path: Path) -> None:
    """It is not taken for one of the lock's, and lets go."""

    def fail(storage: Storage) -> None:
        with storage.try_lock(""):
            raise OSError("mine")

    for storage in (FolderStorage(tmp_path), open_storage("memory")):
        with pytest.raises(OSError, match="mine"):
            fail(storage)
        with storage.try_lock("") as ours:
            assert ours
