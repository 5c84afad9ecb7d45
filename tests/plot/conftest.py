"""Every engine's result, made once."""

from typing import Any, TypeAlias

import pytest

from polytape.engines.flow import EngineRun
from polytape.engines.registry import CLIENT_ENGINES, SESSION
from polytape.engines.result import EngineRunResult
from polytape.engines.session import SessionData
from polytape.model.basis import Basis
from polytape.model.market import Market
from polytape.upstream.synthetic.source import Synthetic
from tests.engines.test_scanner import answers, at

Drawable: TypeAlias = EngineRunResult | SessionData
SPECS = (*CLIENT_ENGINES, SESSION)
NAMES = [spec.name for spec in SPECS]
BASIS = Basis(source="test", made_up=True, adjusted=True, notes=("a <b>note</b>",))


@pytest.fixture(scope="session")
def results(synthetic: Synthetic, market: Market) -> dict[str, Drawable]:
    """By the engine's name, at one instant on made-up prices."""
    answer = answers(synthetic, market)
    made = {}
    for spec in SPECS:
        moment = at("2026-11-18 14:30")
        run: EngineRun[Any] = EngineRun(spec.run("AAPL", moment, market, spec.options())).start()
        while run.queries is not None:
            run.send(map(answer, run.queries), [BASIS] * len(run.queries))
        made[spec.name] = run.result
    return made


@pytest.fixture(params=NAMES)
def result(request: pytest.FixtureRequest, results: dict[str, Drawable]) -> Drawable:
    """Each of them in turn."""
    return results[request.param]
