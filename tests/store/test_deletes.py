"""Deletions beside everything else: what was acknowledged as deleted does not come back."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest

from polytape.errors import DataFetchError
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage, Storage, open_storage
from polytape.store.compact import KEEP_DELETIONS_US, compact, forget
from polytape.store.coverage import Coverage, folded
from polytape.store.footer import Segment
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.store.bars import DAY, FIRST, HOUR, WEEK, some_bars, write, write_market
from tests.store.interrupted import Crash, Interrupted

DAY_ONE = Span(FIRST, FIRST + DAY)
HOURS = [FIRST + n * HOUR for n in range(6)]
SYMBOLS = ("A", "B", "C")
Work: TypeAlias = Callable[[SegmentStore], object]


def filled(storage: Storage) -> None:
    """Two segments of one folder; A is in both."""
    store = opened(storage)
    write_market(store, {s: some_bars(HOURS, 1.0) for s in SYMBOLS}, DAY_ONE, 1)
    write(store, "A", some_bars(HOURS[2:4], 50.0), Span(HOURS[2], HOURS[4]), 2)


def opened(storage: Storage, now: int = 100) -> SegmentStore:
    return SegmentStore(storage, "test", MARKET, now=lambda: now)


def delete(symbol: str) -> Work:
    return lambda store: forget(store, symbol, Series.MINUTE, DAY_ONE)


def compact_month(store: SegmentStore) -> None:
    compact(store, "bars/1min/2024-01")


def check(storage: Storage, deleted: set[str], truth: dict[str, list[float]]) -> None:
    """The deleted are gone and the others whole; so it is after any number of compactions, now and
    once deletions are forgotten.
    """
    for now in (100, 200 + KEEP_DELETIONS_US, 300 + KEEP_DELETIONS_US):
        store = opened(storage, now)
        for symbol in SYMBOLS:
            bars = store.read(symbol, Series.MINUTE, WEEK)
            covered = [part.span for part in store.coverage(symbol, Series.MINUTE)]
            assert bars.close.tolist() == ([] if symbol in deleted else truth[symbol])
            assert bool(covered) is (symbol not in deleted)
        assert store.symbols(Series.MINUTE) == sorted(set(SYMBOLS) - deleted)
        compact_month(store)
        store.close()


def truth_of(storage: Storage) -> dict[str, list[float]]:
    store = opened(storage)
    return {s: store.read(s, Series.MINUTE, WEEK).close.tolist() for s in SYMBOLS}


def beside(storage: Interrupted, work: Work) -> None:
    """Another program's work on the same files."""
    work(opened(storage.same()))


# Two pieces of work, and what each deletes.
PAIRS: dict[str, tuple[Work, Work, set[str], set[str]]] = {
    "delete beside delete": (delete("A"), delete("B"), {"A"}, {"B"}),
    "delete beside compaction": (delete("A"), compact_month, {"A"}, set()),
    "compaction beside delete": (compact_month, delete("A"), set(), {"A"}),
    "compaction beside compaction": (compact_month, compact_month, set(), set()),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_two_at_once_do_as_one_after_the_other(pair: str) -> None:
    """The second runs whole before each access of the first one to the storage, in turn."""
    first, second, by_first, by_second = PAIRS[pair]
    accesses = 0
    while True:
        storage = Interrupted()
        filled(storage)
        truth = truth_of(storage)
        storage.before(accesses, partial(beside, storage, second))
        first(opened(storage))
        check(storage.same(), by_first | by_second if storage.done else by_first, truth)
        if not storage.done:
            break
        accesses += 1
    assert accesses > 5


@pytest.mark.parametrize("deleted_at", ["before", "while"])
def test_a_compaction_that_dies_at_any_moment_brings_nothing_back(deleted_at: str) -> None:
    """It dies before each access to the storage, in turn; files of before then lie beside new."""
    accesses = 0
    while True:
        storage = Interrupted()
        filled(storage)
        truth = truth_of(storage)
        if deleted_at == "before":
            with storage.locked():
                delete("A")(opened(storage))

        def die(storage: Interrupted = storage) -> None:
            if deleted_at == "while":
                delete("A")(opened(storage.same()))
            raise Crash

        storage.before(accesses, die)
        with suppress(Crash):
            compact_month(opened(storage))
        check(storage.same(), {"A"} if storage.done or deleted_at == "before" else set(), truth)
        if not storage.done:
            break
        accesses += 1
    assert accesses > 5


def test_an_old_file_that_comes_back_does_not_bring_deleted_bars_back(tmp_path: Path) -> None:
    storage, kept = FolderStorage(tmp_path / "store"), tmp_path / "kept"
    filled(storage)
    truth = truth_of(storage)
    shutil.copytree(tmp_path / "store/bars", kept)
    delete("A")(opened(storage))
    assert len(list((tmp_path / "store").rglob("*.parquet"))) == 1
    shutil.copytree(kept, tmp_path / "store/bars", dirs_exist_ok=True)
    check(storage, {"A"}, truth)


def test_what_is_fetched_after_a_deletion_counts(tmp_path: Path) -> None:
    """Also where the clock stood still meanwhile, or went back; what was fetched before does not."""
    storage = FolderStorage(tmp_path)
    filled(storage)
    store = opened(storage)
    assert delete("A")(store) == len(HOURS)
    assert delete("A")(store) == 0
    late = Coverage("A", DAY_ONE, 3, final=True)
    market = store.reader.market(*_first_segment(store))
    store.write(Series.MINUTE, market, [late])
    assert store.coverage("A", Series.MINUTE) == []
    for clock in (100, 50):
        coverage = [Coverage("A", DAY_ONE, clock, final=True)]
        store.write(Series.MINUTE, market, coverage, now=clock)
        assert [part.span for part in store.coverage("A", Series.MINUTE)] == [DAY_ONE]
        assert delete("A")(store) == 0


def _first_segment(store: SegmentStore) -> tuple[str, Segment]:
    (folder,) = store.catalog.folders(Series.MINUTE)
    return folder, store.catalog.segments(folder)[0]


def test_a_deletion_is_forgotten_once_it_takes_nothing_away() -> None:
    """While it does, and for a time after it, it is kept; so nothing is that old and comes back."""
    entry = Coverage("A", DAY_ONE, 1, final=True)
    deletion = Coverage("A", DAY_ONE, 5, final=False, deleted=True)
    assert folded([entry, deletion], keep_after=10) == (deletion,)
    assert folded([deletion], keep_after=4) == (deletion,)
    assert folded([deletion], keep_after=5) == ()
    later = Coverage("A", DAY_ONE, 6, final=True)
    assert folded([deletion, later], keep_after=10) == (later,)


def test_of_two_compactors_one_does_the_work(storage: Storage) -> None:
    filled(storage)
    store, other = opened(storage), opened(storage)
    (folder,) = store.catalog.folders(Series.MINUTE)
    with storage.try_lock(folder) as ours, storage.try_lock(folder) as theirs:
        assert (ours, theirs) == (True, False)
        assert compact(other, folder) is None
        assert forget(other, "A", Series.MINUTE, DAY_ONE) == len(HOURS)  # needs no lock
        assert other.symbols(Series.MINUTE) == ["B", "C"]
    assert compact(other, folder) is not None


def test_a_compaction_sweeps_what_killed_writers_left(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    filled(storage)
    folder = tmp_path / "bars/1min/2024-01"
    for name, age in ((".tmp-old", 3 * 86_400), (".tmp-new", 10)):
        (folder / name).write_bytes(b"half a segment")
        stamp = (folder / name).stat().st_mtime - age
        os.utime(folder / name, (stamp, stamp))
    compact_month(opened(storage))
    assert [p.name for p in folder.glob(".tmp-*")] == [".tmp-new"]


def test_a_disk_that_is_full_deletes_nothing_by_halves() -> None:
    storage = Interrupted()
    filled(storage)
    truth = truth_of(storage)

    def full() -> None:
        raise DataFetchError("the disk is full")

    storage.before_put(full)
    with pytest.raises(DataFetchError, match="full"):
        delete("A")(opened(storage))
    check(storage.same(), set(), truth)


DELETER = """
import sys
from tests.store.test_deletes import *
store = SegmentStore(open_storage(sys.argv[1]), "test", MARKET)
for number in range(int(sys.argv[3])):
    if sys.argv[2] == "compact":
        compact_month(store)
    else:
        for symbol in SYMBOLS:
            forget(store, f"{symbol}{sys.argv[2]}{number}", Series.MINUTE, DAY_ONE)
"""


@pytest.mark.long
@pytest.mark.process
@pytest.mark.timeout(120)
def test_programs_that_delete_beside_a_compactor_lose_and_keep_nothing_wrong(
    tmp_path: Path,
) -> None:
    """Three programs delete their own symbols while a fourth one compacts."""
    storage, rounds = open_storage(str(tmp_path)), 20
    store = SegmentStore(storage, "test", MARKET)
    names = [f"{s}{who}{n}" for s in SYMBOLS for who in "123" for n in range(rounds)]
    parts = {name: some_bars(HOURS) for name in [*names, "KEPT"]}
    write_market(store, parts, DAY_ONE, 1)
    programs = [
        subprocess.Popen([sys.executable, "-c", DELETER, str(tmp_path), who, str(rounds)])
        for who in ("1", "2", "3", "compact")
    ]
    assert [program.wait(100) for program in programs] == [0, 0, 0, 0]
    assert SegmentStore(storage, "test", MARKET).symbols(Series.MINUTE) == ["KEPT"]
    assert len(store.read("KEPT", Series.MINUTE, WEEK)) == len(HOURS)
