"""A folder of flat files, with everything that the vendor's files do."""

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from polytape.errors import ConfigurationError, DataFetchError, NotFoundError
from polytape.model.market import Market
from polytape.model.newyork import midnight
from polytape.model.timeframes import Series
from polytape.upstream.flatfiles.parsing import read_splits
from polytape.upstream.flatfiles.source import FlatFiles
from tests.conftest import day_span

HEADER = "ticker,volume,open,close,high,low,window_start,transactions"
DAY = date(2024, 7, 2)
OPEN_NS = (midnight(DAY) + 34_200_000_000) * 1_000
MINUTE_NS = 60_000_000_000


def put(root: Path, kind: str, day: date, lines: list[str], header: str = HEADER) -> Path:
    path = root / "us_stocks_sip" / kind / f"{day:%Y}" / f"{day:%m}" / f"{day}.csv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("\n".join([header, *lines, ""]).encode()))
    return path


def line(ticker: str, minute: int = 0, volume: str = "100", close: float = 10.0) -> str:
    return f"{ticker},{volume},10.0,{close},12.0,9.0,{OPEN_NS + minute * MINUTE_NS},7"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, "minute_aggs_v1", DAY, [
        line("ZZZ", 1), line("NA", 0, "50.000000"), line("KIMpL", 0, "17798.430378"),
        line("ZZZ", 0), line("TRUE", 0), line("NA", 2, close=11.0), line("BRK.B", 0, "1.5E+02"),
        line("NA", 2, close=11.5), "NULL,1,1,1,1,1," + str(OPEN_NS) + ",",
    ])  # fmt: skip
    return tmp_path


@pytest.fixture
def source(root: Path, market: Market) -> FlatFiles:
    return FlatFiles(root, market)


@pytest.mark.parametrize("symbol", ["NA", "KIMpL", "TRUE", "NULL", "BRK.B", "ZZZ"])
def test_every_ticker_is_text(source: FlatFiles, symbol: str) -> None:
    assert len(source.bars(symbol, Series.MINUTE, day_span(DAY)).bars) > 0
    assert source.find(symbol) is not None


def test_rows_come_sorted_once_each_and_the_last_of_two_stays(source: FlatFiles) -> None:
    bars = source.bars("NA", Series.MINUTE, day_span(DAY)).bars
    assert np.diff(bars.timestamp).tolist() == [2 * 60_000_000]
    assert bars.close.tolist() == [10.0, 11.5]
    assert source.bars("ZZZ", Series.MINUTE, day_span(DAY)).bars.timestamp[0] == OPEN_NS // 1_000


def test_volumes_keep_their_decimals_and_columns_their_order(source: FlatFiles) -> None:
    bars = source.bars("KIMpL", Series.MINUTE, day_span(DAY)).bars
    assert bars.volume.tolist() == [17798.430378]
    assert (bars.open[0], bars.high[0], bars.low[0], bars.close[0]) == (10.0, 12.0, 9.0, 10.0)
    assert bars.transactions.tolist() == [7]
    assert source.bars("BRK.B", Series.MINUTE, day_span(DAY)).bars.volume.tolist() == [150]
    assert np.isnan(source.bars("NULL", Series.MINUTE, day_span(DAY)).bars.transactions).all()


def test_a_missing_day_is_a_day_without_bars(source: FlatFiles) -> None:
    assert not len(source.bars("ZZZ", Series.MINUTE, day_span(date(2024, 7, 3))).bars)
    with pytest.raises(NotFoundError, match="NOPE"):
        source.bars("NOPE", Series.MINUTE, day_span(DAY))


def test_a_daily_bar_is_stamped_by_its_files_name(root: Path, source: FlatFiles) -> None:
    wrong = (midnight(DAY) + 86_400_000_000) * 1_000
    put(root, "day_aggs_v1", DAY, [f"ZZZ,1000,10,11,12,9,{wrong},5"])
    answer = source.bars("ZZZ", Series.DAY, day_span(DAY))
    assert answer.bars.timestamp.tolist() == [midnight(DAY)]
    assert answer.notes == ()


def test_a_daily_bar_made_from_minutes_says_so(source: FlatFiles) -> None:
    answer = source.bars("ZZZ", Series.DAY, day_span(DAY))
    assert answer.bars.timestamp.tolist() == [midnight(DAY)]
    assert "made from minutes" in answer.notes[0]


@pytest.mark.parametrize("cut", [1, 9, 40])
def test_a_cut_file_is_named(root: Path, source: FlatFiles, cut: int) -> None:
    path = next((root / "us_stocks_sip").rglob("*.gz"))
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DataFetchError, match=r"2024-07-02\.csv\.gz is damaged"):
        source.bars("ZZZ", Series.MINUTE, day_span(DAY))


@pytest.mark.parametrize(
    ("header", "lines"),
    [
        ("ticker,volume,open", ["A,1,2"]),
        (HEADER, ["A,x,1,1,1,1,5,1"]),
        (HEADER, ["A,1,nan,1,1,1,5,1"]),
        (HEADER, ["A,inf,1,1,1,1,5,1"]),
        (HEADER, ["A,1,1,1,1,1"]),
        (HEADER, [",1,1,1,1,1,5,1", "A,,1,1,1,1,5,1"]),
    ],
)
def test_a_file_that_holds_something_else_is_named(
    root: Path, source: FlatFiles, header: str, lines: list[str]
) -> None:
    put(root, "minute_aggs_v1", DAY, lines, header)
    with pytest.raises(DataFetchError, match=r"2024-07-02\.csv\.gz"):
        source.bars("A", Series.MINUTE, day_span(DAY))


def test_a_replaced_file_is_read_again(root: Path, source: FlatFiles) -> None:
    assert source.bars("ZZZ", Series.MINUTE, day_span(DAY)).bars.close[0] == 10.0
    put(root, "minute_aggs_v1", DAY, [line("ZZZ", close=11.0)])
    assert source.bars("ZZZ", Series.MINUTE, day_span(DAY)).bars.close.tolist() == [11.0]


def test_minutes_of_another_day_are_left_out(root: Path, source: FlatFiles) -> None:
    put(root, "minute_aggs_v1", DAY, [line("ZZZ"), line("ZZZ", 24 * 60)])
    span = day_span(DAY, date(2024, 7, 4))
    assert len(source.bars("ZZZ", Series.MINUTE, span).bars) == 1


def test_a_new_table_of_splits_is_seen(root: Path, source: FlatFiles) -> None:
    assert source.splits("ZZZ") is None
    table = root / "splits.csv"
    table.write_text("ticker,execution_date,split_from,split_to\nZZZ,2024-07-03,1,4\n")
    assert [s.ratio for s in source.splits("ZZZ") or ()] == [4.0]


def test_a_day_without_a_file_is_unsettled(root: Path, source: FlatFiles) -> None:
    """Its file may still come: the answer is given and not kept."""
    put(root, "minute_aggs_v1", date(2024, 7, 5), [])
    answer = source.bars("ZZZ", Series.MINUTE, day_span(DAY, date(2024, 7, 5)))
    assert answer.unsettled == (day_span(date(2024, 7, 3)),)
    assert answer.notes == ("no minute_aggs_v1 file for 2024-07-03: their bars are missing",)


def test_files_of_days_that_do_not_exist_are_passed_over(root: Path, source: FlatFiles) -> None:
    path = put(root, "minute_aggs_v1", DAY, [line("ZZZ")])
    path.with_name("2024-07-32.csv.gz").write_bytes(path.read_bytes())
    assert len(source.bars("ZZZ", Series.MINUTE, day_span(DAY)).bars) == 1
    assert source.find("ZZZ") is not None


def test_the_last_bar_is_the_newest_files(root: Path, source: FlatFiles) -> None:
    assert source.last_bar("NA").close.tolist() == [11.5]
    assert not len(source.last_bar("NOPE"))
    put(root, "day_aggs_v1", DAY, ["ONLYDAY,1000,10,11,12,9,0,5"])
    assert source.last_bar("ONLYDAY").close.tolist() == [11.0]


def test_search_finds_symbols(source: FlatFiles) -> None:
    found = [info.symbol for info in source.search("na", active_only=True)]
    assert found == ["NA"]


def test_a_folder_without_flat_files_is_refused(tmp_path: Path, market: Market) -> None:
    with pytest.raises(ConfigurationError, match="holds no flat files"):
        FlatFiles(tmp_path, market)
    with pytest.raises(ConfigurationError):
        FlatFiles(tmp_path / "absent", market)


def test_splits_come_from_a_table_or_are_unknown(root: Path, market: Market) -> None:
    assert FlatFiles(root, market).splits("ZZZ") is None
    (root / "splits.csv").write_text(
        "ticker,execution_date,split_from,split_to\nZZZ,2024-07-03,1,4\n"
    )
    known = FlatFiles(root, market)
    assert [s.ratio for s in known.splits("ZZZ") or ()] == [4.0]
    assert known.splits("NA") == ()


@pytest.mark.parametrize(
    ("text", "named"),
    [("a,b\n", "lacks the columns"), ("ticker,execution_date,split_from,split_to\nA,x,1,2\n", "line 2"),
     ("ticker,execution_date,split_from,split_to\nA,2024-01-01,0,2\n", "line 2"),
     ("ticker,execution_date,split_from,split_to\nA\n", "line 2")],
)  # fmt: skip
def test_a_wrong_table_of_splits_names_its_line(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "splits.csv"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=named):
        read_splits(path)
    with pytest.raises(ConfigurationError, match="absent"):
        read_splits(tmp_path / "absent.csv")


@pytest.mark.realdata
def test_real_files_are_read_whole(real: FlatFiles) -> None:
    minutes = real.bars("SPY", Series.MINUTE, day_span(date(2013, 10, 7))).bars
    assert len(minutes) == 828
    days = real.bars("SPY", Series.DAY, day_span(date(2013, 8, 1), date(2013, 10, 11))).bars
    assert len(days) == 51
    assert real.last_bar("SPY").close.tolist() == [449.88]
