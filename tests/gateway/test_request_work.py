"""The one line in the log of a slow request, and where it says the time went."""

import logging
from typing import Any

import httpx2
import pytest

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.request_work import log_slow
from polytape.model.market import Market
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import NOW
from tests.gateway.conftest import speaking_to

BARS = {"symbol": "AAPL", "timeframe": "5min", "start_date": "2024-07-01", "end_date": "2024-07-02"}


def facts(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [record.args for record in caplog.records if record.name == "polytape.slow"]  # type: ignore[misc]


@pytest.fixture
def slow_gateway(market: Market, synthetic: Synthetic) -> Any:
    """Of which every request is a slow one."""
    store = SegmentStore(open_storage("memory"), "synthetic", market, now=lambda: NOW)
    gateway = Gateway(
        synthetic.upstream(), market, lambda: NOW, Budget.of(100, 1.0), store, wall=lambda: NOW,
        slow_request_s=0.0,
    )  # fmt: skip
    yield gateway
    gateway.close()


async def test_a_slow_request_says_where_its_time_went(
    slow_gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """Waiting, the source, the store, the encoding, the way out; by request, not by gateway."""
    async with speaking_to(create_app(slow_gateway)) as http:
        await http.post("/api/v1/bars", json=BARS, headers={"x-request-id": "one"})
        await http.post("/api/v1/engines/atr", json={"symbol": "AAPL", "as_of": "2024-07-02T15:00"})
        await http.get("/api/v1/rate-limit")
    bars, engine, rate_limit = facts(caplog)
    assert {key: bars[key] for key in ("method", "route", "status", "request_id", "who")} == {
        "method": "POST", "route": "/api/v1/bars", "status": 200, "request_id": "one",
        "who": "anonymous",
    }  # fmt: skip
    assert set(bars["stages"]) == {"gate", "queue", "fetch", "store_write", "encode", "send"}
    assert {"engine", "queue", "send"} < set(engine["stages"])
    assert set(rate_limit["stages"]) == {"send"}
    longest = list(bars["stages"].values())
    assert longest == sorted(longest, reverse=True)
    assert sum(slow_gateway.metrics._stages["fetch"].counts) >= 2


async def test_a_request_that_is_not_slow_has_no_line(
    http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await http.get("/api/v1/rate-limit")
    assert facts(caplog) == []


async def test_who_joined_a_fetch_waited_for_somebody_elses(
    slow_gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    import asyncio

    async with speaking_to(create_app(slow_gateway)) as http:
        await asyncio.gather(*(http.post("/api/v1/bars", json=BARS) for _ in range(2)))
    stages = [set(one["stages"]) for one in facts(caplog)]
    assert slow_gateway.joined == 1
    assert sum("fetch" in one for one in stages) == 1
    assert sum("joined" in one for one in stages) == 1


def test_a_path_cannot_make_lines_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Nor is the query in it: a key of the vendor's may be."""
    scope: Any = {
        "method": "GET", "path": "/a\nINFO all is well", "query_string": b"apiKey=secret",
        "state": {"stage_seconds": {"vendor": 1.25, "send": 0.0001}},
    }  # fmt: skip
    log_slow(scope, 200, 1.5, "id", "me")
    assert caplog.messages == ["GET unmatched 200 took 1.500 s (vendor 1.250 s) id me"]
    assert caplog.records[0].levelno == logging.WARNING
    assert "\n" not in facts(caplog)[0]["path"]
    assert "secret" not in str(facts(caplog))
