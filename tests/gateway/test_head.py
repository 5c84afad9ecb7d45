"""HEAD on every GET route: the answer without its body."""

import http.client
from urllib.parse import urlsplit

import httpx2
import pytest

from polytape.gateway.head import answering_head

BARS = "/api/v1/bars?symbol=AAPL&timeframe=1day&start_date=2024-07-01&end_date=2024-07-05"
PATHS = [
    "/", "/health", "/ready", "/status", "/metrics", "/docs/openapi.json", BARS,
    "/api/v1/rate-limit", "/api/v1/search?query=apple", "/api/v1/latest/AAPL", "/api/v1/clock",
    "/v2/aggs/ticker/AAPL/range/1/day/2024-07-01/2024-07-05", "/nowhere", "/api/v1/latest/%20",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_head_is_get_without_the_body(http: httpx2.AsyncClient, path: str) -> None:
    """The same status and kind of answer, also where that is an error."""
    get, head = await http.get(path), await http.head(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    lengths = head.headers.get("content-length"), get.headers.get("content-length")
    assert (lengths[0] is None) == (lengths[1] is None)
    assert int(lengths[0] or 1) > 0
    assert "ratelimit-limit" in head.headers


async def test_where_there_is_no_get_there_is_no_head(http: httpx2.AsyncClient) -> None:
    """A route that only takes a POST says so."""
    answer = await http.head("/api/v1/validate")
    assert (answer.status_code, answer.content) == (405, b"")


async def test_a_head_is_counted_with_its_route(fresh_http: httpx2.AsyncClient) -> None:
    """Not among the requests that no route was found for."""
    await fresh_http.head("/api/v1/latest/AAPL")
    text = (await fresh_http.get("/metrics")).text
    assert 'polytape_requests_total{route="/api/v1/latest/{symbol}",status="200"} 1.0' in text


async def test_the_server_sees_the_method_that_was_sent() -> None:
    """uvicorn decides by it whether a body may follow."""
    seen = []

    async def app(scope: object, receive: object, send: object) -> None:
        seen.append(scope["method"])  # type: ignore[index]

    scope = {"type": "http", "method": "HEAD"}
    await answering_head(app)(scope, None, None)  # type: ignore[arg-type]
    assert (seen, scope["method"]) == (["GET"], "HEAD")


@pytest.mark.socket
def test_a_connection_goes_on_after_a_head(gateway: str) -> None:
    """No byte of a body stands before the next answer."""
    connection = http.client.HTTPConnection(urlsplit(gateway).netloc, timeout=10)
    for method in ("HEAD", "GET", "HEAD", "GET"):
        connection.request(method, "/metrics")
        answer = connection.getresponse()
        assert (answer.status, answer.read() == b"") == (200, method == "HEAD")
    connection.close()
