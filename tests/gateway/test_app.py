"""The application as a whole: one error body, the same headers everywhere, pages without elsewhere."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest
from litestar.plugins.core import MsgspecDIPlugin

from polytape.errors import ConfigurationError
from polytape.gateway.app import ASSETS, Application, create_app
from polytape.gateway.gateway import Gateway
from tests.gateway.conftest import speaking_to

WEEK = {"symbol": "AAPL", "timeframe": "1day", "start_date": "2024-07-01", "end_date": "2024-07-05"}


class Links(HTMLParser):
    """Every address that a page loads something from or leads to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [value for name, value in attrs if name in ("src", "href") and value]


async def test_the_docs_page_loads_its_own_assets_and_names_no_other_host(
    http: httpx2.AsyncClient,
) -> None:
    page = await http.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", page.text) == []
    loaded = Links(page.text).loaded
    assets = [url for url in loaded if url.startswith(ASSETS)]
    kinds = {url.rsplit(".", 1)[1]: url for url in assets}
    assert set(kinds) == {"js", "css"}
    assert [url for url in loaded if url not in assets] == ["data:,"]
    types = {"js": "javascript", "css": "text/css"}
    for url in assets:
        answer = await http.get(url)
        assert (answer.status_code, len(answer.content) > 1_000) == (200, True)
        assert types[url.rsplit(".", 1)[1]] in answer.headers["content-type"]


async def test_assets_are_of_one_folder_and_no_other(http: httpx2.AsyncClient) -> None:
    for path in ("nope.js", "../__init__.py", "%2e%2e/__init__.py", "..%2f..%2f..%2fetc/passwd"):
        answer = await http.get(f"{ASSETS}/{path}")
        assert answer.status_code in (400, 404)
        assert "import" not in answer.text


async def test_the_description_is_at_hand_and_names_the_version(http: httpx2.AsyncClient) -> None:
    described = (await http.get("/docs/openapi.json")).json()
    assert described["info"]["title"] == "polytape gateway"
    assert "/api/v1/bars" in described["paths"]
    assert not any(path.startswith(("/docs", "/v2", "/metrics")) for path in described["paths"])


@pytest.mark.parametrize("path", ["/", "/health", "/status", "/docs", "/docs/openapi.json", "/metrics",
                                  "/api/v1/rate-limit"])  # fmt: skip
async def test_pages_answer_with_the_same_headers(http: httpx2.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 200
    assert answer.headers["ratelimit-limit"] == "100"
    assert answer.headers["ratelimit-remaining"] == "100"
    assert answer.headers["ratelimit-reset"] == "0"
    assert len(answer.headers["x-request-id"]) == 32
    assert "http://" not in answer.text.replace("http://www.w3.org", "")
    assert "https://" not in answer.text


async def test_a_hostile_request_id_is_not_echoed(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/health", headers={"X-Request-Id": "a b<script>"})
    assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize("token", ["", " ", "\t"])
def test_an_empty_token_is_refused(synthetic_gateway: Gateway, token: str) -> None:
    with pytest.raises(ConfigurationError, match="the access token is empty"):
        create_app(synthetic_gateway, token=token)


@pytest.mark.parametrize("compress", [True, False])
async def test_answers_are_compressed_only_where_wanted(
    synthetic_gateway: Gateway, compress: bool
) -> None:
    async with speaking_to(create_app(synthetic_gateway, compress=compress)) as http:
        answer = await http.get("/docs/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert ("content-encoding" in answer.headers) == compress
    assert json.loads(answer.content)["openapi"]


async def test_head_answers_and_the_home_page_says_that_prices_are_made_up(
    http: httpx2.AsyncClient,
) -> None:
    assert (await http.head("/")).status_code == 200
    assert (await http.head("/health")).status_code == 200
    page = (await http.get("/")).text
    assert "<b>made up</b>" in page
    links: Any = Links(page).loaded
    for link in links:
        if link.startswith("/"):
            assert (await http.get(link)).status_code == 200


def test_the_application_loads_no_library_that_it_does_not_use() -> None:
    """Where pydantic or attrs are installed, as they are here, the gateway starts no later for it."""
    plugins = Application([]).plugins
    assert any(isinstance(one, MsgspecDIPlugin) for one in plugins)
    assert not any("pydantic" in type(one).__module__ for one in plugins)
