"""Many segments into one: the same rows, the same knowledge, or nothing changed at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import DataFetchError
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage, Storage
from polytape.store.compact import (
    Compaction,
    RowHash,
    compact,
    compact_all,
    forget,
)
from polytape.store.footer import Segment
from polytape.store.reading import SegmentReader
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.store.bars import DAY, FIRST, HOUR, WEEK, memory, some_bars, write, write_market


class Undying(FolderStorage):
    """A folder in which nothing can be deleted: as after a crash before the deletion."""

    def delete(self, name: str) -> None:
        raise DataFetchError(f"{name}: the process is gone")


class WrongReader(SegmentReader):
    """Reads other rows than were written out of every segment that `is_wrong` names."""

    def __init__(self, store: SegmentStore, is_wrong: Callable[[str], bool]) -> None:
        super().__init__(store.catalog)
        self._is_wrong = is_wrong

    def market(self, folder: str, segment: Segment, groups: range | None = None) -> MarketBars:
        if self._is_wrong(segment.name):
            return MarketBars.of({"A": some_bars([FIRST], 9.0)})
        return super().market(folder, segment, groups)


def two_segments(storage: Storage) -> SegmentStore:
    store = SegmentStore(storage, "test", MARKET)
    for fetched_at in (1, 2):
        bars = some_bars([FIRST], price=float(fetched_at))
        write(store, "A", bars, WEEK, fetched_at, series=Series.DAY)
    return store


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*.parquet")}


def test_compaction_that_changes_a_row_deletes_nothing(tmp_path: Path) -> None:
    store = two_segments(FolderStorage(tmp_path))
    (folder,) = store.catalog.folders(Series.DAY)
    before = names_in(tmp_path)
    store.reader = WrongReader(store, lambda name: name not in before)
    with pytest.raises(DataFetchError, match="not the old ones"):
        compact(store, folder)
    assert names_in(tmp_path) == before


def test_a_compaction_that_dies_before_it_deletes_changes_nothing(tmp_path: Path) -> None:
    store = two_segments(Undying(tmp_path))
    (folder,) = store.catalog.folders(Series.DAY)
    with pytest.raises(DataFetchError, match="the process is gone"):
        compact(store, folder)
    assert len(names_in(tmp_path)) == 3
    again = SegmentStore(FolderStorage(tmp_path), "test", MARKET)
    assert again.read("A", Series.DAY, WEEK).same(some_bars([FIRST], 2.0))
    assert [part.coverage.fetched_at for part in again.coverage("A", Series.DAY)] == [2]
    compact(again, folder)
    assert len(names_in(tmp_path)) == 1
    assert again.read("A", Series.DAY, WEEK).same(some_bars([FIRST], 2.0))


def test_a_compaction_says_what_it_did_and_one_segment_is_left_alone() -> None:
    store = SegmentStore(memory(), "test", MARKET)
    february = Span(FIRST + 5 * DAY, FIRST + 6 * DAY)
    for number in range(3):
        hours = [FIRST + n * HOUR for n in range(number + 1)]
        write(store, "A", some_bars(hours), Span(FIRST, FIRST + DAY), number)
    write(store, "A", some_bars([february.start]), february, 1)
    seen: list[Compaction] = []
    done = compact_all(store, seen.append)
    assert done == seen == [Compaction("bars/1min/2024-01", 3, 3)]
    assert compact_all(store) == []
    assert compact(store, "bars/1min/2024-02") is None
    assert compact(store, "bars/1min/2024-02", at_least=1) == Compaction("bars/1min/2024-02", 1, 1)


def test_forgetting_a_symbol_leaves_the_rest_of_the_market() -> None:
    store = SegmentStore(memory(), "test", MARKET)
    hours = [FIRST + n * HOUR for n in range(24)]
    day = Span(FIRST, FIRST + DAY)
    write_market(store, {"A": some_bars(hours), "B": some_bars(hours)}, day, 1)
    morning = Span(FIRST, FIRST + 9 * HOUR)
    assert forget(store, "A", Series.MINUTE, morning) == 9
    assert store.read("A", Series.MINUTE, day).timestamp.tolist() == hours[9:]
    assert [part.span for part in store.coverage("A", Series.MINUTE)] == [
        Span(morning.end, day.end)
    ]
    assert store.read("B", Series.MINUTE, day).same(some_bars(hours))
    assert forget(store, "A", Series.MINUTE, WEEK) == 15
    assert forget(store, "A", Series.MINUTE, WEEK) == 0
    assert store.symbols(Series.MINUTE) == ["B"]
    assert forget(store, "B", Series.MINUTE, WEEK) == 24
    assert forget(store, "C", Series.MINUTE, WEEK) == 0
    # That there was no other symbol on the day is still known.
    assert [part.span for part in store.coverage("D", Series.MINUTE)] == [day]


values = st.floats(0.01, 1e6)
rows = st.lists(
    st.tuples(st.sampled_from(["A", "B", "C"]), st.integers(0, 50), values),
    max_size=20,
    unique_by=lambda row: row[:2],
)


def market_of(chosen: list[tuple[str, int, float]]) -> MarketBars:
    parts: dict[str, Bars] = {}
    for symbol in {row[0] for row in chosen}:
        mine = sorted(row[1:] for row in chosen if row[0] == symbol)
        column: list[Any] = [price for _, price in mine]
        parts[symbol] = Bars.of([at for at, _ in mine], column, column, column, column, column)
    return MarketBars.of(parts)


@given(rows, st.data())
def test_the_hash_of_rows_does_not_depend_on_how_they_are_put_together(
    chosen: list[tuple[str, int, float]], data: st.DataObject
) -> None:
    together, apart = RowHash(), RowHash()
    together.add(market_of(chosen))
    cut = data.draw(st.integers(0, len(chosen)))
    parts = [market_of(chosen[cut:]), market_of(chosen[:cut])]
    assert [len(part) for part in apart.noting(parts)] == [len(chosen) - cut, cut]
    assert (apart.value, apart.rows) == (together.value, together.rows)


@given(rows.filter(len), st.data())
def test_the_hash_of_rows_sees_a_changed_price_symbol_or_start(
    chosen: list[tuple[str, int, float]], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(chosen) - 1))
    symbol, start, price = chosen[at]
    changed = data.draw(
        st.sampled_from([(symbol, start, price + 1e9), ("D", start, price), (symbol, 99, price)])
    )
    one, other = RowHash(), RowHash()
    one.add(market_of(chosen))
    other.add(market_of([*chosen[:at], changed, *chosen[at + 1 :]]))
    assert one.rows == other.rows
    assert one.value != other.value
