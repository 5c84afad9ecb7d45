"""The routes, in memory: what older tools rely on, one error body, the same headers everywhere."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from polytape.gateway.app import create_app
from polytape.gateway.service import Desk
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire import arrow

ARROW = "application/vnd.apache.arrow.stream"
WEEK = {"symbol": "AAPL", "timeframe": "1day", "start_date": "2024-07-01", "end_date": "2024-07-05"}


@pytest.fixture
def desk(make_desk: Callable[[object], Desk], synthetic: Synthetic) -> Desk:
    return make_desk(synthetic)


@pytest.fixture
async def http(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=create_app(desk))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client
    desk.close()


async def test_bars_as_older_tools_read_them(http: httpx2.AsyncClient) -> None:
    answer = await http.post(
        "/api/v1/bars",
        json=WEEK | {"use_cache": True, "validate": False, "unknown": {"x": 1}},
        headers={"X-API-Key": "anything", "Authorization": "Bearer whatever"},
    )
    told = answer.json()
    assert answer.status_code == 200
    assert set(told) == {"data", "metadata"}
    stamps = [row["timestamp"] for row in told["data"]]
    assert stamps == ["2024-07-01T04:00:00Z", "2024-07-02T04:00:00Z", "2024-07-03T04:00:00Z",
                      "2024-07-05T04:00:00Z"]  # fmt: skip
    assert set(told["data"][0]) == {"timestamp", "open", "high", "low", "close", "volume", "vwap",
                                    "transactions"}  # fmt: skip
    assert (
        told["metadata"] | {"count": 4, "source": "synthetic", "made_up": True} == told["metadata"]
    )
    assert told["metadata"]["complete_through"] == "2024-07-06T04:00:00Z"


async def test_get_says_the_same_as_post(http: httpx2.AsyncClient) -> None:
    posted = await http.post("/api/v1/bars", json=WEEK | {"limit": 2})
    got = await http.get("/api/v1/bars", params=WEEK | {"limit": "2"})
    assert got.content == posted.content
    assert len(got.json()["data"]) == 2


async def test_arrow_is_given_to_those_who_ask_for_it(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/v1/bars", json=WEEK, headers={"Accept": f"{ARROW}, */*;q=0.1"})
    assert answer.headers["content-type"] == ARROW
    bars, metadata = arrow.decode(answer.content)
    assert len(bars) == 4
    assert metadata is not None
    assert metadata.symbol == "AAPL"


@pytest.mark.parametrize("timeframe", ["5min", "15min", "1day", "1min", "1hour", "1week", "1month"])
async def test_dates_may_be_missing(http: httpx2.AsyncClient, timeframe: str) -> None:
    answer = await http.post("/api/v1/bars", json={"symbol": "AAPL", "timeframe": timeframe})
    rows = answer.json()["data"]
    assert rows or timeframe == "1month"
    assert all("2026-10-24" <= row["timestamp"] <= "2026-11-23T15:00:00Z" for row in rows)


async def test_a_range_without_bars_is_an_empty_answer(http: httpx2.AsyncClient) -> None:
    answer = await http.post(
        "/api/v1/bars", json=WEEK | {"start_date": "2024-07-06", "end_date": "2024-07-07"}
    )
    assert (answer.status_code, answer.json()["data"]) == (200, [])
    future = await http.post(
        "/api/v1/bars", json=WEEK | {"start_date": "2027-07-06", "end_date": "2027-07-07"}
    )
    assert future.json()["data"] == []


async def test_a_report_comes_with_the_answer(http: httpx2.AsyncClient) -> None:
    asked = WEEK | {"validate": True, "timeframe": "1min", "end_date": "2024-07-01"}
    told = (await http.post("/api/v1/bars", json=asked, headers={"Accept": ARROW})).json()
    assert told["validation"] == {"sound": True, "bars": len(told["data"]), "missing": 0,
                                  "counts": {}, "findings": [], "gaps": []}  # fmt: skip


async def test_a_batch_has_one_answer_each_and_errors_inside(http: httpx2.AsyncClient) -> None:
    requests = [WEEK, WEEK | {"symbol": "ZZZZZZ"}, WEEK | {"timeframe": "x"}, WEEK | {"limit": 1}]
    told = (await http.post("/api/v1/bars/batch", json={"requests": requests})).json()["answers"]
    assert [len(a.get("data") or []) for a in told] == [4, 0, 0, 1]
    assert [a.get("error", {}).get("status") for a in told] == [None, 404, 400, None]
    assert told[2]["error"]["param"] == "timeframe"
    many = await http.post("/api/v1/bars/batch", json={"requests": [WEEK] * 1_001})
    assert (many.status_code, many.json()["param"]) == (400, "requests")


async def test_a_batch_too_large_for_one_answer_says_so(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polytape.gateway.api.routes.MOST_BATCH_BARS", 9)
    told = (await http.post("/api/v1/bars/batch", json={"requests": [WEEK] * 3})).json()["answers"]
    assert sorted("error" in a for a in told) == [False, False, True]


async def test_symbols_latest_search_cache_and_limit(http: httpx2.AsyncClient) -> None:
    asked = {"symbols": ["AAPL", "nope", "aapl"]}
    assert (await http.post("/api/v1/validate", json=asked)).json() == {
        "AAPL": {"valid": True}, "nope": {"valid": False}, "aapl": {"valid": True}
    }  # fmt: skip
    detailed = (await http.post("/api/v1/validate", json=asked | {"detailed": True})).json()
    assert detailed["AAPL"]["name"] == "Apple Inc."
    latest = (await http.get("/api/v1/latest/AAPL")).json()
    assert latest["symbol"] == "AAPL"
    assert latest["timestamp"] == "2026-11-23T14:59:00Z"
    found = (await http.get("/api/v1/search", params={"query": "apple"})).json()
    assert found["count"] == len(found["results"]) >= 1
    assert found["results"][0] == {"ticker": "AAPL", "symbol": "AAPL", "name": "Apple Inc.",
                                   "type": "CS", "exchange": "XNAS", "active": True}  # fmt: skip
    await http.post("/api/v1/bars", json=WEEK)
    assert (await http.delete("/api/v1/cache", params={"symbol": "SPY"})).json() == {"cleared": 0}
    assert (await http.delete("/api/v1/cache")).json() == {"cleared": 1}
    limit = (await http.get("/api/v1/rate-limit")).json()
    assert limit == {"limit": 100, "remaining": 100, "reset_at": "2026-11-23T15:00:00.000Z",
                     "window_seconds": 1.0, "used": 0}  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({}, "symbol"), ({"symbol": "AAPL"}, "timeframe"), (WEEK | {"symbol": "a b"}, "symbol"),
        (WEEK | {"timeframe": "7min"}, "timeframe"), (WEEK | {"limit": 0}, "limit"),
        (WEEK | {"limit": "x"}, "limit"), (WEEK | {"start_date": "soon"}, "start_date"),
        (WEEK | {"end_date": "2020-01-01"}, "end_date"), (WEEK | {"start_date": 5}, "start_date"),
        (WEEK | {"use_cache": "perhaps"}, "use_cache"), ([], "body"), (None, "body"),
    ],
)  # fmt: skip
async def test_wrong_input_is_a_400_that_names_its_parameter(
    http: httpx2.AsyncClient, asked: Any, param: str
) -> None:
    answer = await http.post("/api/v1/bars", json=asked)
    told = answer.json()
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(told) == {"type", "title", "status", "detail", "request_id", "param"}
    assert told["param"] == param
    assert told["request_id"] == answer.headers["x-request-id"]
    if isinstance(asked, dict):
        got = await http.get("/api/v1/bars", params=asked)
        if got.status_code == 400:
            assert got.json()["param"] in {param, param if asked else "timeframe"}
        else:
            assert param == "start_date"  # a number in a query is text


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"symbol":"A"', b"{}" * 2, b""])
async def test_a_body_that_is_no_json_is_a_400(http: httpx2.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    for path in ("bars", "bars/batch", "validate"):
        answer = await http.post(f"/api/v1/{path}", content=body, headers=headers)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"


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
    told = answer.json()
    assert answer.status_code == told["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == told["request_id"] == "trace-7"
    assert {"type", "title", "detail"} <= set(told)


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


async def test_head_answers_and_the_home_page_says_that_prices_are_made_up(
    http: httpx2.AsyncClient,
) -> None:
    assert (await http.head("/")).status_code == 200
    assert (await http.head("/health")).status_code == 200
    assert "<b>made up</b>" in (await http.get("/")).text


async def test_metrics_count_requests_by_route(http: httpx2.AsyncClient) -> None:
    await http.post("/api/v1/bars", json=WEEK)
    await http.get("/api/v1/latest/ZZZZZZ")
    await http.get("/wp-admin.php")
    text = (await http.get("/metrics")).text
    assert 'polytape_requests_total{route="/api/v1/bars",status="200"} 1.0' in text
    assert 'route="/api/v1/latest/{symbol}",status="404"' in text
    assert 'route="unmatched",status="404"' in text
    assert "polytape_bars_served_total 4.0" in text
    assert "wp-admin" not in text


async def test_a_hostile_request_id_is_not_echoed(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/health", headers={"X-Request-Id": "a b<script>"})
    assert len(answer.headers["x-request-id"]) == 32


async def test_a_bug_is_a_500_that_tells_nothing_but_its_request_id(
    desk: Desk, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(desk.source), "last_bar", fail)
    answer = await http.get("/api/v1/latest/AAPL")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"] in caplog.text
    assert "secret detail" in caplog.text


async def test_a_token_is_asked_for_where_one_is_set(desk: Desk) -> None:
    transport = httpx2.ASGITransport(app=create_app(desk, token="s3cret"))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as http:
        refused = await http.get("/api/v1/rate-limit")
        assert (refused.status_code, refused.json()["status"]) == (401, 401)
        assert refused.headers["x-request-id"]
        for headers in ({"Authorization": "Bearer s3cret"}, {"X-API-Key": "s3cret"}):
            assert (await http.get("/api/v1/rate-limit", headers=headers)).status_code == 200
        assert (await http.get("/health")).status_code == 200
        wrong = {"Authorization": "Bearer s3cre"}
        assert (await http.get("/status", headers=wrong)).status_code == 401


@pytest.mark.parametrize("compress", [True, False])
async def test_answers_are_compressed_only_where_asked(desk: Desk, compress: bool) -> None:
    transport = httpx2.ASGITransport(app=create_app(desk, compress=compress))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as http:
        answer = await http.get("/docs/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert ("content-encoding" in answer.headers) == compress
    assert json.loads(answer.content)["openapi"]


async def test_a_badly_typed_request_of_a_batch_fails_alone(http: httpx2.AsyncClient) -> None:
    requests = [WEEK | {"limit": "x"}, WEEK, {"timeframe": "1day"}]
    told = (await http.post("/api/v1/bars/batch", json={"requests": requests})).json()["answers"]
    assert [a.get("error", {}).get("param") for a in told] == ["limit", None, "symbol"]


async def test_a_body_nested_too_deeply_is_a_400(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/v1/bars", content=b"[" * 200_000)
    assert (answer.status_code, answer.json()["param"]) == (400, "body")


async def test_one_json_answer_is_bounded_and_arrow_is_not(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polytape.gateway.api.routes.MOST_JSON_BARS", 3)
    refused = await http.post("/api/v1/bars", json=WEEK)
    assert (refused.status_code, refused.json()["param"]) == (400, "limit")
    assert (await http.post("/api/v1/bars", json=WEEK | {"limit": 3})).status_code == 200
    answer = await http.post("/api/v1/bars", json=WEEK, headers={"Accept": ARROW})
    assert answer.status_code == 200


async def test_a_start_in_the_future_without_an_end_is_an_empty_answer(
    http: httpx2.AsyncClient,
) -> None:
    asked = {"symbol": "AAPL", "timeframe": "1day", "start_date": "2030-01-10"}
    assert (await http.post("/api/v1/bars", json=asked)).json()["data"] == []
