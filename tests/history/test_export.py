"""Bars taken out: as traded, one file or a folder a symbol, whole or not there."""

from pathlib import Path

import pytest
from pyarrow import csv, parquet

from polytape.errors import ConfigurationError, DataFetchError
from polytape.history.export import Exporter, Form
from polytape.model.bars import Bars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.store.bars import FIRST, HOUR, WEEK, memory, some_bars, write

HOURS = [FIRST + n * HOUR for n in range(3)]


@pytest.fixture
def store() -> SegmentStore:
    made = SegmentStore(memory(), "test", MARKET)
    write(made, "A", some_bars(HOURS), WEEK, 1)
    write(made, "B", some_bars(HOURS[:1], 99.0), WEEK, 1)
    write(made, "EMPTY", some_bars([]), WEEK, 1)
    return made


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_one_file_has_the_symbols_in_their_order(
    store: SegmentStore, tmp_path: Path, form: Form
) -> None:
    seen: list[str] = []
    out = tmp_path / "new" / f"all.{form}"
    exporter = Exporter(store, Series.MINUTE, WEEK, form, seen.append)
    assert exporter.to_file(["B", "EMPTY", "A"], out) == {"B": 1, "EMPTY": 0, "A": 3}
    assert seen == ["B", "EMPTY", "A"]
    table = parquet.read_table(out) if form == "parquet" else csv.read_csv(out)
    assert table.column("symbol").to_pylist() == ["B", "A", "A", "A"]
    assert table.column("close").to_pylist() == [99.0, 10.0, 11.0, 12.0]
    assert [path.name for path in out.parent.iterdir()] == [out.name]  # nothing half is left


def test_a_folder_for_each_symbol(store: SegmentStore, tmp_path: Path) -> None:
    span = Span(HOURS[1], WEEK.end)
    exporter = Exporter(store, Series.MINUTE, span)
    assert exporter.to_folders(["A", "B"], tmp_path) == {"A": 2, "B": 0}
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert files == ["symbol=A", "symbol=A/bars.parquet"]  # a file without a row would be a riddle
    assert parquet.read_table(tmp_path / files[1], partitioning=None).num_rows == 2


def test_a_file_of_nothing_is_not_written(store: SegmentStore, tmp_path: Path) -> None:
    """What stands there already stays, and no folder is made for it."""
    out = tmp_path / "new" / "q.csv"
    exporter = Exporter(store, Series.MINUTE, WEEK, "csv")
    assert exporter.to_file(["EMPTY", "APPL"], out) == {"EMPTY": 0, "APPL": 0}
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_written_is_named(store: SegmentStore, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    exporter = Exporter(store, Series.MINUTE, WEEK)
    with pytest.raises(ConfigurationError, match=f"cannot write {blocked}/all.parquet"):
        exporter.to_file(["A"], blocked / "all.parquet")
    with pytest.raises(ConfigurationError, match=f"cannot write {tmp_path}: "):
        exporter.to_file(["A"], tmp_path)


def test_an_export_that_fails_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    class Failing(SegmentStore):
        def read(self, symbol: str, series: Series, span: Span) -> Bars:
            if symbol == "A":
                return some_bars(HOURS)
            raise DataFetchError("the disk is gone")

    out = tmp_path / "all.csv"
    out.write_text("of yesterday")
    exporter = Exporter(Failing(memory(), "test", MARKET), Series.MINUTE, WEEK, "csv")
    with pytest.raises(DataFetchError, match="the disk is gone"):
        exporter.to_file(["A", "B"], out)
    assert out.read_text() == "of yesterday"
    assert list(tmp_path.iterdir()) == [out]
