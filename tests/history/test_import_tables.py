"""CSV and Parquet files with columns named by others, read as bars."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from polytape.errors import DataFetchError, ValidationError
from polytape.history.import_tables import COLUMNS, ColumnMapping, read_table
from polytape.model.timeframes import Series
from tests.conftest import MARKET

NY = ZoneInfo("America/New_York")


def frame_of(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    usual: dict[str, object] = {
        "symbol": "A",
        "open": 1,
        "high": 2,
        "low": 1,
        "close": 2,
        "volume": 10,
    }
    return pd.DataFrame([usual | dict(row) for row in rows])


@pytest.fixture(params=["csv", "parquet"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"bars.{request.param}"


def put(path: Path, frame: pd.DataFrame) -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


def test_rows_come_by_symbol_and_start_and_the_later_of_two_is_marked(path: Path) -> None:
    stamps = ["2024-07-02T13:31:00Z", "2024-07-02T13:30:00Z", "2024-07-02T13:30:00Z"]
    rows = [{"timestamp": at, "close": n} for n, at in enumerate(stamps)]
    table = read_table(put(path, frame_of([*rows, {"timestamp": stamps[0], "symbol": "a"}])),
                       ColumnMapping(), MARKET)  # fmt: skip
    assert list(table.market.places) == ["A"]
    bars = table.market.bars
    first = MARKET.midnight(date(2024, 7, 2)) + 34_200_000_000
    assert bars.timestamp.tolist() == [first, first, first + 60_000_000, first + 60_000_000]
    assert table.repeated.tolist() == [False, True, False, True]
    assert bars.close.tolist()[:2] == [1.0, 2.0]  # as they stood in the file
    assert np.isnan(bars.vwap).all()


def test_names_are_mapped_and_further_columns_ignored(path: Path) -> None:
    frame = frame_of([{"timestamp": "2024-07-02 09:30", "x": 5, "VW": 1.5, "transactions": 3}])
    frame = frame.rename(columns={"open": "O", "timestamp": "When"}).drop(columns="symbol")
    columns = {"open": "O", "timestamp": "When", "vwap": "VW"}
    table = read_table(put(path, frame), ColumnMapping(Series.MINUTE, columns, NY, "kimpl"), MARKET)
    assert list(table.market.places) == ["KIMPL"]
    bars = table.market.bars
    assert (bars.open[0], bars.vwap[0], bars.transactions[0]) == (1.0, 1.5, 3.0)
    with pytest.raises(DataFetchError, match=r"has no column When, O \(--column OURS=THEIRS\)"):
        read_table(put(path, frame.drop(columns=["O", "When"])),
                   ColumnMapping(Series.MINUTE, columns, NY, "A"), MARKET)  # fmt: skip


def test_a_day_is_stamped_at_its_midnight_whatever_its_hour(path: Path) -> None:
    rows = [{"timestamp": at} for at in ("2024-07-02T20:00:00Z", "2024-12-02T00:30:00-05:00")]
    table = read_table(put(path, frame_of(rows)), ColumnMapping(Series.DAY), MARKET)
    days = [date(2024, 7, 2), date(2024, 12, 2)]
    assert table.market.bars.timestamp.tolist() == list(map(MARKET.midnight, days))


def test_what_is_no_number_is_left_to_the_rows_fault_but_not_in_further_columns(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bars.csv"
    stamp = "2024-07-02T13:30:00Z"
    bars = read_table(
        put(path, frame_of([{"timestamp": stamp, "open": "x"}])), ColumnMapping(), MARKET
    ).market.bars
    assert np.isnan(bars.open[0])
    put(path, frame_of([{"timestamp": stamp, "transactions": "many"}]))
    with pytest.raises(DataFetchError, match="column transactions"):
        read_table(path, ColumnMapping(), MARKET)


def test_tickers_that_pandas_takes_for_nothing_are_tickers(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    names = ["NA", "NULL", "TRUE", "NAN"]
    put(path, frame_of([{"timestamp": "2024-07-02T13:30:00Z", "symbol": n} for n in names]))
    table = read_table(path, ColumnMapping(), MARKET)
    assert list(table.market.places) == sorted(names)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "x.parquet"
    broken.write_bytes(b"no parquet")
    with pytest.raises(DataFetchError, match=r"x\.parquet cannot be read"):
        read_table(broken, ColumnMapping(), MARKET)
    path = put(
        tmp_path / "a.csv", frame_of([{"timestamp": "2024-07-02T13:30:00Z", "symbol": "a/b"}])
    )
    with pytest.raises(ValidationError, match="symbol"):
        read_table(path, ColumnMapping(), MARKET)


def test_an_empty_table_is_no_bars(path: Path) -> None:
    table = read_table(put(path, pd.DataFrame(columns=list(COLUMNS))), ColumnMapping(), MARKET)
    assert (len(table.market), table.market.places, len(table.repeated)) == (0, {}, 0)
