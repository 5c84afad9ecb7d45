"""How a page gets its owner's rights: a code, once."""

import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import httpx2
import pytest

from polytape.gateway.admission import Admission
from polytape.gateway.app import create_app
from polytape.gateway.browser_guard import BrowserGuard
from polytape.gateway.dialects.registry import DIALECTS
from polytape.gateway.gateway import Gateway
from polytape.gateway.token_table import SESSION_S, TokenTable
from tests.gateway.conftest import speaking_to

OWNER = "o" * 43
AUTHORIZED = {"authorization": f"Bearer {OWNER}"}
CODE, SESSION = "/api/v1/session/code", "/api/v1/session"


@pytest.fixture(params=[False, True], ids=["loopback", "everywhere"])
def app(request: pytest.FixtureRequest, synthetic_gateway: Gateway) -> Any:
    table = TokenTable(None, seconds=lambda: 0.0, wall=lambda: 0.0)
    table.give(OWNER, "owner")
    admission = Admission(table, BrowserGuard(), DIALECTS, asks=request.param)
    return create_app(synthetic_gateway, admission=admission)


async def traded(http: httpx2.AsyncClient, code: str) -> httpx2.Response:
    return await http.post(SESSION, json={"code": code}, headers={"origin": "http://localhost"})


async def test_a_code_is_made_for_the_owner_and_traded_once(app: Any) -> None:
    """The token of the page then does what the owner's does; the code itself does nothing."""
    async with speaking_to(app) as http:
        assert (await http.post(CODE, json={})).status_code == 401
        made = (await http.post(CODE, json={}, headers=AUTHORIZED)).json()
        assert made["expires_in"] == 60
        answer = await traded(http, made["code"])
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert answer.json()["expires_at"] == "1970-01-01T12:00:00Z"
        assert SESSION_S == 12 * 3600
        again = await traded(http, made["code"])
        assert (again.status_code, again.json()["status"]) == (401, 401)
        assert again.headers["content-type"] == "application/problem+json"
        page = {"authorization": f"Bearer {answer.json()['token']}"}
        for token, status in ((page, 409), ({"authorization": f"Bearer {made['code']}"}, 401)):
            turned = await http.post("/api/v1/clock", json={"action": "pause"}, headers=token)
            assert turned.status_code == status  # 409: nobody turns the wall's time


async def test_codes_are_not_for_guessing(app: Any) -> None:
    """Nor is the page that asks for one another site's."""
    async with speaking_to(app) as http:
        statuses = [(await traded(http, f"guess {number}")).status_code for number in range(12)]
        assert statuses == [401] * 10 + [429] * 2
        slowed = await traded(http, "one more")
        assert int(slowed.headers["retry-after"]) > 0
        foreign = {"origin": "https://evil.example", "content-type": "application/json"}
        assert (await http.post(SESSION, json={"code": "x"}, headers=foreign)).status_code == 403
        simple = await http.post(
            SESSION, content=b'{"code": "x"}', headers={"content-type": "text/plain"}
        )
        assert simple.status_code == 415


async def test_the_page_runs_one_script_and_talks_to_nobody_else(app: Any) -> None:
    """Its code is taken out of the address, and its token is in no cookie, which every port of
    this machine would get.
    """
    async with speaking_to(app) as http:
        answer = await http.get("/open")
    policy = answer.headers["content-security-policy"]
    scripts = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert len(scripts) == 1
    assert f"'sha256-{b64encode(sha256(scripts[0].encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "history.replaceState" in scripts[0]
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert "//" not in scripts[0]
