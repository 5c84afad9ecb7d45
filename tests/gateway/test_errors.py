"""How errors become responses: one body for all of ours, and no secret in it."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from polytape.errors import RateLimitError
from polytape.gateway.app import create_app
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.timestamps import to_datetime
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import NOW, gateway_of
from tests.gateway.conftest import speaking_to

WEEK = {"symbol": "AAPL", "timeframe": "1day", "start_date": "2024-07-01", "end_date": "2024-07-05"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nope", 404), ("GET", "/api/v1/nope", 404), ("PUT", "/api/v1/bars", 405),
     ("GET", "/api/v1/latest/ZZZZZZ", 404), ("GET", "/api/v1/latest/a%20b", 400),
     ("GET", "/api/v1/search", 400), ("GET", "/api/v1/search?query=%20", 400),
     ("DELETE", "/api/v1/cache?symbol=a%2Fb", 400)],
)  # fmt: skip
async def test_one_error_body_everywhere(
    http: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await http.request(method, path, headers={"X-Request-Id": "trace-7"})
    error = answer.json()
    assert answer.status_code == error["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == error["request_id"] == "trace-7"
    assert {"type", "title", "detail"} <= set(error)


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"symbol":"A"', b"{}" * 2, b""])
async def test_a_body_that_is_no_json_is_a_400(http: httpx2.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    for path in ("bars", "bars/batch", "validate"):
        answer = await http.post(f"/api/v1/{path}", content=body, headers=headers)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_nested_too_deeply_is_a_400(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/v1/bars", content=b"[" * 200_000)
    assert (answer.status_code, answer.json()["param"]) == (400, "body")


async def test_a_bug_is_a_500_that_tells_nothing_but_its_request_id(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    class Buggy(Synthetic):
        def last_bar(self, symbol: str) -> Bars:
            raise RuntimeError("secret detail")

    gateway = gateway_of(Buggy(market, lambda: NOW).upstream(), market)
    async with speaking_to(create_app(gateway)) as http:
        answer = await http.get("/api/v1/latest/AAPL")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"] in caplog.text
    assert "secret detail" in caplog.text
    gateway.close()


async def test_a_budget_used_up_says_when_to_come_back(market: Market) -> None:
    class Spent(Synthetic):
        retry_at: datetime | None = None

        def last_bar(self, symbol: str) -> Bars:
            raise RateLimitError("the request budget is used up", retry_at=self.retry_at)

    source = Spent(market, lambda: NOW)
    gateway = gateway_of(source.upstream(), market)
    async with speaking_to(create_app(gateway)) as http:
        answer = await http.get("/api/v1/latest/AAPL")
        assert (answer.status_code, "retry-after" in answer.headers) == (429, False)
        # By the machine's clock of the gateway, which is an argument.
        source.retry_at = to_datetime(NOW) + timedelta(days=1)
        assert (await http.get("/api/v1/latest/AAPL")).headers["retry-after"] == "86400"
        source.retry_at = datetime(2020, 1, 1, tzinfo=UTC)
        assert (await http.get("/api/v1/latest/AAPL")).headers["retry-after"] == "1"
    gateway.close()
