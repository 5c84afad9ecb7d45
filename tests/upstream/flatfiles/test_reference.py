"""Splits and securities beside the flat files."""

from pathlib import Path

import pytest

from polytape.errors import ConfigurationError
from polytape.model.market import Market
from polytape.model.securities import SymbolInfo
from polytape.upstream.flatfiles.source import FlatFiles
from tests.upstream.flatfiles.files import DAY, line, put


def test_a_new_table_of_splits_is_seen(root: Path, source: FlatFiles) -> None:
    assert source.reference.splits("ZZZ") is None
    table = root / "splits.csv"
    table.write_text("ticker,execution_date,split_from,split_to\nZZZ,2024-07-03,1,4\n")
    assert [s.ratio for s in source.reference.splits("ZZZ") or ()] == [4.0]


def test_splits_come_from_a_table_or_are_unknown(root: Path, market: Market) -> None:
    assert FlatFiles(root, market).reference.splits("ZZZ") is None
    (root / "splits.csv").write_text(
        "ticker,execution_date,split_from,split_to\nZZZ,2024-07-03,1,4\n"
    )
    reference = FlatFiles(root, market).reference
    assert [s.ratio for s in reference.splits("ZZZ") or ()] == [4.0]
    assert reference.splits("NA") == ()


def test_search_finds_symbols(source: FlatFiles) -> None:
    assert [info.symbol for info in source.reference.search("na", active_only=True)] == ["NA"]


def test_a_symbol_is_known_by_its_files_and_has_no_name(source: FlatFiles) -> None:
    """A ticker is all that a file says of it."""
    assert source.reference.find("KIMpL") == SymbolInfo("KIMpL")
    assert source.reference.find("kimpl") is None
    assert source.reference.find("NOPE") is None


def test_a_table_that_is_named_must_be_there(root: Path, market: Market) -> None:
    """One that lies beside the files may come later; a wrong one is told at the start."""
    with pytest.raises(ConfigurationError, match=r"none\.csv is no file"):
        FlatFiles(root, market, root / "none.csv")
    (root / "splits.csv").write_text("a,b\n")
    with pytest.raises(ConfigurationError, match="lacks the columns"):
        FlatFiles(root, market)


def test_a_file_that_comes_later_is_found_without_being_told(root: Path, source: FlatFiles) -> None:
    """`forget` has nothing to do: files say by their stamps that they are new."""
    assert source.reference.find("NEW") is None
    source.reference.forget()
    put(root, "day_aggs_v1", DAY, [line("NEW")])
    assert source.reference.find("NEW") == SymbolInfo("NEW")
