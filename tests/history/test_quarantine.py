"""Rows that cannot be right: evidence beside the bars, bounded, gone once a right answer came."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.history.quarantine import FOLDER, MOST_FILES, MOST_ROWS, Quarantine
from polytape.history.store_writer import StoreWriter
from polytape.history.verify import QUARANTINED, repair_queries, verify
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.query import series_query
from polytape.model.spans import Span, SpanSet
from polytape.model.suspect_bars import SuspectBars
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage, Storage
from polytape.store.segments import SegmentStore
from polytape.upstream.source import SourceBars
from tests.conftest import MARKET, day_span, flat_bars
from tests.history.scene import JULY, at
from tests.store.bars import memory

NOON = at("2024-07-15 12:00")
MONDAY, WEEK = day_span(JULY[0]), day_span(JULY[0], JULY[4])


def suspect(
    symbol: str = "A", span: Span = MONDAY, *, rows: int = 2, series: Series = Series.MINUTE
) -> SuspectBars:
    bars = flat_bars([span.start + n for n in range(rows)], 0.0)
    return SuspectBars(symbol, series, span, "a price that is none", "/v2/aggs/x", bars)


def store_of(storage: Storage) -> SegmentStore:
    return SegmentStore(storage, "test", MARKET)


@pytest.mark.parametrize("value", [0.0, -1.5, 1e308, np.inf, -np.inf, np.nan])
def test_a_file_says_what_came_when_and_why(tmp_path: Path, value: float) -> None:
    """As JSON, to the last bit; what JSON has no number for is text."""
    quarantine = Quarantine(FolderStorage(tmp_path))
    bars = Bars.of([MONDAY.start], [value], [2], [3], [4], [5])
    request = "/v2/aggs/ticker/A/range/1/minute/1/2"
    quarantine.put(SuspectBars("A", Series.MINUTE, MONDAY, "odd", request, bars), NOON)
    (path,) = (tmp_path / FOLDER).iterdir()
    content = json.loads(path.read_bytes())
    shown = value if np.isfinite(value) else str(value)
    assert content["first_rows"] == [[MONDAY.start, shown, 2, 3, 4, 5, "nan", "nan"]]
    assert (content["symbol"], content["reason"], content["request"]) == ("A", "odd", request)
    (rows,) = quarantine.rows("A")
    assert (rows.span, rows.fetched_at, rows.rows, rows.name) == (MONDAY, NOON, 1, path.name)


def test_it_is_bounded_in_files_and_in_rows() -> None:
    """The oldest go first; of very many rows the first are enough."""
    storage = memory()
    quarantine = Quarantine(storage)
    for number in range(MOST_FILES + 5):
        span = Span(MONDAY.start + number, MONDAY.end)
        quarantine.put(suspect(span=span, rows=1), NOON + number)
    left = quarantine.rows()
    assert len(left) == MOST_FILES
    assert min(one.fetched_at for one in left) == NOON + 5
    quarantine.put(suspect("B", rows=10_000), NOON * 2)
    (many,) = quarantine.rows("B")
    assert many.rows == 10_000
    assert storage.size(f"{FOLDER}/{many.name}") < 100 * MOST_ROWS


def test_the_same_span_again_is_one_file() -> None:
    """A vendor that says the same each time fills no disk."""
    quarantine = Quarantine(memory())
    for number in range(3):
        quarantine.put(suspect(rows=number + 1), NOON + number)
    (rows,) = quarantine.rows()
    assert (rows.rows, rows.fetched_at) == (3, NOON + 2)


names = st.text(st.sampled_from("aAbB.-/"), min_size=1, max_size=4)


@given(st.sets(names, max_size=4))
def test_each_symbol_has_its_own(symbols: set[str]) -> None:
    """Whatever its letters and their case: not every disk tells those apart."""
    quarantine = Quarantine(memory())
    for symbol in symbols:
        quarantine.put(suspect(symbol), NOON)
    for symbol in symbols:
        assert [one.symbol for one in quarantine.rows(symbol)] == [symbol]
    files = [one.name.casefold() for one in quarantine.rows()]
    assert len(set(files)) == len(symbols)


def test_it_is_never_served_and_goes_once_a_right_answer_came() -> None:
    """An answer that was fetched before says nothing; of half the span, neither."""
    store = store_of(memory())
    writer, query = StoreWriter(store, MARKET), series_query("A", Series.MINUTE, WEEK)
    answer = SourceBars(
        flat_bars([]), provisional=(MONDAY,), suspects=(suspect(),), proves_empty=True
    )
    writer.store_answer(query, answer, NOON)
    quarantine = Quarantine(store.storage)
    assert len(quarantine.rows()) == 1
    assert not len(store.read("A", Series.MINUTE, WEEK))
    assert MONDAY.start not in [part.span.start for part in store.coverage("A", Series.MINUTE)]
    sound = SourceBars(flat_bars([MONDAY.start]))
    for other, span, when in (("A", Span(MONDAY.start, MONDAY.start + 60_000_000), NOON + 1),
                              ("B", MONDAY, NOON + 1), ("A", MONDAY, NOON)):  # fmt: skip
        writer.store_answer(series_query(other, Series.MINUTE, span), sound, when)
        assert len(quarantine.rows()) == 1
    writer.store_answer(series_query("A", Series.MINUTE, MONDAY), sound, NOON + 1)
    assert quarantine.rows() == []
    writer.close()


def test_a_day_of_the_market_covers_all_but_its_suspects() -> None:
    """Whether those traded is not known; the next day's list clears what it answers."""
    store = store_of(memory())
    writer = StoreWriter(store, MARKET)
    bars = MarketBars.of({"B": flat_bars([MONDAY.start])})
    doubted = MarketBars(bars.bars, bars.places, (suspect(series=Series.DAY),))
    writer.write(Series.DAY, None, SpanSet.of([MONDAY]), doubted, NOON)
    assert [bool(store.coverage(name, Series.DAY)) for name in "ABC"] == [False, True, True]
    (rows,) = Quarantine(store.storage).rows()
    assert rows.symbol == "A"
    writer.write(Series.DAY, None, SpanSet.of([MONDAY]), bars, NOON + 1)
    assert Quarantine(store.storage).rows() == []
    assert store.coverage("A", Series.DAY)
    writer.close()


def test_verify_names_it_and_a_repair_asks_for_all_of_it() -> None:
    """Of symbols without any stored bar, too."""
    store = store_of(memory())
    Quarantine(store.storage).put(suspect(span=WEEK), NOON)
    month = day_span(JULY[0], JULY[13])
    reports = list(verify(store, ["A", "B"], month, market=MARKET, today=JULY[13]))
    (report,) = reports
    (finding,) = report.report.findings
    assert (report.symbol, finding.kind, report.report.sound) == ("A", QUARANTINED, False)
    assert "2 rows" in finding.detail
    assert "a price that is none" in finding.detail
    (query,) = repair_queries(reports, MARKET)
    assert (query.span, query.use_cache) == (WEEK, False)
    Quarantine(store.storage).forget("A", month)
    assert list(verify(store, ["A"], month, market=MARKET, today=JULY[13])) == []


@pytest.mark.parametrize(
    "name", ["x.json", "a-1min-1-2-3.txt", "A_0-1min-zz-2-3.json", "A_0-1min-5-2-3.json", "..json"]
)
def test_files_that_are_none_are_nobodys_error(tmp_path: Path, name: str) -> None:
    """A person may have put one there."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / name).write_text("{}")
    store = store_of(FolderStorage(tmp_path))
    quarantine = Quarantine(store.storage)
    assert quarantine.rows() == []
    quarantine.put(suspect(), NOON)
    assert len(quarantine.rows()) == 1
    quarantine.clear(store, Series.MINUTE, SpanSet.of([WEEK]), MARKET)
    assert len(quarantine.rows()) == 1
