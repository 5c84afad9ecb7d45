"""Who changed what, a line each."""

import json
from typing import Any

import pytest

from polytape.cli.checkup_gateway import MANAGING
from polytape.gateway.admission import Admission
from polytape.gateway.app import create_app
from polytape.gateway.audit import MOST_BYTES
from polytape.gateway.browser_guard import BrowserGuard
from polytape.gateway.dialects.registry import DIALECTS
from polytape.gateway.gateway import Gateway
from polytape.gateway.token_table import TokenTable
from tests.gateway.conftest import speaking_to

OWNER = "o" * 43
AUTHORIZED = {"authorization": f"Bearer {OWNER}", "x-request-id": "trace-7"}


@pytest.fixture
def app(synthetic_gateway: Gateway) -> Any:
    table = TokenTable(None, seconds=lambda: 0.0, wall=lambda: 0.0)
    table.give(OWNER, "owner")
    return create_app(
        synthetic_gateway, admission=Admission(table, BrowserGuard(), DIALECTS, asks=False)
    )


@pytest.fixture
def audit(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO", "polytape.audit")
    return caplog


def lines(audit: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    texts = [r.getMessage() for r in audit.records if r.name == "polytape.audit"]
    assert all(text.isascii() and text.isprintable() for text in texts)
    return [json.loads(text) for text in texts]


async def test_a_change_has_a_line_with_who_what_and_how_it_went(
    app: Any, audit: pytest.LogCaptureFixture
) -> None:
    """What only asks has none; nor has who was told which token it takes."""
    async with speaking_to(app) as http:
        await http.get("/status")
        await http.post("/api/v1/validate", json={"symbols": ["AAPL"]})
        await http.delete("/api/v1/cache", params={"symbol": "AAPL"})
        await http.request("DELETE", "/api/v1/history?symbol=AAPL")
        await http.request("DELETE", "/api/v1/history?symbol=AAPL", headers=AUTHORIZED)
        await http.post("/api/v1/clock", json={"action": "pause"}, headers=AUTHORIZED)
    cache, history, clock = lines(audit)
    assert (cache["who"], cache["what"], cache["result"]) == (
        "anonymous", "DELETE /api/v1/cache", "done"
    )  # fmt: skip
    assert cache["query"] == {"symbol": "AAPL"}
    assert (history["who"], history["status"], history["request_id"]) == ("owner", 503, "trace-7")
    assert history["result"] == "refused or failed"
    assert (clock["what"], clock["body"]) == ("POST /api/v1/clock", '{"action":"pause"}')


async def test_no_secret_and_no_line_of_another_is_in_it(
    app: Any, audit: pytest.LogCaptureFixture
) -> None:
    """Whatever stands in path, query, body and token."""
    secret = "s3cret-" * 7
    async with speaking_to(app) as http:
        path = "/api/v1/history%0a%0dERROR%20all%20is%20lost%e2%80%a8?symbol=A%0aB&apiKey=" + secret
        await http.request("DELETE", path, headers={"authorization": f"Bearer {secret}"})
        await http.post("/api/v1/session", json={"code": secret})
        await http.post("/api/v1/clock", content=b'"\n\xff\x85' + b"x" * 5_000,
                        headers=AUTHORIZED | {"content-type": "application/json"})  # fmt: skip
    forged, session, body = lines(audit)
    assert forged["what"].startswith("DELETE /api/v1/history\n\rERROR")
    assert (session["what"], session["status"]) == ("POST /api/v1/session", 401)
    assert len(body["body"]) <= MOST_BYTES
    assert secret not in audit.text
    assert OWNER not in audit.text


async def test_a_dry_run_changes_nothing_and_has_no_line(
    app: Any, audit: pytest.LogCaptureFixture
) -> None:
    """Be it refused for what is in it, as the one that `polytape doctor` sends; who may not manage
    the gateway has tried.
    """
    path, change = "/api/v1/history/backfill", {"symbols": ["AAPL"], "start_date": "2024-01-02"}
    async with speaking_to(app) as http:
        for body in (MANAGING, change | {"dry_run": True}):
            await http.post(path, json=body, headers=AUTHORIZED)
        assert lines(audit) == []
        await http.post(path, json=change, headers=AUTHORIZED)
        await http.post(path, json=MANAGING, headers={"authorization": "Bearer wrong"})
    assert [(line["what"], line["status"] < 500) for line in lines(audit)] == [
        (f"POST {path}", False), (f"POST {path}", True),
    ]  # fmt: skip
