"""Reads beside a compaction: a file that vanishes is found again, or the read says so."""

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from obstore.store import MemoryStore

from polytape.errors import DataFetchError
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import ObjectStorage
from polytape.store.compact import compact_all
from polytape.store.segment import to_bars
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.store.bars import DAY, FIRST, HOUR, WEEK, memory, some_bars, write


class Failing(ObjectStorage):
    """Memory whose listings hold for good, and that may fail to open files."""

    def __init__(self) -> None:
        super().__init__(MemoryStore(), "memory", monotonic=lambda: 0.0)
        self.fail: Callable[[str], Exception | None] = lambda _: None

    def open(self, name: str) -> Any:
        error = self.fail(name)
        if error is not None:
            raise error
        return super().open(name)


def hourly(store: SegmentStore, hours: int) -> None:
    for number in range(hours):
        hour = Span(FIRST + number * HOUR, FIRST + (number + 1) * HOUR)
        write(store, "A", some_bars([hour.start], 10.0 + number), hour, number)


def test_a_file_that_was_compacted_away_since_it_was_listed_is_found_again() -> None:
    storage = Failing()
    reader, compactor = (SegmentStore(storage, "test", MARKET) for _ in range(2))
    hourly(compactor, 5)
    assert len(reader.coverage("A", Series.MINUTE)) == 5  # listed, and not yet read
    compact_all(compactor)
    for read in (
        reader.read("A", Series.MINUTE, WEEK),
        to_bars(reader.read_table("A", Series.MINUTE, WEEK)),
    ):
        assert read.timestamp.tolist() == [FIRST + n * HOUR for n in range(5)]
        assert read.close.tolist() == [10.0 + n for n in range(5)]


def test_files_that_go_on_vanishing_are_an_error() -> None:
    storage = Failing()
    store = SegmentStore(storage, "test", MARKET)
    hourly(store, 1)
    storage.fail = FileNotFoundError
    with pytest.raises(DataFetchError, match="memory: files vanish while read"):
        store.read("A", Series.MINUTE, WEEK)
    storage.fail = lambda _: None
    assert len(store.read("A", Series.MINUTE, WEEK)) == 1


def test_a_file_that_cannot_be_opened_is_named() -> None:
    storage = Failing()
    store = SegmentStore(storage, "test", MARKET)
    hourly(store, 1)
    storage.fail = lambda name: PermissionError(13, f"{name} refused")
    with pytest.raises(DataFetchError, match=r"memory/bars/1min/2024-01/.*refused"):
        store.read("A", Series.MINUTE, WEEK)
    with pytest.raises(DataFetchError, match="refused"):
        store.read_table("A", Series.MINUTE, WEEK)


@pytest.mark.parametrize("months", [1, 2, 3, 14])
def test_bars_come_in_the_order_of_time_from_however_many_files(months: int) -> None:
    """From three files on they are decoded in threads."""
    store = SegmentStore(memory(), "test", MARKET)
    starts = [FIRST + number * 31 * DAY for number in range(months)]
    for number, start in reversed(list(enumerate(starts))):
        write(store, "A", some_bars([start], 10.0 + number), Span(start, start + DAY), number)
    whole = Span(FIRST, starts[-1] + DAY)
    bars = store.read("A", Series.MINUTE, whole)
    assert bars.timestamp.tolist() == starts
    assert bars.close.tolist() == [10.0 + number for number in range(months)]
    assert to_bars(store.read_table("A", Series.MINUTE, whole)).same(bars)
    store.close()


def test_the_rows_of_a_later_segment_replace_those_before_it_span_by_span() -> None:
    store = SegmentStore(memory(), "test", MARKET)
    hours = [FIRST + n * HOUR for n in range(24)]
    write(store, "A", some_bars(hours, 100.0), Span(FIRST, FIRST + DAY), 1)
    noon = Span(FIRST + 11 * HOUR, FIRST + 13 * HOUR)
    write(store, "A", some_bars([noon.start + HOUR], 7.0), noon, 2)
    bars = store.read("A", Series.MINUTE, WEEK)
    assert bars.timestamp.tolist() == [*hours[:11], hours[12], *hours[13:]]
    assert bars.close[11] == 7.0
    # What one file holds in force and out of force is told apart by its coverage alone.
    folder = store.catalog.folders(Series.MINUTE)[0]
    first = store.catalog.segments(folder)[0]
    assert len(store.reader.market(folder, first)) == 24


def test_an_empty_span_has_neither_bars_nor_coverage() -> None:
    store = SegmentStore(memory(), "test", MARKET)
    hourly(store, 2)
    nothing = Span(FIRST + HOUR, FIRST + HOUR)
    assert len(store.read("A", Series.MINUTE, nothing)) == 0
    assert store.coverage("A", Series.MINUTE, nothing) == []


def test_a_read_of_many_files_waits_for_no_other_read() -> None:
    """Where the threads of the pool are busy, that of the caller does all; and a job that fails
    ends the read.
    """
    storage = Failing()
    store = SegmentStore(storage, "test", MARKET)
    hourly(store, 5)
    free = Event()
    held = [store.reader._pool.submit(free.wait) for _ in range(4)]
    try:
        assert len(store.read("A", Series.MINUTE, WEEK)) == 5
        storage.fail = lambda _: OSError("no more")
        with pytest.raises(DataFetchError, match="no more"):
            store.read_table("A", Series.MINUTE, WEEK)
    finally:
        free.set()
    assert all(one.result() for one in held)
    store.close()
