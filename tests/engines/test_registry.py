"""Every engine of the registry is there, runs, and is light until it does."""

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

import polytape
from polytape.engines.flow import EngineRun, run_with
from polytape.engines.registry import CLIENT_ENGINES, ENGINES, SESSION, EngineSpec
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.upstream.synthetic.source import Synthetic
from tests.engines.test_scanner import answers, at

DOCS = Path(__file__).parents[2] / "docs/reference"
MOMENT = at("2026-11-18 11:30")

every_engine = pytest.mark.parametrize("spec", ENGINES, ids=lambda spec: spec.name)


def result_type(spec: EngineSpec) -> Any:
    module, name = spec.result.split(":")
    return getattr(import_module(f"polytape.engines.{module}"), name)


def flow_of(spec: EngineSpec, market: Market) -> Any:
    return spec.load_flow()("AAPL", MOMENT, market, spec.options())


def test_names_and_routes_are_each_ones_own() -> None:
    for unique in ({spec.name for spec in ENGINES}, {spec.path for spec in ENGINES},
                   {spec.flow for spec in ENGINES}, {spec.result for spec in ENGINES}):  # fmt: skip
        assert len(unique) == len(ENGINES)
    assert [spec.path for spec in ENGINES] == [
        "/scan", "/engines/fractals", "/engines/fractals/history", "/engines/hvn", "/engines/camarilla", "/engines/zones",
        "/engines/vwap", "/engines/opening-range", "/engines/gaps", "/engines/poc", "/engines/atr",
        "/engines/bad-prints", "/engines/session",
    ]  # fmt: skip
    assert {spec for spec in ENGINES if spec not in CLIENT_ENGINES} == {SESSION}


@every_engine
def test_an_engine_says_what_its_flow_takes_and_returns(spec: EngineSpec) -> None:
    flow = spec.load_flow()
    assert list(signature(flow).parameters) == ["symbol", "as_of", "market", "options"]
    hints = get_type_hints(flow)
    assert (hints["market"], hints["options"]) == (Market, spec.options)
    *_, result = get_args(hints["return"])
    assert result is result_type(spec)


@every_engine
def test_an_engine_runs_on_its_defaults_by_one_request(
    spec: EngineSpec, synthetic: Synthetic, market: Market
) -> None:
    run: EngineRun[Any] = EngineRun(flow_of(spec, market)).start()
    queries = run.queries
    assert queries
    assert all(query.symbol == "AAPL" and query.span.end <= MOMENT for query in queries)
    run.send(map(answers(synthetic, market), queries))
    assert run.queries is None
    result = run.result
    assert type(result) is result_type(spec)
    assert result.symbol == "AAPL"
    assert "AAPL" in repr(result)
    assert msgspec.json.decode(msgspec.json.encode(result.to_dict()))["symbol"] == "AAPL"


@every_engine
def test_an_engine_without_bars_says_what_it_lacks(spec: EngineSpec, market: Market) -> None:
    found = run_with(flow_of(spec, market), lambda _: Bars.empty())
    lacks = found.error if spec is SESSION else (*found.notes, *getattr(found, "errors", {}))
    assert lacks
    noted = found.noting("the sky is cloudy")
    assert "the sky is cloudy" in str(noted.error if spec is SESSION else noted.notes)


@every_engine
def test_bars_after_the_instant_change_nothing(
    spec: EngineSpec, synthetic: Synthetic, market: Market
) -> None:
    def results(answer: Callable[[BarsQuery], Bars]) -> Any:
        return run_with(flow_of(spec, market), answer).to_dict()

    honest = results(answers(synthetic, market))
    assert results(answers(synthetic, market, lie=3 * 86_400_000_000)) == honest


@pytest.mark.parametrize("spec", CLIENT_ENGINES, ids=lambda spec: spec.name)
def test_an_engine_of_the_client_is_exported_and_has_a_page(spec: EngineSpec) -> None:
    for prefix in ("", "Async"):
        engine = getattr(polytape, f"{prefix}{spec.client_class}")
        assert f"{prefix}{spec.client_class}" in polytape.__all__
        assert callable(getattr(engine, spec.method))
    assert not DOCS.is_dir() or (DOCS / spec.page).is_file()


def test_the_registry_loads_nothing_that_computes() -> None:
    code = "import sys, polytape.engines.registry; print(' '.join(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(out.stdout.split()) & {"numpy", "pandas", "pyarrow", "exchange_calendars"}
