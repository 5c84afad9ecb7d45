"""`/history/months` and `/status/history` over HTTP."""

from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.model.timestamps import iso
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, NOW
from tests.gateway.conftest import speaking_to

MONTHS = "/api/v1/history/months"


@pytest.fixture
def desk() -> Iterator[Gateway]:
    store = SegmentStore(open_storage("memory"), "synthetic/0", MARKET)
    upstream = Synthetic(MARKET, lambda: NOW).upstream()
    gateway = Gateway(upstream, MARKET, lambda: NOW, Budget.of(100, 1.0), store)
    yield gateway
    gateway.close()


@pytest.fixture
async def http(desk: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    async with speaking_to(create_app(desk)) as client:
        yield client


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


async def test_what_happened_to_the_feed_is_there_for_whoever_comes_later(
    desk: Gateway, http: httpx2.AsyncClient
) -> None:
    """Oldest first, on the market's clock; signs of life are no news."""
    desk.live.notice("gap", "the vendor hung up", start=NOW - 60_000_000)
    desk.live.notice("heartbeat")
    desk.live.notice("through", end=NOW)
    desk.live.notice("backfilled", start=NOW - 60_000_000, end=NOW)
    feed = (await http.get("/api/v1/status/history")).json()["feed"]
    said = [(one["kind"], one["detail"], one["start"], one["end"]) for one in feed]
    begin, end = iso(NOW - 60_000_000), iso(NOW)
    gap = ("gap", "the vendor hung up", begin, None)
    assert said == [gap, ("backfilled", "", begin, end)]
    assert {one["at"] for one in feed} == {iso(NOW)}


@pytest.mark.socket
def test_the_status_has_a_past(gateway: str) -> None:
    """From the gateway's start on."""
    history = httpx2.get(f"{gateway}/api/v1/status/history").json()
    assert history["at"] == sorted(history["at"])
    assert len(history["figures"]["rate_limit.remaining"]) == len(history["at"]) >= 1
