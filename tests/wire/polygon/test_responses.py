"""How the vendor's answers are read and checked: without a network."""

from collections.abc import Callable
from datetime import date

import msgspec
import numpy as np
import pytest

from polytape.errors import DataFetchError, IncompleteDataError
from polytape.model.securities import SymbolInfo
from polytape.model.splits import Split
from polytape.wire.polygon.errors import WrongAnswerError
from polytape.wire.polygon.messages import PAGE_BARS, Agg, TickerRow
from polytape.wire.polygon.responses import (
    LAST_MS,
    MOST_EMPTY_PAGES,
    BarPages,
    columns_of,
    read_aggs,
    read_any,
    read_grouped,
    read_splits,
    read_tickers,
    to_bars,
    to_security,
)
from polytape.wire.polygon.split_records import SplitRecord, each_once, refused_of
from tests.wire.polygon.pages import BAR, page


@pytest.mark.parametrize(
    "body",
    [
        page(2, resultsCount=3), page(2, queryCount=1), page(2, queryCount=5),
        page(2, queryCount=PAGE_BARS), b"", b"{}", b"[]", b"null", page()[:-1], page(results={}),
        page(results=[{"o": 1}]), page(results=[BAR | {"o": "1"}]), page(results=[BAR | {"o": None}]),
    ],
)  # fmt: skip
def test_a_page_that_is_not_whole_is_an_error(body: bytes) -> None:
    """Never a short answer."""
    with pytest.raises(IncompleteDataError):
        read_aggs(body)


def test_a_page_cut_at_the_limit_is_whole_only_with_the_next_one() -> None:
    """What the vendor read and what it sent differ where windows are merged."""
    assert read_aggs(page(2, queryCount=PAGE_BARS, next_url="/b")).results_count == 2
    assert read_aggs(page(0, results=None)).results_count == 0


@pytest.mark.parametrize("status", ["ERROR", "NOT_FOUND", ""])
def test_an_error_that_comes_with_200_is_one(status: str) -> None:
    """In every kind of answer."""
    for read in (read_aggs, read_grouped):
        with pytest.raises(DataFetchError, match="status"):
            read(page(status=status))
    body = msgspec.json.encode({"status": status, "results": []})
    readers: list[Callable[[bytes], object]] = [read_splits, read_tickers, read_any]
    for reader in readers:
        with pytest.raises(IncompleteDataError, match="status"):
            reader(body)


def test_delayed_is_an_answer() -> None:
    """It says that it is not whole yet, and the source says so."""
    assert read_aggs(page(status="DELAYED")).status == "DELAYED"
    assert read_any(b'{"status":"DELAYED"}') == b'{"status":"DELAYED"}'


def test_a_reference_answer_passes_as_it_came_if_it_is_one() -> None:
    """A list, or an object; neither text nor number."""
    for good in (b'[{"a": 1}]', b'{"results": [],  "status": "OK"}', b"{}"):
        assert read_any(good) == good
    for bad in (b'"x"', b"5", b"null", b"", b"<html>"):
        with pytest.raises(IncompleteDataError):
            read_any(bad)


def test_every_row_of_the_markets_day_names_its_ticker() -> None:
    """A row without one is nobody's."""
    rows = [BAR | {"T": "A"}, BAR | {"T": "B"}]
    assert read_grouped(page(2, results=rows, adjusted=False)).results_count == 2
    with pytest.raises(IncompleteDataError, match="names no ticker"):
        read_grouped(page(2, results=[rows[0], BAR], adjusted=False))
    with pytest.raises(IncompleteDataError, match="a day of 3 bars arrived with 2"):
        read_grouped(page(2, results=rows, resultsCount=3, adjusted=False))


def test_bars_are_sorted_once_each_and_unknown_columns_are_nan() -> None:
    """Stamps become microseconds; of two rows of one start the later one stays."""
    rows = [
        Agg(2, 2, 2, 2, 2.5, 120_000, 2.1, 7),
        Agg(1, 1, 1, 1, 1, 60_000.0),
        Agg(3, 3, 3, 3, 3, 120_000, None, None),
    ]
    bars = to_bars(rows)
    assert bars.timestamp.tolist() == [60_000_000, 120_000_000]
    assert bars.close.tolist() == [1, 3]
    assert np.isnan(bars.vwap).all()
    assert columns_of(rows).transactions[0] == 7
    assert len(to_bars([])) == 0


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e400", '"four"', "null", "0"])
def test_a_row_of_splits_that_is_none_does_not_cost_the_others(number: str) -> None:
    """The vendor lists rows with a zero; JSON has no NaN, and other writers have."""
    row = '{"ticker":"A","execution_date":"2024-01-02","split_from":1,"split_to":%s}'
    body = f'{{"status":"OK","results":[{row % "4"},{row % number}]}}'
    rows = read_splits(body.encode()).results
    assert isinstance(rows, list)
    records = list(map(SplitRecord.of_row, rows))
    assert each_once(records) == (Split(date(2024, 1, 2), "A", 1, 4),)
    (refused,) = refused_of(records)
    assert str(refused).startswith("a record of splits was refused, and is not applied: A ")


def test_what_is_no_page_of_splits_is_an_error() -> None:
    """However loosely it is read."""
    for body in (b"{", b'{"results":[]}', b'{"status":"OK","results":[{"split_to":1}]}', b"NaN",
                 b'{"status":"OK","results":[NaN]}'):  # fmt: skip
        with pytest.raises(IncompleteDataError):
            read_splits(body)


def test_pages_of_bars_go_on_where_the_last_one_ended() -> None:
    """The same again with another cursor would cost two hundred requests."""
    first = page(3, ticker="A", adjusted=False, next_url="/b")
    read = BarPages("A")
    assert read(first).results_count == 3
    with pytest.raises(IncompleteDataError, match="begins before the last one ended"):
        read(first)
    later = [BAR | {"t": BAR["t"] + 60_000 * n} for n in (3, 4)]
    assert read(page(2, ticker="A", adjusted=False, results=later)).results_count == 2


def test_empty_pages_end() -> None:
    """Some are the vendor's; many are none."""
    read = BarPages("A")
    empty = page(0, ticker="A", adjusted=False, next_url="/b")
    for _ in range(MOST_EMPTY_PAGES):
        read(empty)
    with pytest.raises(IncompleteDataError, match="are empty"):
        read(empty)


@pytest.mark.parametrize("wrong", [{"adjusted": True}, {}, {"adjusted": False, "ticker": "A"}])
def test_a_day_of_the_market_is_as_traded_and_of_nobody(wrong: dict[str, object]) -> None:
    """Adjusted prices would be stored as traded ones; bars of one ticker are another answer."""
    rows = [BAR | {"T": "A"}]
    with pytest.raises(WrongAnswerError, match="the market's day as traded"):
        read_grouped(page(1, results=rows, **wrong))


@pytest.mark.parametrize("start", [-1, 1e300, 2**62, 1_720_000_000_000.5])
def test_a_start_that_is_none_stays_off_every_grid(start: float) -> None:
    """It overflows nothing, and is no minute."""
    bars = columns_of([Agg(1, 1, 1, 1, 1, start)])
    in_range = 0 < bars.timestamp[0] < LAST_MS * 1_000
    assert bars.timestamp[0] % 60_000_000 if in_range else True
    assert 0 <= bars.timestamp[0] <= LAST_MS * 1_000


def test_what_a_row_does_not_say_of_a_security_is_empty() -> None:
    """Active is the vendor's default."""
    assert to_security(TickerRow(ticker="A")) == SymbolInfo("A")
    row = TickerRow(ticker="A", name="A Inc.", type="CS", primary_exchange="XNYS", active=False)
    assert to_security(row) == SymbolInfo("A", "A Inc.", "CS", "XNYS", active=False)
