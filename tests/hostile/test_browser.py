"""A browser on the owner's machine, with a page of another site in it: against a gateway as
`polytape serve` puts it together, on the loopback and without a token of the settings.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.cli.wiring import make_app
from polytape.gateway.gateway import Gateway
from polytape.model.market import Market
from polytape.net.owner_token import owner_token
from polytape.net.storage import open_storage
from polytape.settings import Settings
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from tests.conftest import MARKET, NOW
from tests.gateway.conftest import speaking_to
from tests.gateway.scripted import Scripted

BACKFILL = ("/api/v1/history/backfill", {"symbols": ["X"], "start_date": "2024-07-01"})
CHANGES: list[tuple[str, str, Any]] = [
    ("POST", *BACKFILL),
    ("POST", "/api/v1/history/repair", {"symbols": ["X"]}),
    ("POST", "/api/v1/history/compact", None),
    ("POST", "/api/v1/clock", {"action": "pause"}),
    ("POST", "/api/v1/session/code", None),
    ("DELETE", "/api/v1/history?symbol=X", None),
    ("DELETE", "/api/v1/jobs/1", None),
]
SPENDING = [
    "/api/v1/bars?symbol=X&timeframe=1day&start_date=2024-07-01&end_date=2024-07-05",
    "/v2/aggs/ticker/X/range/1/day/2024-07-01/2024-07-05",
    "/api/v1/latest/X",
    "/api/v1/history/export?symbol=X",
]
# What a page can make a browser send without its asking first, in its several disguises.
SIMPLE = [
    {"content-type": media, **site}
    for media in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    )
    for site in (
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "null"},
        {"origin": "http://localhost:3000", "sec-fetch-site": "same-site"},
        {},  # an old browser, or a form of a page without an origin
    )
]


@pytest.fixture
def source() -> Scripted:
    return Scripted(leave=True)


@pytest.fixture
def gateway(source: Scripted, market: Market) -> Iterator[Gateway]:
    store = SegmentStore(open_storage("memory"), "scripted", MARKET)
    made = Gateway(source.upstream(), market, lambda: NOW, Budget.of(100, 1.0), store)
    yield made
    made.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(access_folder=tmp_path)


@pytest.fixture
async def http(gateway: Gateway, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with speaking_to(make_app(settings, gateway)) as client:
        yield client


async def sent(http: httpx2.AsyncClient, method: str, path: str, body: Any, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await http.request(method, path, json=body, headers=named)).status_code


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_a_foreign_page_changes_nothing(
    http: httpx2.AsyncClient, source: Scripted, method: str, path: str, body: Any
) -> None:
    """Whatever it calls its body, wherever it comes from."""
    for headers in SIMPLE:
        answer = await http.request(method, path, json=body, headers=headers)
        assert answer.status_code in (401, 403, 415)
    json = {"origin": "https://evil.example", "content-type": "application/json"}
    assert (await http.request(method, path, json=body, headers=json)).status_code == 403
    assert source.queries == []


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_a_program_without_the_owners_token_changes_nothing_either(
    http: httpx2.AsyncClient, settings: Settings, method: str, path: str, body: Any
) -> None:
    """Nor one with a key of the vendor's; with the token all goes on."""
    headers = {"content-type": "application/json"}
    for token in ({}, {"authorization": "Bearer polygon-key"}, {"x-api-key": "polygon-key"}):
        assert (
            await http.request(method, path, json=body, headers=headers | token)
        ).status_code == 401
    assert settings.access_folder is not None
    token = {"authorization": f"Bearer {owner_token(settings.access_folder)}"}
    answer = await http.request(method, path, json=body, headers=headers | token)
    assert answer.status_code in (200, 202, 404, 409)  # no such job; nobody turns the wall's time


@pytest.mark.parametrize("path", SPENDING)
async def test_a_foreign_page_spends_nothing_and_reads_nothing(
    http: httpx2.AsyncClient, source: Scripted, path: str
) -> None:
    """An image, a script, a fetch: the browser says that another site asks."""
    for site in ("cross-site", "same-site"):
        assert await sent(http, "GET", path, None, sec_fetch_site=site) == 403
        hidden = await http.get(
            path, headers={"sec-fetch-site": site, "origin": "https://evil.example"}
        )
        assert "access-control-allow-origin" not in hidden.headers
    assert source.queries == []


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:8200"]
)
async def test_a_name_that_was_rebound_deletes_nothing(
    http: httpx2.AsyncClient, settings: Settings, host: str
) -> None:
    """Not even with the owner's token: its page is same-origin to itself."""
    assert settings.access_folder is not None
    token = f"Bearer {owner_token(settings.access_folder)}"
    for method, path, body in (*CHANGES, *(("GET", path, None) for path in SPENDING)):
        headers = {
            "origin": f"http://{host}",
            "sec-fetch-site": "same-origin",
            "authorization": token,
        }
        assert await sent(http, method, path, body, host=host, **headers) == 421


async def test_what_the_older_tools_send_goes_on_unmodified(http: httpx2.AsyncClient) -> None:
    """Without a token, or with one that is the vendor's."""
    span = {
        "symbol": "X",
        "timeframe": "1day",
        "start_date": "2024-07-01",
        "end_date": "2024-07-05",
    }
    for headers in ({}, {"authorization": "Bearer polygon-key"}, {"x-api-key": "polygon-key"}):
        for method, path, body in (
            ("POST", "/api/v1/bars", span), ("GET", SPENDING[0], None), ("GET", SPENDING[1], None),
            ("POST", "/api/v1/validate", {"symbols": ["X"]}), ("GET", "/api/v1/search?query=X", None),
            ("GET", "/api/v1/rate-limit", None), ("DELETE", "/api/v1/cache?symbol=X", None),
            ("POST", "/api/v1/scan", {"symbol": "X", "as_of": "2024-07-05T20:00:00Z"}),
            ("POST", "/api/v1/engines/camarilla", {"symbol": "X", "as_of": "2024-07-05T20:00:00Z"}),
        ):  # fmt: skip
            status = (await http.request(method, path, json=body, headers=headers)).status_code
            assert status in (200, 404), (method, path)  # an engine may find no price


PARTS = ("api", "v1", "history", "compact")


@given(st.lists(st.sampled_from(["/", "//", "///", "/./", "/%2f", "/../"]), min_size=4, max_size=4),
       st.sampled_from(["", "/", "//", "/.", "?", "?x=/", "%20", ";"]))  # fmt: skip
async def test_no_way_of_writing_a_path_gets_past(
    shared_make_app: Any, slashes: list[str], end: str
) -> None:
    """The framework finds a route by what it makes of a path: so is a role."""
    path = "".join(slash + part for slash, part in zip(slashes, PARTS, strict=True)) + end
    async with speaking_to(shared_make_app) as http:
        json = {"content-type": "application/json"}
        assert (await http.post(path, headers=json)).status_code in (401, 404, 405)
        assert (await http.post(path)).status_code in (401, 404, 405, 415)


@pytest.fixture(scope="module")
def shared_make_app(tmp_path_factory: pytest.TempPathFactory, market: Market) -> Iterator[Any]:
    store = SegmentStore(open_storage("memory"), "scripted", MARKET)
    source = Scripted(leave=True).upstream()
    made = Gateway(source, market, lambda: NOW, Budget.of(100, 1.0), store)
    yield make_app(Settings(access_folder=tmp_path_factory.mktemp("access")), made)
    made.close()


async def test_the_owners_token_is_made_once_and_said(
    gateway: Gateway, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second gateway of the same user has the same one, and says nothing."""
    make_app(settings, gateway)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"The owner's token is new, in {settings.access_folder}/owner.token" in said
    assert settings.access_folder is not None
    token = owner_token(settings.access_folder)
    assert token is not None
    assert token not in said
    make_app(replace_port(settings), gateway)
    assert capsys.readouterr().err == ""
    assert owner_token(settings.access_folder) == token


def replace_port(settings: Settings) -> Settings:
    """The settings of another gateway of the same user."""
    return Settings(access_folder=settings.access_folder, port=settings.port + 1)
