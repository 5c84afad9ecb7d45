"""Files of one's own have a store of their own: they never pass for the vendor's bars."""

from pathlib import Path

import pytest

from polytape.cli import stores
from polytape.cli.import_store import opened_import
from polytape.cli.wiring import make_gateway
from polytape.errors import ConfigurationError
from polytape.settings import Secret, Settings
from polytape.store.about import IMPORTED
from tests.cli.conftest import Run
from tests.upstream.flatfiles.files import DAY, line, put

ROWS = "symbol,timestamp,open,high,low,close,volume\n"
BAR = "XYZ,2024-07-02T14:00:00Z,10,11,9,10,100\n"


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "polytape"


@pytest.fixture
def mine(tmp_path: Path) -> tuple[str, ...]:
    """The command that imports a file of one's own with one bar."""
    path = tmp_path / "mine.csv"
    path.write_text(ROWS + BAR)
    return "history", "import", str(path), "--format", "csv"


def test_a_file_of_ones_own_is_not_the_vendors(
    polytape: Run, own_folder: Path, mine: tuple[str, ...]
) -> None:
    """It made a store of the name `polygon`, and its bars were headed so. It is not even read where
    another store is the usual one; flat files stay the vendor's.
    """
    code, out, err = polytape(*mine)
    assert (code, out) == (0, f"1 bar of 1 file kept in {own_folder / 'imported'}\n")
    assert err == f"a new store: {own_folder / 'imported'}\n"
    assert polytape("history", "status")[2].startswith(
        f"store {own_folder / 'imported'}, bars of imported"
    )
    put(own_folder / "files", "day_aggs_v1", DAY, [line("A")])
    assert polytape("history", "import", str(own_folder / "files"))[0] == 0
    assert polytape("history", "path")[1] == f"{own_folder / 'polygon'}\n"


def test_it_is_read_whatever_source_is_set(
    polytape: Run, tmp_path: Path, mine: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They counted as made up where the settings were for a made-up market."""
    monkeypatch.setenv("POLYTAPE_SOURCE", "synthetic")
    store = ("--store", str(tmp_path / "store"))
    assert polytape(*mine, *store)[0] == 0
    assert "bars of imported" in polytape("history", "status", *store)[2]


def test_it_is_served_as_what_it_is(
    polytape: Run, own_folder: Path, mine: tuple[str, ...], tmp_path: Path
) -> None:
    """Named, or by itself where nobody is to be asked and the vendor's store is not there."""
    named = Settings(store=str(tmp_path / "named"), source="none")
    polytape(*mine, "--store", str(named.store))
    polytape(*mine)
    bare = stores.served(Settings(source="none"))
    assert bare.store == str(own_folder / "imported") == stores.served(Settings()).store
    for settings in (named, bare, Settings(store=named.store), stores.served(Settings())):
        gateway = make_gateway(settings)
        assert (gateway.bars.source_name, gateway.bars.made_up) == (IMPORTED, False)
        gateway.close()
    key = Settings(api_key=Secret("k"))
    assert stores.served(key) is key
    put(own_folder / "files", "day_aggs_v1", DAY, [line("A")])
    polytape("history", "import", str(own_folder / "files"))
    assert stores.served(Settings(source="none")).store is None


@pytest.mark.parametrize("own", [True, False])
def test_the_vendors_and_ones_own_never_lie_together(
    polytape: Run, tmp_path: Path, mine: tuple[str, ...], own: bool
) -> None:
    """Either way it is refused with what to do, and a gateway with a key does not fill it."""
    there = str(tmp_path / "store")
    put(tmp_path / "files", "day_aggs_v1", DAY, [line("A")])
    flat = ("history", "import", str(tmp_path / "files"))
    first, second = (mine, flat) if own else (flat, mine)
    assert polytape(*first, "--store", there)[0] == 0
    code, out, err = polytape(*second, "--store", there)
    assert (code, out) == (1, "")
    assert "name another --store, bars of two sources never mix" in err
    assert ("of polygon, not of imported, which files of your own are" in err) is not own
    assert (f"polytape serve --source none --store {there} serves these" in err) is own
    if own:
        with pytest.raises(ConfigurationError, match="holds bars of imported, not of polygon"):
            make_gateway(Settings(store=there, api_key=Secret("k")))


@pytest.mark.parametrize(
    ("rows", "option", "code"),
    [("XYZ,2024-07-02T14:00:00Z,10,9,11,10,1\n", "fail", 1),
     ("XYZ,2024-07-02T14:00:00Z,10,9,11,10,1\n", "skip", 1),
     ("XYZ,2024-07-02 10:00,10,11,9,10,1\n", "fail", 1),
     ("", "fail", 0)],
)  # fmt: skip
def test_what_keeps_nothing_makes_no_store(
    polytape: Run, own_folder: Path, tmp_path: Path, rows: str, option: str, code: int
) -> None:
    """A refused file left an empty store, which later commands read in place of the one meant."""
    path = tmp_path / "mine.csv"
    path.write_text(ROWS + rows)
    got = polytape("history", "import", str(path), "--format", "csv", "--on-error", option)
    assert got[:2] == (code, "" if code else "0 bars of 1 file kept: no row is in it\n")
    assert "a new store" not in got[2]
    assert not own_folder.exists()


def test_an_import_into_no_store_is_refused() -> None:
    """`--store none` keeps nothing."""
    with (
        pytest.raises(ConfigurationError, match="name a store"),
        opened_import({"store": "none"}, own=True),
    ):
        pass
