"""The engines over HTTP: a route for each of the registry."""

from typing import Any

import httpx2
import pytest

from polytape.engines.options import NoOptions
from polytape.engines.registry import ENGINES, EngineSpec
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.model.market import Market
from polytape.model.query import series_query
from polytape.model.timeframes import Series
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, NOW, day_span
from tests.gateway.conftest import speaking_to
from tests.store.bars import write

every_engine = pytest.mark.parametrize("spec", ENGINES, ids=lambda spec: spec.name)
AS_OF = "2026-11-18T16:30:00Z"


async def post(http: httpx2.AsyncClient, spec: EngineSpec, **body: Any) -> httpx2.Response:
    return await http.post(f"/api/v1{spec.path}", json={"symbol": "AAPL", "as_of": AS_OF} | body)


@every_engine
async def test_every_engine_answers(http: httpx2.AsyncClient, spec: EngineSpec) -> None:
    answer = await post(http, spec)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["symbol"] == "AAPL"
    again = await post(http, spec)
    assert again.content == answer.content


@every_engine
async def test_what_is_wrong_is_named(http: httpx2.AsyncClient, spec: EngineSpec) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"symbol": "a/b"}, "symbol"), ({"as_of": "soon"}, "as_of")
    ]  # fmt: skip
    for body, param in wrong:
        answer = await post(http, spec, **body)
        assert (answer.status_code, answer.json()["param"]) == (400, param)
    if spec.options is not NoOptions:
        refused = await post(http, spec, options={next(iter(spec.options.__struct_fields__)): {}})
        assert refused.status_code == 400


@every_engine
async def test_a_symbol_that_is_not_there(http: httpx2.AsyncClient, spec: EngineSpec) -> None:
    answer = await post(http, spec, symbol="ZZZZZZ")
    if spec.name == "session":  # it says so in its own field, as the requirements have it
        assert answer.status_code == 200
        assert "ZZZZZZ" in answer.json()["error"]
    else:
        assert answer.status_code == 404


async def test_missing_history_is_noted_not_refused(market: Market, synthetic: Synthetic) -> None:
    store = SegmentStore(open_storage("memory"), "synthetic/0", MARKET)
    span = day_span(MARKET.date_of(NOW).replace(day=2), MARKET.date_of(NOW).replace(day=17))
    for series in Series:
        bars = synthetic.bars(series_query("AAPL", series, span)).bars
        write(store, "AAPL", bars, span, NOW, series=series)
    gateway = Gateway(None, market, lambda: NOW, Budget.of(100, 1.0), store)
    async with speaking_to(create_app(gateway)) as http:
        body = {"symbol": "AAPL", "as_of": AS_OF}
        answer = (await http.post("/api/v1/engines/fractals", json=body)).json()
    assert any("not held in full" in note for note in answer["notes"])
    gateway.close()
