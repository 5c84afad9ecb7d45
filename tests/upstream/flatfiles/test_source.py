"""A folder of flat files, with everything that the vendor's files do."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from polytape.errors import ConfigurationError, DataFetchError, NotFoundError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import series_query
from polytape.model.timeframes import Series
from polytape.model.units import HOUR_US
from polytape.upstream.flatfiles.source import FlatFiles
from tests.conftest import MARKET, day_span
from tests.upstream.flatfiles.files import DAY, HEADER, OPEN_NS, line, put


def minutes(source: FlatFiles, symbol: str, day: date = DAY) -> Bars:
    return source.bars(series_query(symbol, Series.MINUTE, day_span(day))).bars


@pytest.mark.parametrize("symbol", ["NA", "KIMpL", "TRUE", "NULL", "BRK.B", "ZZZ"])
def test_every_ticker_is_text(source: FlatFiles, symbol: str) -> None:
    assert len(minutes(source, symbol)) > 0
    assert source.reference.find(symbol) is not None


def test_rows_come_sorted_once_each_and_the_last_of_two_stays(source: FlatFiles) -> None:
    bars = minutes(source, "NA")
    assert np.diff(bars.timestamp).tolist() == [2 * 60_000_000]
    assert bars.close.tolist() == [10.0, 11.5]
    assert minutes(source, "ZZZ").timestamp[0] == OPEN_NS // 1_000


def test_volumes_keep_their_decimals_and_columns_their_order(source: FlatFiles) -> None:
    bars = minutes(source, "KIMpL")
    assert bars.volume.tolist() == [17798.430378]
    assert (bars.open[0], bars.high[0], bars.low[0], bars.close[0]) == (10.0, 12.0, 9.0, 10.0)
    assert bars.transactions.tolist() == [7]
    assert minutes(source, "BRK.B").volume.tolist() == [150]
    assert np.isnan(minutes(source, "NULL").transactions).all()


def test_a_missing_day_is_a_day_without_bars(source: FlatFiles) -> None:
    assert not len(minutes(source, "ZZZ", date(2024, 7, 3)))
    with pytest.raises(NotFoundError, match="NOPE"):
        minutes(source, "NOPE")


def test_a_daily_bar_is_stamped_by_its_files_name(root: Path, source: FlatFiles) -> None:
    wrong = (MARKET.midnight(DAY) + 86_400_000_000) * 1_000
    put(root, "day_aggs_v1", DAY, [f"ZZZ,1000,10,11,12,9,{wrong},5"])
    answer = source.bars(series_query("ZZZ", Series.DAY, day_span(DAY)))
    assert answer.bars.timestamp.tolist() == [MARKET.midnight(DAY)]
    assert answer.notes == ()


def test_a_daily_bar_made_from_minutes_says_so(source: FlatFiles) -> None:
    answer = source.bars(series_query("ZZZ", Series.DAY, day_span(DAY)))
    assert answer.bars.timestamp.tolist() == [MARKET.midnight(DAY)]
    assert "made from minutes" in answer.notes[0]


@pytest.mark.parametrize("cut", [1, 9, 40])
def test_a_cut_file_is_named(root: Path, source: FlatFiles, cut: int) -> None:
    path = next((root / "us_stocks_sip").rglob("*.gz"))
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DataFetchError, match=r"2024-07-02\.csv\.gz is damaged"):
        minutes(source, "ZZZ")


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
        minutes(source, "A")


def test_a_replaced_file_is_read_again(root: Path, source: FlatFiles) -> None:
    assert minutes(source, "ZZZ").close[0] == 10.0
    put(root, "minute_aggs_v1", DAY, [line("ZZZ", close=11.0)])
    assert minutes(source, "ZZZ").close.tolist() == [11.0]


def test_minutes_of_another_day_are_left_out(root: Path, source: FlatFiles) -> None:
    put(root, "minute_aggs_v1", DAY, [line("ZZZ"), line("ZZZ", 24 * 60)])
    span = day_span(DAY, date(2024, 7, 4))
    assert len(source.bars(series_query("ZZZ", Series.MINUTE, span)).bars) == 1


def test_a_day_without_a_file_is_missing_and_provisional(root: Path, source: FlatFiles) -> None:
    """Its file may still come: nothing of it is stored."""
    put(root, "minute_aggs_v1", date(2024, 7, 5), [])
    answer = source.bars(series_query("ZZZ", Series.MINUTE, day_span(DAY, date(2024, 7, 5))))
    absent = (day_span(date(2024, 7, 3)),)
    assert (answer.provisional, answer.missing, answer.notes) == (absent, absent, ())
    assert answer.through is None


@pytest.mark.parametrize("series", list(Series))
def test_days_after_the_last_file_are_missing_once_they_are_over(
    root: Path, market: Market, series: Series
) -> None:
    """Today's file cannot be there: today is not missing, and complete goes no further."""
    today = market.midnight(date(2024, 7, 8)) + 12 * HOUR_US
    source = FlatFiles(root, market, now=lambda: today)
    span = day_span(DAY, date(2024, 7, 9))
    answer = source.bars(series_query("ZZZ", series, span))
    assert answer.missing == (day_span(date(2024, 7, 3)), day_span(date(2024, 7, 5)))
    assert "of 2 days from 2024-07-08 to 2024-07-09 is not there yet" in answer.notes[-1]
    assert answer.through == day_span(DAY).end
    days = {market.date_of(part.start).day for part in answer.provisional}
    assert days == {3, 5, 8, 9} | ({2} if series is Series.DAY else set())


@pytest.mark.parametrize("day", [3, 5])
def test_published_is_the_last_file_or_what_lies_before_the_query(
    root: Path, source: FlatFiles, day: int
) -> None:
    """What lies between the last file and the query may be stored: not this answer's business."""
    put(root, "day_aggs_v1", DAY, ["ZZZ,1000,10,11,12,9,0,5"])
    answer = source.bars(series_query("ZZZ", Series.DAY, day_span(date(2024, 7, day))))
    assert answer.missing == (day_span(date(2024, 7, day)),)
    assert answer.through == (day_span(DAY).end if day == 3 else day_span(date(2024, 7, 5)).start)


def test_a_day_with_a_file_of_minutes_alone_is_not_missing_from_daily_bars(
    source: FlatFiles,
) -> None:
    """A symbol without a minute in it did not trade."""
    answer = source.bars(series_query("BRK.B", Series.DAY, day_span(DAY)))
    assert (answer.missing, answer.through) == ((), None)
    assert answer.provisional


def test_files_of_days_that_do_not_exist_are_passed_over(root: Path, source: FlatFiles) -> None:
    path = put(root, "minute_aggs_v1", DAY, [line("ZZZ")])
    path.with_name("2024-07-32.csv.gz").write_bytes(path.read_bytes())
    assert len(minutes(source, "ZZZ")) == 1
    assert source.reference.find("ZZZ") is not None


def test_the_last_bar_is_the_newest_files(root: Path, source: FlatFiles) -> None:
    assert source.last_bar("NA").close.tolist() == [11.5]
    assert not len(source.last_bar("NOPE"))
    put(root, "day_aggs_v1", DAY, ["ONLYDAY,1000,10,11,12,9,0,5"])
    assert source.last_bar("ONLYDAY").close.tolist() == [11.0]


def test_a_folder_without_flat_files_is_refused(tmp_path: Path, market: Market) -> None:
    with pytest.raises(ConfigurationError, match="holds no flat files"):
        FlatFiles(tmp_path, market)
    with pytest.raises(ConfigurationError):
        FlatFiles(tmp_path / "absent", market)


@pytest.mark.realdata
def test_real_files_are_read_whole(real: FlatFiles) -> None:
    assert len(minutes(real, "SPY", date(2013, 10, 7))) == 828
    span = day_span(date(2013, 8, 1), date(2013, 10, 11))
    assert len(real.bars(series_query("SPY", Series.DAY, span)).bars) == 51
    assert real.last_bar("SPY").close.tolist() == [449.88]
