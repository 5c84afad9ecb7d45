"""A table of splits in a CSV file: read again when it is replaced, and wrong rows are named."""

import os
from datetime import date
from pathlib import Path

import pytest

from polytape.errors import ConfigurationError
from polytape.model.splits import Split
from polytape.upstream.flatfiles.splits_table import SplitsTable, read_splits


def test_a_table_of_splits_is_read_by_ticker_oldest_first(tmp_path: Path) -> None:
    """A row that is there twice counts once; a byte order mark and blanks do no harm."""
    path = tmp_path / "splits.csv"
    path.write_text(
        "\ufeffticker,execution_date,split_from,split_to,note\nA, 2024-01-02 ,1,4,x\n"
        "A,2020-01-02,10,1,\nA,2024-01-02,1,4,\nBRK.B,2010-01-21,1,50,\n",
        encoding="utf-8",
    )
    assert read_splits(path) == {
        "A": (Split(date(2020, 1, 2), "A", 10.0, 1.0), Split(date(2024, 1, 2), "A", 1.0, 4.0)),
        "BRK.B": (Split(date(2010, 1, 21), "BRK.B", 1.0, 50.0),),
    }


def test_two_ratios_for_one_day_are_an_error_that_names_the_line(tmp_path: Path) -> None:
    """Which of the two is right nobody can tell."""
    path = tmp_path / "splits.csv"
    path.write_text(
        "ticker,execution_date,split_from,split_to\nA,2024-01-02,1,4\nA,2024-01-02,1,5\n"
    )
    with pytest.raises(ConfigurationError, match="line 3: another ratio for the split of A"):
        read_splits(path)


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


def test_no_table_is_unknown_and_a_table_without_the_symbol_is_none(tmp_path: Path) -> None:
    """Unknown prices cannot be adjusted; prices without splits need not be."""
    assert SplitsTable(None).of("A") is None
    path = tmp_path / "splits.csv"
    table = SplitsTable(path)
    assert table.of("A") is None
    path.write_text("ticker,execution_date,split_from,split_to\nA,2024-01-02,1,4\n")
    assert table.of("A") == (Split(date(2024, 1, 2), "A", 1.0, 4.0),)
    assert table.of("B") == ()


def test_a_table_that_is_replaced_is_read_again(tmp_path: Path) -> None:
    """By its time stamp; one that stays is read once."""
    path = tmp_path / "splits.csv"
    header = "ticker,execution_date,split_from,split_to\n"
    table = SplitsTable(path)
    for number, ratio in enumerate((4, 5)):
        path.write_text(f"{header}A,2024-01-02,1,{ratio}\n")
        os.utime(path, (number, number))
        assert [split.ratio for split in table.of("A") or ()] == [ratio]
    path.write_text("nonsense")
    os.utime(path, (1, 1))
    assert [split.ratio for split in table.of("A") or ()] == [5]
