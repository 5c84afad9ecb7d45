"""What `polytape history` says of a store of the whole market's files, and of work that breaks off."""

from datetime import timedelta
from pathlib import Path

import pytest

from polytape.net.storage import open_storage
from tests.cli.conftest import Run
from tests.upstream.flatfiles.files import DAY, line, put


@pytest.fixture
def store(polytape: Run, tmp_path: Path) -> tuple[str, str]:
    """`--store` with two days of the market; on the second one GONE has no bar."""
    for day, symbols in ((DAY, ("A", "GONE")), (DAY + timedelta(days=1), ("A",))):
        put(tmp_path / "files", "day_aggs_v1", day, [line(symbol) for symbol in symbols])
    options = ("--store", str(tmp_path / "store"))
    assert polytape("history", "import", str(tmp_path / "files"), *options)[0] == 0
    return options


def test_a_symbol_that_the_newest_files_lack_is_named(
    polytape: Run, store: tuple[str, str]
) -> None:
    """Whether it was delisted or is missing by a fault the files do not say, so neither is said;
    programs have a row of it.
    """
    code, _, err = polytape("history", "verify", *store)
    assert code == 0
    assert "1 symbol with no more bars in files of the whole market: delisted, or missing" in err
    assert "GONE (since 2024-07-03)" in err
    code, out, _ = polytape("history", "verify", "GONE", "--format", "csv", *store)
    (row,) = out.splitlines()[1:]
    assert (code, row) == (0, "GONE,1day,2024-07-03T04:00:00Z,explained,0,"
        '"no more bars in files of the whole market: delisted, or missing there"')  # fmt: skip


def test_a_symbol_without_a_bar_is_not_verified_by_files_that_lack_it(
    polytape: Run, store: tuple[str, str]
) -> None:
    """A slip of the keyboard is in no file of the market either."""
    code, _, err = polytape("history", "verify", "A", "AA", *store)
    assert (code, "nothing of AA is stored" in err) == (1, True)
    assert "nothing to doubt in 2 bars, but there are none of AA (exit code 1)" in err


def test_an_import_that_breaks_off_says_how_many_of_its_files_were_kept(
    polytape: Run, tmp_path: Path, store: tuple[str, str]
) -> None:
    """And one of which no row was kept is no success."""
    put(tmp_path / "files", "day_aggs_v1", DAY + timedelta(days=1), [])
    code, out, err = polytape("history", "import", str(tmp_path / "files"), *store)
    assert (code, out) == (1, "")
    assert "partial: 1 of 2 files kept before that" in err
    put(tmp_path / "bad", "day_aggs_v1", DAY, ["A,1,1,1,1,2,0,1"])
    bad = ("history", "import", str(tmp_path / "bad"), "--on-error", "skip", *store)
    code, out, err = polytape(*bad)
    assert (code, out) == (1, "")
    assert "nothing was kept: all rows were refused, 1 row left out" in err


def test_a_folder_that_another_program_compacts_is_named(
    polytape: Run, tmp_path: Path, store: tuple[str, str]
) -> None:
    """Nothing was merged, and that is not because there was nothing to merge."""
    with open_storage(str(tmp_path / "store")).try_lock("bars/1day/2024") as ours:
        assert ours
        code, out, err = polytape("history", "compact", *store)
    assert (code, out) == (0, "0 files merged into 0\n")
    assert "bars/1day/2024 is left as it is: another program compacts it now" in err
    code, out, err = polytape("history", "compact", *store)
    assert (code, out, err) == (0, "2 files merged into 1\n", "")


def test_an_export_that_breaks_off_says_that_its_folder_is_not_whole(
    polytape: Run, tmp_path: Path, store: tuple[str, str]
) -> None:
    """The symbols before are there, and look like all of them."""
    out = tmp_path / "hive"
    out.mkdir()
    (out / "symbol=GONE").write_text("in the way")
    export = ("history", "export", "--timeframe", "1day", "--out", str(out), "--hive", *store)
    code, shown, err = polytape(*export)
    assert (code, shown, (out / "symbol=A" / "bars.parquet").is_file()) == (1, "", True)
    assert f"partial: {out} has the symbols before that" in err
