"""`/history/months` and `/status/history` over HTTP."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, NOW
from tests.gateway.conftest import speaking_to

MONTHS = "/api/v1/history/months"


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    store = SegmentStore(open_storage("memory"), "synthetic/0", MARKET)
    upstream = Synthetic(MARKET, lambda: NOW).upstream()
    gateway = Gateway(upstream, MARKET, lambda: NOW, Budget.of(100, 1.0), store)
    async with speaking_to(create_app(gateway)) as client:
        yield client
    gateway.close()


async def test_what_is_stored_is_counted_by_month_and_planned_with_its_rows(
    http: httpx2.AsyncClient,
) -> None:
    """A plan says how many bars it may bring; what was filled is whole and final afterwards."""
    week = {"symbols": ["AAPL"], "start_date": "2026-11-02", "end_date": "2026-11-06"}
    plan = await http.post("/api/v1/history/backfill", json=week | {"dry_run": True})
    assert plan.json()["most_bars"] == 5 * 16 * 60
    filled = await http.post("/api/v1/history/backfill", json=week)
    assert 0 < filled.json()["bars"] <= 5 * 16 * 60
    answer = (await http.post(MONTHS, json={"symbols": ["MSFT", "aapl"], "months": 2})).json()
    assert [row["symbol"] for row in answer["rows"]] == ["MSFT", "AAPL"]
    october, november = answer["rows"][1]["months"]
    assert october == {"month": "2026-10", "days": 22, "stored": 0, "final": 0, "partial": 0}
    assert november == {"month": "2026-11", "days": 15, "stored": 5, "final": 5, "partial": 0}


@pytest.mark.parametrize(
    ("body", "param"),
    [({"symbols": []}, "symbols"), ({"symbols": ["A"], "months": 241}, "months"),
     ({"symbols": ["A"], "timeframe": "5min"}, "timeframe"), ({"symbols": ["a b"]}, "symbols")],
)  # fmt: skip
async def test_wrong_requests_name_their_parameter(
    http: httpx2.AsyncClient, body: dict[str, object], param: str
) -> None:
    answer = await http.post(MONTHS, json=body)
    assert (answer.status_code, answer.json()["param"]) == (400, param)


@pytest.mark.socket
def test_the_status_has_a_past(gateway: str) -> None:
    """From the gateway's start on."""
    history = httpx2.get(f"{gateway}/api/v1/status/history").json()
    assert history["at"] == sorted(history["at"])
    assert len(history["figures"]["rate_limit.remaining"]) == len(history["at"]) >= 1
