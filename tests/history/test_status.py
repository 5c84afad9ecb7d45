"""What is stored, series by series and symbol by symbol."""

from datetime import date
from pathlib import Path

from polytape.history.status import SymbolStatus, series_status, symbol_status
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage
from polytape.store.compact import compact_all
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET, day_span
from tests.history.scene import JULY
from tests.store.bars import memory, some_bars, write, write_market


def test_a_row_for_each_series_bounds_what_is_covered(tmp_path: Path) -> None:
    store = SegmentStore(FolderStorage(tmp_path), "test", MARKET)
    assert series_status(store) == []
    write(store, "A", some_bars([day_span(JULY[0]).start]), day_span(JULY[0], JULY[1]), 1)
    write(store, "B", some_bars([day_span(JULY[8]).start]), day_span(JULY[8]), 2)
    write(store, "A", some_bars([]), day_span(JULY[4]), 3, series=Series.DAY)
    minutes, days = series_status(store)
    assert (minutes.series, minutes.symbols, minutes.rows, minutes.segments) == ("1min", 2, 2, 2)
    assert (minutes.first, minutes.last) == (day_span(JULY[0]).start, day_span(JULY[8]).end)
    assert minutes.bytes == sum(p.stat().st_size for p in tmp_path.rglob("1min/*/*.parquet"))
    assert (days.series, days.symbols, days.rows, days.segments) == ("1day", 0, 0, 1)
    store.close()


def test_a_row_for_each_symbol_and_series_of_which_something_is_known() -> None:
    store = SegmentStore(memory(), "test", MARKET)
    for day in (JULY[2], JULY[4]):  # with a holiday between them
        write(store, "A", some_bars([day_span(day).start]), day_span(day), 1)
    write(store, "A", some_bars([day_span(JULY[9]).start]), day_span(JULY[9]), 1, final=False)
    write_market(store, {}, day_span(date(2024, 7, 1)), 1, series=Series.DAY)
    assert list(symbol_status(store, ["A", "B"], MARKET)) == [
        SymbolStatus("A", "1min", (day_span(JULY[2], JULY[4]), day_span(JULY[9])), 3, False),
        SymbolStatus("A", "1day", (day_span(JULY[0]),), 0, True),
        SymbolStatus("B", "1day", (day_span(JULY[0]),), 0, True),
    ]


def test_bars_that_were_brought_in_again_are_counted_once() -> None:
    """A repeated import overrules the earlier one: the count is that of a read, at any time."""
    store = SegmentStore(memory(), "test", MARKET)
    week = day_span(JULY[0], JULY[4])
    starts = [day_span(day).start for day in JULY[:3]]
    for fetched_at in (1, 2, 3):
        write_market(store, {"A": some_bars(starts), "B": some_bars(starts[:2])}, week, fetched_at)
    write(store, "A", some_bars(starts[:1]), day_span(JULY[0], JULY[1]), 4)
    (row,) = series_status(store)
    assert row.rows == sum(len(store.read(s, Series.MINUTE, week)) for s in ("A", "B")) == 4
    compact_all(store)
    (row,) = series_status(store)
    assert (row.rows, row.segments) == (4, 1)
