"""What every answer has, whatever its route: admission, a request id, the budget, a count."""

import asyncio
from http import HTTPStatus
from typing import Any

import httpx2
import msgspec
import pytest

from polytape.gateway.admission import Admission, simple_admission
from polytape.gateway.app import create_app
from polytape.gateway.browser_guard import BrowserGuard
from polytape.gateway.dialects.registry import DIALECTS
from polytape.gateway.gateway import Gateway
from polytape.gateway.middleware import SECURITY, Middleware, error_body
from polytape.wire.api.media import PROBLEM_JSON
from polytape.wire.api.problems import problem
from tests.gateway.conftest import speaking_to

TOKEN = "s3cret"


class Inner:
    """An application that notes what reaches it, and answers 204."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        elif scope["type"] == "websocket":
            await send({"type": "websocket.accept"})


def make_scope(
    kind: str, path: str = "/", headers: dict[str, str] | None = None, query: bytes = b""
) -> Any:
    named = {"host": "localhost"} | (headers or {})
    pairs = [(name.encode(), value.encode()) for name, value in named.items()]
    return {"type": kind, "path": path, "query_string": query, "headers": pairs, "method": "GET"}


async def sent(app: Any, scope: Any) -> list[Any]:
    """What an application sends on a scope. Nothing is ever received."""
    messages: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("nobody reads")

    async def send(message: Any) -> None:
        messages.append(message)

    await app(scope, receive, send)
    return messages


def wrapped(gateway: Gateway, token: str | None = TOKEN) -> tuple[Inner, Middleware]:
    inner = Inner()
    return inner, Middleware(inner, gateway, admission(token), DIALECTS)


def admission(token: str | None = None) -> Admission:
    return simple_admission(token, BrowserGuard(), DIALECTS)


@pytest.mark.parametrize("path", ["/", "/api/v1/stream", "/docs", "/v2/stream"])
@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {TOKEN}"},
     {"x-api-key": "s3cre"}, {"cookie": TOKEN}],
)  # fmt: skip
async def test_a_websocket_without_the_token_is_closed_before_the_application_sees_it(
    synthetic_gateway: Gateway, path: str, headers: dict[str, str]
) -> None:
    inner, app = wrapped(synthetic_gateway)
    (close,) = await sent(app, make_scope("websocket", path, headers))
    assert (close["type"], close["code"]) == ("websocket.close", 1008)
    assert "access token" in str(close["reason"])
    assert TOKEN not in str(close)
    assert inner.scopes == []


async def test_a_websocket_with_the_token_passes(synthetic_gateway: Gateway) -> None:
    inner, app = wrapped(synthetic_gateway)
    for headers in ({"authorization": f"Bearer {TOKEN}"}, {"x-api-key": TOKEN}):
        (accept,) = await sent(app, make_scope("websocket", "/stream", headers))
        assert accept["type"] == "websocket.accept"
    # The vendor's clients send their key in the query; on our own paths it would end up in logs.
    key = f"apiKey={TOKEN}".encode()
    assert (await sent(app, make_scope("websocket", "/v2/stream", query=key)))[0]["type"] == (
        "websocket.accept"
    )
    assert (await sent(app, make_scope("websocket", "/api/v1/stream", query=key)))[0]["type"] == (
        "websocket.close"
    )
    assert len(inner.scopes) == 3
    open_inner, open_app = wrapped(synthetic_gateway, token=None)
    await sent(open_app, make_scope("websocket", "/stream"))
    assert len(open_inner.scopes) == 1


async def test_the_applications_own_start_and_end_pass(synthetic_gateway: Gateway) -> None:
    inner, app = wrapped(synthetic_gateway)
    scope = {"type": "lifespan"}
    assert await sent(app, scope) == []
    assert inner.scopes == [scope]


async def test_the_whole_application_starts_and_ends_behind_a_token(
    synthetic_gateway: Gateway,
) -> None:
    app: Any = create_app(synthetic_gateway, token=TOKEN)
    events: list[Any] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    messages: list[Any] = []

    async def receive() -> Any:
        return events.pop(0)

    async def send(message: Any) -> None:
        messages.append(message["type"])

    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    assert messages == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    with pytest.raises(RuntimeError):  # the gateway's threads ended with it
        await synthetic_gateway.workers.work(lambda: 1)


async def test_every_answer_has_the_budget_and_a_request_id(synthetic_gateway: Gateway) -> None:
    inner, app = wrapped(synthetic_gateway, token=None)
    start, _ = await sent(app, make_scope("http", headers={"x-request-id": "trace-7"}))
    headers = dict(start["headers"])
    assert headers == dict(SECURITY) | {
        b"x-request-id": b"trace-7",
        b"ratelimit-limit": b"100",
        b"ratelimit-remaining": b"100",
        b"ratelimit-reset": b"0",
        b"x-polytape-made-up": b"true",
    }
    assert inner.scopes[0]["state"]["request_id"] == "trace-7"


@pytest.mark.parametrize("offered", ["", "a b", "<script>", "x" * 65, "a\nb", "é"])
async def test_a_request_id_that_is_none_is_replaced(
    synthetic_gateway: Gateway, offered: str
) -> None:
    _, app = wrapped(synthetic_gateway, token=None)
    start, _ = await sent(app, make_scope("http", headers={"x-request-id": offered}))
    request_id = dict(start["headers"])[b"x-request-id"]
    assert len(request_id) == 32
    assert request_id.isalnum()


async def test_a_refusal_is_counted_and_is_in_the_paths_own_words(
    synthetic_gateway: Gateway,
) -> None:
    inner, app = wrapped(synthetic_gateway)
    start, body = await sent(app, make_scope("http", "/status"))
    headers = dict(start["headers"])
    assert start["status"] == 401
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"www-authenticate"] == b'Bearer realm="polytape"'
    refusal = msgspec.json.decode(body["body"])
    assert (refusal["status"], refusal["request_id"]) == (
        401, headers[b"x-request-id"].decode()
    )  # fmt: skip
    start, body = await sent(app, make_scope("http", "/v2/aggs"))
    assert dict(start["headers"])[b"content-type"] == b"application/json"
    assert msgspec.json.decode(body["body"])["status"] == "ERROR"
    assert inner.scopes == []
    assert synthetic_gateway.metrics.total("polytape_requests") == 2
    # Who asks whether it is alive needs no token.
    assert (await sent(app, make_scope("http", "/health")))[0]["status"] == 204


async def test_a_request_that_outlasts_the_shutdown_is_told(synthetic_gateway: Gateway) -> None:
    reached = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    app = Middleware(slow, synthetic_gateway, admission(), DIALECTS)
    task = asyncio.ensure_future(sent(app, make_scope("http", "/status")))
    await reached.wait()
    task.cancel()
    start, body = await task
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"5"
    assert b"shutting down" in body["body"]


async def test_an_answer_under_way_is_not_begun_again(synthetic_gateway: Gateway) -> None:
    reached = asyncio.Event()

    async def stuck(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        reached.set()
        await asyncio.Event().wait()

    app = Middleware(stuck, synthetic_gateway, admission(), DIALECTS)
    task = asyncio.ensure_future(sent(app, make_scope("http", "/status")))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    text = synthetic_gateway.render_metrics().decode()
    assert 'polytape_requests_total{route="unmatched",status="200"} 1.0' in text


async def test_a_token_is_asked_for_where_one_is_set(synthetic_gateway: Gateway) -> None:
    async with speaking_to(create_app(synthetic_gateway, token=TOKEN)) as http:
        refused = await http.get("/api/v1/rate-limit")
        assert (refused.status_code, refused.json()["status"]) == (401, 401)
        assert refused.headers["x-request-id"]
        for headers in ({"Authorization": f"Bearer {TOKEN}"}, {"X-API-Key": TOKEN}):
            assert (await http.get("/api/v1/rate-limit", headers=headers)).status_code == 200
        assert (await http.get("/health")).status_code == 200
        wrong = {"Authorization": "Bearer s3cre"}
        for path in ("/status", "/", "/docs", "/docs/assets/swagger-ui.css", "/metrics", "/nope"):
            assert (await http.get(path, headers=wrong)).status_code == 401


async def test_metrics_count_requests_by_route(fresh_http: httpx2.AsyncClient) -> None:
    week = {"symbol": "AAPL", "timeframe": "1day", "start_date": "2024-07-01",
            "end_date": "2024-07-05"}  # fmt: skip
    await fresh_http.post("/api/v1/bars", json=week)
    await fresh_http.get("/api/v1/latest/ZZZZZZ")
    await fresh_http.get("/wp-admin.php")
    text = (await fresh_http.get("/metrics")).text
    assert 'polytape_requests_total{route="/api/v1/bars",status="200"} 1.0' in text
    assert 'route="/api/v1/latest/{symbol}",status="404"' in text
    assert 'route="unmatched",status="404"' in text
    assert "polytape_bars_served_total 4.0" in text
    assert "wp-admin" not in text


def test_an_error_is_written_as_its_path_writes_errors() -> None:
    error = problem(HTTPStatus.NOT_FOUND, "there is no such thing", request_id="r")
    body, media_type = error_body("/api/v1/bars", error, DIALECTS)
    assert media_type == PROBLEM_JSON
    assert msgspec.json.decode(body)["detail"] == "there is no such thing"
    body, media_type = error_body("/v3/reference/tickers/X", error, DIALECTS)
    assert media_type == "application/json"
    assert msgspec.json.decode(body) == {
        "status": "NOT_FOUND", "request_id": "r", "message": "there is no such thing"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "headers", "status", "named"),
    [
        ("GET", {"host": "evil.example"}, 421, "misdirected"),
        ("GET", {"sec-fetch-site": "cross-site"}, 403, "foreign-page"),
        ("POST", {"origin": "https://evil.example"}, 403, "foreign-page"),
        ("POST", {"content-type": "text/plain"}, 415, "no-json"),
    ],
)
async def test_a_browser_is_no_friend(
    synthetic_gateway: Gateway, method: str, headers: dict[str, str], status: int, named: str
) -> None:
    """What a foreign page sends reaches nothing, with or without a token."""
    inner, app = wrapped(synthetic_gateway, None)
    scope = make_scope("http", "/api/v1/history/compact", headers) | {"method": method}
    start, body = await sent(app, scope)
    assert start["status"] == status
    assert named in body["body"].decode()
    assert inner.scopes == []


async def test_a_rebound_name_opens_no_socket(synthetic_gateway: Gateway) -> None:
    """Whatever its origin."""
    inner, app = wrapped(synthetic_gateway, None)
    (close,) = await sent(app, make_scope("websocket", "/stocks", {"host": "evil.example"}))
    assert (close["type"], close["code"]) == ("websocket.close", 1008)
    assert inner.scopes == []


async def test_every_answer_keeps_browsers_from_guessing_and_framing(
    synthetic_gateway: Gateway,
) -> None:
    """Pages are in no frame, and types are what they are said to be."""
    _, app = wrapped(synthetic_gateway, None)
    start, _ = await sent(app, make_scope("http", "/health"))
    headers = dict(start["headers"])
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"x-frame-options"] == b"DENY"
    assert headers[b"cross-origin-resource-policy"] == b"same-origin"


async def test_a_path_makes_no_line_of_the_log(
    synthetic_gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """And the line names who asked."""
    _, app = wrapped(synthetic_gateway, None)
    caplog.set_level("INFO", "polytape.access")
    scope = make_scope("http", "/x\nERROR all is lost") | {"client": ("10.0.0.9", 1)}
    await sent(app, scope)
    (line,) = caplog.messages
    assert line.startswith("10.0.0.9 GET /x%0AERROR%20all%20is%20lost 204 ")
