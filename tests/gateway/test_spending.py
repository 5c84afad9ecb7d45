"""Tokens that may read, and tokens that may spend, before a vendor that counts."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from polytape.gateway.admission import Admission
from polytape.gateway.app import create_app
from polytape.gateway.browser_guard import BrowserGuard
from polytape.gateway.dialects.registry import DIALECTS
from polytape.gateway.gateway import Gateway
from polytape.gateway.roles import Role
from polytape.gateway.token_table import TokenTable
from polytape.gateway.tokens import FILE, add_token
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.fakes.vendor import Street, street
from tests.gateway.conftest import speaking_to
from tests.upstream.polygon.conftest import NOW

pytestmark = pytest.mark.socket

WEEK = {"symbol": "AAPL", "timeframe": "1day", "start_date": "2026-11-09", "end_date": "2026-11-13"}
Headers = dict[str, str]


@pytest.fixture
def wall() -> Iterator[Street]:
    with street(NOW) as made:
        yield made


@pytest.fixture
def tokens(tmp_path: Path) -> dict[str, Headers]:
    now, file = datetime.now(UTC), tmp_path / FILE
    made = {
        "reader": add_token(file, "reader", Role.READ, now=now),
        "spender": add_token(file, "spender", Role.SPEND, now=now),
        "few": add_token(file, "few", Role.SPEND, now=now, vendor_per_day=1),
    }
    return {name: {"authorization": f"Bearer {token}"} for name, token in made.items()}


@pytest.fixture
async def http(
    wall: Street, tmp_path: Path, tokens: dict[str, Headers]
) -> AsyncIterator[httpx2.AsyncClient]:
    source = wall.source("advanced")
    store = SegmentStore(open_storage("memory"), "polygon", MARKET)
    gateway = Gateway(source.upstream(), MARKET, lambda: NOW, source.vendor.budget, store)
    table = TokenTable(tmp_path / FILE, seconds=lambda: 0.0, wall=lambda: NOW / 1e6)
    admission = Admission(table, BrowserGuard(), DIALECTS, asks=True)
    async with speaking_to(create_app(gateway, admission=admission)) as client:
        yield client
    gateway.close()


async def test_a_reader_gets_what_is_stored_and_costs_nothing(
    http: httpx2.AsyncClient, wall: Street, tokens: dict[str, Headers]
) -> None:
    """What is not stored is refused with the reason, by every door; then somebody else has it
    fetched, and the reader reads it.
    """
    for method, path, body in (
        ("POST", "/api/v1/bars", WEEK),
        ("GET", "/v2/aggs/ticker/AAPL/range/1/day/2026-11-09/2026-11-13", None),
        ("GET", "/v2/last/trade/AAPL", None),
        ("GET", "/api/v1/latest/AAPL", None),
        ("POST", "/api/v1/validate", {"symbols": ["AAPL"]}),
        ("GET", "/api/v1/search?query=app", None),
    ):
        refused = await http.request(method, path, json=body, headers=tokens["reader"])
        assert refused.status_code == 403, path
        assert "token reader may only read what is stored" in refused.text
    assert wall.vendor.requests == []
    (error,) = (
        await http.post("/api/v1/bars/batch", json={"requests": [WEEK]}, headers=tokens["reader"])
    ).json()["answers"]
    assert error["error"]["status"] == 403
    partial = await http.post("/api/v1/bars", json=WEEK | {"allow_partial": True, "adjusted": False},
                              headers=tokens["reader"])  # fmt: skip
    assert partial.status_code == 403  # nothing is known of the symbol
    fetched = await http.post("/api/v1/bars", json=WEEK, headers=tokens["spender"])
    assert len(fetched.json()["data"]) == 5
    paid = len(wall.vendor.requests)
    read = await http.post("/api/v1/bars", json=WEEK, headers=tokens["reader"])
    assert read.json()["data"] == fetched.json()["data"]
    anew = await http.post(
        "/api/v1/bars", json=WEEK | {"use_cache": False}, headers=tokens["reader"]
    )
    assert anew.status_code == 403
    assert len(wall.vendor.requests) == paid


async def test_a_readers_refusal_is_nobody_elses(
    http: httpx2.AsyncClient, tokens: dict[str, Headers]
) -> None:
    """Equal fetches in flight are one, but for those that may not be made."""
    names = ["reader", "spender", "reader", "spender"]
    answers = await asyncio.gather(
        *(http.post("/api/v1/bars", json=WEEK, headers=tokens[name]) for name in names)
    )
    assert [answer.status_code for answer in answers if answer.status_code != 403][:2] == [200, 200]
    assert answers[1].status_code == answers[3].status_code == 200


async def test_a_quota_of_vendor_requests_ends_at_midnight(
    http: httpx2.AsyncClient, wall: Street, tokens: dict[str, Headers]
) -> None:
    """The refusal says whose quota it is; what is stored is answered all the same."""
    raw = WEEK | {"adjusted": False}
    first = await http.post("/api/v1/bars", json=raw, headers=tokens["few"])
    assert first.status_code == 200, first.text
    assert len(wall.vendor.requests) == 1
    refused = await http.post("/api/v1/bars", json=raw | {"symbol": "MSFT"}, headers=tokens["few"])
    assert refused.status_code == 429
    assert "the quota of token few, 1 request of the vendor's a day, is used up" in refused.text
    assert int(refused.headers["retry-after"]) > 0
    assert (await http.post("/api/v1/bars", json=raw, headers=tokens["few"])).status_code == 200
    assert (await http.post("/api/v1/bars", json=raw | {"symbol": "MSFT"},
                            headers=tokens["spender"])).status_code == 200  # fmt: skip
