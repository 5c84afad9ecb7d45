"""Whose bars a store holds, and where it lies: bars of two sources never mix."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from polytape.cli import stores
from polytape.cli.import_store import opened_import
from polytape.cli.options import StoreOptions
from polytape.errors import ConfigurationError
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.timeframes import Series
from polytape.settings import Settings
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET, day_span
from tests.upstream.flatfiles.files import DAY


@contextmanager
def made_store(options: StoreOptions) -> Iterator[SegmentStore]:
    """A new store of a source's bars, or the one that is there."""
    with opened_import(options, own=False) as importing:
        yield importing.opened()


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "polytape"


@pytest.mark.parametrize(
    ("settings", "identity"),
    [
        (Settings(), "polygon"), (Settings(source="polygon"), "polygon"),
        (Settings(source="synthetic", seed=3), "synthetic/3"),
        (Settings(source="flatfiles", data="s3://flatfiles"), "polygon"),
        (Settings(source="flatfiles", data="/some/where"), "flatfiles:/some/where"),
        (Settings(source="polygon", data="/some/where"), "polygon"),
        (Settings(source="none"), "polygon"),
    ],
)  # fmt: skip
def test_a_store_is_of_one_source(settings: Settings, identity: str) -> None:
    """What is imported counts as the vendor's, and so does its bucket; a folder is a source of its
    own, and so is each made-up market.
    """
    assert stores.store_identity(settings) == identity


def test_each_source_has_its_own_place() -> None:
    """Made-up prices never lie beside real ones; a named store lies where it is named."""
    kinds = [Settings(), Settings(source="synthetic"), Settings(source="synthetic", seed=1),
             Settings(source="flatfiles", data="/a"), Settings(source="flatfiles", data="/b")]  # fmt: skip
    places = [stores.store_location(settings) for settings in kinds]
    assert len(set(places)) == len(kinds)
    assert places == [stores.store_location(settings) for settings in kinds]
    assert Path(places[0]).parts[-2:] == ("polytape", "polygon")
    assert stores.store_location(Settings(store="s3://bars/x")) == "s3://bars/x"


def test_none_stores_nothing() -> None:
    """A command that needs a store says so; a gateway does without."""
    settings = Settings(store="none")
    assert stores.open_place(settings) is None
    assert not stores.has_bars(settings)
    with pytest.raises(ConfigurationError, match="--store none keeps nothing: name a store"):
        stores.location_of("none")
    with (
        pytest.raises(ConfigurationError, match="name a store"),
        stores.opened_store({"store": "none"}),
    ):
        pass


def test_a_store_of_another_source_is_refused(tmp_path: Path) -> None:
    """The error names both."""
    place = str(tmp_path)
    with made_store({"store": place, "source": "synthetic"}) as store:
        assert store.source == "synthetic/0"
    with (
        pytest.raises(ConfigurationError, match="holds bars of synthetic/0, not of polygon"),
        made_store({"store": place}),
    ):
        pass


def test_a_store_has_bars_once_something_is_in_it(tmp_path: Path) -> None:
    """A gateway without a source serves what is stored; without either it does not start."""
    settings = Settings(store=str(tmp_path))
    assert not stores.has_bars(settings)
    with made_store({"store": str(tmp_path)}) as store:
        span = day_span(DAY)
        bars = Bars.of([span.start], [1], [1], [1], [1], [1])
        cover = Coverage("A", span, fetched_at=span.end, final=True)
        store.write(Series.DAY, MarketBars.of({"A": bars}), [cover])
    assert stores.has_bars(settings)
    with stores.opened_store({"store": str(tmp_path)}) as store:
        assert store.read("A", Series.DAY, span).timestamp.tolist() == [MARKET.midnight(DAY)]


def test_only_what_brings_bars_makes_a_store_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], own_folder: Path
) -> None:
    """A typo in --store is an error that names what there is; it used to be a new, empty store."""
    typo = tmp_path / "tpyo"
    with (
        pytest.raises(ConfigurationError, match=r"there is no store at .*tpyo \(--store names one"),
        stores.opened_store({"store": str(typo)}),
    ):
        pass
    assert not typo.exists()
    with made_store({"store": str(typo)}):
        assert capsys.readouterr().err == f"a new store: {typo}\n"
    with made_store({"store": str(typo)}), stores.opened_store({"store": str(typo)}):
        assert capsys.readouterr().err == ""
    assert not list(own_folder.glob("*"))


def test_a_scan_reads_the_store_that_there_is(own_folder: Path, tmp_path: Path) -> None:
    """It named the vendor's, which there was not, beside the one that `serve` had made."""
    with pytest.raises(
        ConfigurationError, match=r"there is no store at .*/polygon \(--store names"
    ):
        stores.readable_location(None)
    with made_store({"source": "synthetic"}) as made:
        assert stores.readable_location(None) == made.storage.url
    assert stores.readable_location(str(tmp_path / "x")) == str(tmp_path / "x")
    with made_store({}) as vendors:
        assert stores.readable_location(None) == vendors.storage.url
    assert len(list(own_folder.glob("*"))) == 2


def test_a_command_reads_the_store_that_serve_used_whatever_its_source(
    own_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --store: the vendor's, else the only one there is; of several the one of the gateway
    that runs, and where none does they are all named.
    """
    with made_store({"source": "synthetic"}) as made, stores.opened_store({}) as read:
        assert (read.storage.url, read.source) == (made.storage.url, "synthetic/0")
    with made_store({}), stores.opened_store({}) as read:
        assert read.source == "polygon"
        assert "there are others (--store names one)" in capsys.readouterr().err
    with stores.opened_store({"source": "synthetic"}) as read:
        assert read.source == "synthetic/0"
    (own_folder / "polygon" / "store.json").unlink()
    (own_folder / "more").mkdir()
    (own_folder / "more" / "store.json").write_text('{"schema": 1, "source": "synthetic/7"}')
    with (
        pytest.raises(ConfigurationError, match=r"there are .*synthetic/7.*synthetic/0"),
        stores.opened_store({}),
    ):
        pass
    running = str(own_folder / "more")
    monkeypatch.setattr("polytape.cli.gateway.store_of_gateway", lambda: running)
    with stores.opened_store({}) as read:
        assert (read.storage.url, read.source) == (running, "synthetic/7")


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        ("https://api.massive.com", "polygon"),
        ("https://api.polygon.io/", "polygon"),
        ("http://localhost:8300", "polygon/localhost"),
        ("http://127.0.0.1:8300", "polygon/127.0.0.1"),
        ("https://api.massive.com.example", "polygon/api.massive.com.example"),
    ],
)
def test_a_stand_in_for_the_vendor_has_a_store_of_its_own(url: str, identity: str) -> None:
    """Its prices may be made up, and none of them may pass for the vendor's."""
    settings = Settings(source="polygon", vendor_url=url)
    assert stores.store_identity(settings) == identity
    shared = stores.store_location(settings) == stores.store_location(Settings())
    assert shared is (identity == "polygon")


def test_the_shown_place_is_that_of_the_store_that_is_read(
    own_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not one that is not there, beside one that is; what is named is shown as it is named."""
    usual = own_folder / "polygon"
    assert stores.shown_location({}) == str(usual)
    assert "there is no store at" in capsys.readouterr().err
    made_up: StoreOptions = {"source": "synthetic"}
    with made_store(made_up) as store:
        place = store.storage.url
    capsys.readouterr()
    assert stores.shown_location({}) == stores.shown_location(made_up) == place
    assert capsys.readouterr().err == ""
    assert stores.shown_location({"store": "s3://bars"}) == "s3://bars"
    assert stores.shown_location({"store": "none"}) == "none"
    with made_store({}):
        pass
    assert stores.shown_location({}) == str(usual)
