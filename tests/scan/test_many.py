"""Many symbols from a store: the same numbers by processes and on a real Dask cluster."""

import warnings
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import polytape
from polytape import scan_many
from polytape.engines.flow import run_with
from polytape.engines.options import ScanOptions
from polytape.engines.registry import SCAN
from polytape.engines.scan_result import ScanResult
from polytape.errors import ConfigurationError, ValidationError
from polytape.gateway.api.engines import run_engine
from polytape.gateway.gateway import Gateway
from polytape.model.instants import parse_instant
from polytape.model.market import Market, xnys
from polytape.model.market_bars import MarketBars
from polytape.model.query import series_query
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage
from polytape.scan import many as many_scans
from polytape.store.coverage import Coverage
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.synthetic.source import Synthetic
from tests.cli.test_rates_file import calibration
from tests.conftest import MARKET, NOW, day_span
from tests.engines.test_scanner import answers

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]

WHEN = "2026-11-18 11:30 America/New_York"
SYMBOLS = ("AAPL", "MSFT", "NVDA", "SPY")
MINUTES = day_span(date(2026, 10, 1), date(2026, 11, 20))
DAYS = day_span(date(2025, 10, 10), date(2026, 11, 20))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store of four made-up symbols."""
    storage = FolderStorage(tmp_path_factory.mktemp("store"))
    store, source = SegmentStore(storage, "synthetic/0", MARKET), Synthetic(xnys(), lambda: NOW)
    for series, span in ((Series.MINUTE, MINUTES), (Series.DAY, DAYS)):
        bars = {s: source.bars(series_query(s, series, span)).bars for s in SYMBOLS}
        coverage = [Coverage(symbol, span, NOW, True) for symbol in SYMBOLS]
        store.write(series, MarketBars.of(bars), coverage)
    splits = [split for symbol in SYMBOLS for split in source.splits(symbol) or ()]
    Reference(storage).put_splits(splits, NOW)
    store.close()
    return str(storage.root)


def test_processes_give_what_one_gives_and_errors_stay_with_their_symbol(
    store: str, synthetic: Synthetic, market: Market
) -> None:
    done: list[str] = []
    many = scan_many(["spy", *SYMBOLS, "NOPE"], store=store, as_of=WHEN, on_symbol=done.append)
    assert list(many.results) == ["SPY", "AAPL", "MSFT", "NVDA"]
    assert many.errors == {"NOPE": "the store has no symbol NOPE"}
    assert sorted(done) == sorted([*SYMBOLS, "NOPE"])
    moment = parse_instant(WHEN, "at", MARKET)
    for symbol in SYMBOLS:
        flow = SCAN.run(symbol, moment, market, ScanOptions())
        alone = cast("ScanResult", run_with(flow, answers(synthetic, market)))
        assert many.results[symbol].to_dict() | {"basis": None} == alone.to_dict()
    frame = many.to_frame()
    assert list(frame["score"]) == sorted(frame["score"], reverse=True)
    assert set(frame["symbol"]) == set(SYMBOLS)


def test_what_the_store_lacks_is_said(store: str) -> None:
    many = scan_many(["AAPL"], store=store, as_of="2026-10-26 11:30 America/New_York", workers=1)
    basis = many.results["AAPL"].basis
    assert basis is not None
    assert basis.lacks[0].startswith("1min bars are not held in full: 2026-09-2")
    assert "made-up prices" in repr(many)


@pytest.mark.filterwarnings("ignore")
def test_dask_runs_the_same_function_on_a_real_cluster(store: str) -> None:
    from dask.distributed import Client, LocalCluster

    here = scan_many(SYMBOLS, store=store, as_of=WHEN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,  # type: ignore[no-untyped-call]
            Client(cluster) as client,  # type: ignore[no-untyped-call]
        ):
            there = scan_many([*SYMBOLS, "NOPE"], store=store, as_of=WHEN, client=client)
    assert there.errors == {"NOPE": "the store has no symbol NOPE"}
    for symbol in SYMBOLS:
        assert there.results[symbol].to_dict() == here.results[symbol].to_dict()


def test_wrong_questions_are_refused_at_once(store: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no store"):
        scan_many(["AAPL"], store=str(tmp_path))
    for wrong in ({"engine": "ray"}, {"as_of": "someday"}, {"as_of": "2199-01-04"},
                  {"store": "memory"}):  # fmt: skip
        with pytest.raises(ValidationError):
            scan_many(["AAPL"], **({"store": store} | wrong))  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="symbols"):
        scan_many(["../etc"], store=store)
    assert scan_many([], store=store).to_frame().empty


def test_options_are_a_mapping_or_what_an_editor_can_complete() -> None:
    """`ScanOptions(...)` and a mapping of the same names are the same options."""
    mapping = {"nearest": 6, "windows": [7, 14], "preset": "classic"}
    named = polytape.ScanOptions(nearest=6, windows=(7, 14), preset="classic")
    assert many_scans._parse_options(named) == many_scans._parse_options(mapping)
    with pytest.raises(ValidationError, match="options="):
        many_scans._parse_options(polytape.ScanOptions(windows=5))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"options": {"windows": 5}}, "options="),
        ({"options": {"window": [7]}}, "unknown field `window`"),
        ({"options": {"variant": "x"}}, "variant"),
        ({"options": {"daily_levels": [object()]}}, "object is no option"),
        ({"workers": 0}, "workers=0"),
        ({"workers": -1}, "workers=-1"),
        ({"workers": "2"}, "workers='2'"),
        ({"workers": 1.5}, "workers=1.5"),
        ({"store": None}, "store=None"),
        ({"store": b"/tmp"}, "store=b'/tmp'"),
        ({"store": ""}, "store=''"),
        ({"store": 7}, "store=7"),
    ],
)
def test_wrong_options_are_refused_before_any_process_starts(
    store: str, how: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        scan_many(["AAPL"], **({"store": store, "as_of": WHEN} | how))


def test_a_preset_rates_and_prices_as_traded_reach_every_symbol(store: str) -> None:
    """An option that is given as well wins."""
    options = {"preset": "classic", "nearest": 2, "percentile": 80.0, "as_traded": True}
    rates = [replace(calibration("AAPL"), scale="classic")]
    how: dict[str, Any] = {"store": store, "as_of": WHEN, "workers": 1, "options": options}
    many = scan_many(["AAPL", "SPY"], rates=rates, **how)
    for symbol, result in many.results.items():
        assert (result.preset, result.scale, len(result.zones)) == ("classic", "classic", 2)
        assert result.split_factor == 1.0
        rated = {zone.level: zone.rate is not None for zone in result.zones}
        assert rated == {level: symbol == "AAPL" and level in ("L5", "L4") for level in rated}
    frame = many.to_frame()
    assert frame["low_as_traded"].tolist() == frame["low"].tolist()
    with pytest.raises(ValidationError, match="rates of classic levels"):
        scan_many(["AAPL"], rates=[calibration("AAPL")], **how)
    for wrong in ({"options": {"preset": "older"}}, {"rates": ["spy.json"]}):
        with pytest.raises(ValidationError, match=r"one of classic|calibrations"):
            scan_many(["AAPL"], **(how | wrong))


def test_a_store_may_be_a_path(store: str, tmp_path: Path) -> None:
    assert scan_many([], store=Path(store)).errors == {}
    with pytest.raises(ConfigurationError, match="is no store"):
        scan_many(["AAPL"], store=tmp_path)


def test_one_text_is_not_several_symbols(store: str) -> None:
    with pytest.raises(ValidationError, match="several symbols"):
        scan_many("SPY", store=store)


def test_levels_may_be_numpys(store: str) -> None:
    levels = np.array([100.0, 120.0])
    many = scan_many(["AAPL"], store=store, as_of=WHEN, options={"weekly_levels": levels})
    assert list(many.results) == ["AAPL"]


async def test_a_store_of_minutes_alone_is_scanned_as_the_gateway_does(
    tmp_path: Path, market: Market, synthetic: Synthetic
) -> None:
    store = SegmentStore(FolderStorage(tmp_path / "minutes"), "synthetic/0", MARKET)
    bars = synthetic.bars(series_query("AAPL", Series.MINUTE, MINUTES)).bars
    coverage = [Coverage("AAPL", MINUTES, NOW, True)]
    store.write(Series.MINUTE, MarketBars.of({"AAPL": bars}), coverage)
    gateway = Gateway(None, market, lambda: NOW, Budget.of(1, 1.0), store)
    served = await run_engine(SCAN, "AAPL", WHEN, ScanOptions(), gateway)
    assert isinstance(served, ScanResult)
    assert isinstance(served, ScanResult)
    location = str(tmp_path / "minutes")
    alone = scan_many(["AAPL"], store=location, as_of=WHEN, workers=1).results["AAPL"]
    assert [zone.to_dict() for zone in alone.zones] == [zone.to_dict() for zone in served.zones]
    assert alone.zones
    assert alone.basis is not None
    assert "made from minutes (the volume lacks trades)" in alone.basis.one_line()
    assert served.basis is not None
    assert set(served.basis.notes) == set(alone.basis.notes)
    gateway.close()
