"""What every answer has, whatever its route: a request id, the budget, a count. Plain ASGI."""

import asyncio
import hmac
import logging
import math
import re
import time
import uuid
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from polytape.gateway.service import Desk
from polytape.wire.api.messages import JSON, Problem
from polytape.wire.api.problems import PROBLEM_JSON, problem
from polytape.wire.polygon.errors import refused

log = logging.getLogger("polytape.gateway")

OPEN_PATHS = frozenset({"/health"})
VENDOR_PREFIXES = ("/v1/", "/v2/", "/v3/", "/vX/", "/stocks/")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{1,64}")


class Middleware:
    """Wraps the application. `token`, where set, is asked of every request but `/health`."""

    def __init__(self, app: ASGIApp, desk: Desk, token: str | None) -> None:
        self._app = app
        self._desk = desk
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        asked = headers.get(b"x-request-id", b"")
        request_id = asked.decode() if _REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        status = int(HTTPStatus.INTERNAL_SERVER_ERROR)
        started = False

        async def told(message: Message) -> None:
            nonlocal status, started
            started = True
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *self._headers(request_id)]
            await send(message)

        try:
            if self._admitted(scope, headers):
                await self._app(scope, receive, told)
            else:
                await _refuse(told, scope["path"], request_id, HTTPStatus.UNAUTHORIZED)
        except asyncio.CancelledError:
            # The grace of a shutdown is over: say so while the connection still stands.
            if started:
                raise
            await _refuse(told, scope["path"], request_id, HTTPStatus.SERVICE_UNAVAILABLE)
        finally:
            self._count(scope, status, time.perf_counter() - began, request_id)

    def _headers(self, request_id: str) -> list[tuple[bytes, bytes]]:
        state = self._desk.budget_state()
        return [
            (b"x-request-id", request_id.encode()),
            (b"ratelimit-limit", b"%d" % state.limit),
            (b"ratelimit-remaining", b"%d" % state.remaining),
            (b"ratelimit-reset", b"%d" % math.ceil(state.reset_s)),
        ]

    def _admitted(self, scope: Any, headers: dict[bytes, bytes]) -> bool:
        if self._token is None or scope["path"] in OPEN_PATHS:
            return True
        bearer = headers.get(b"authorization", b"").removeprefix(b"Bearer ")
        wanted = self._token.encode()
        # The vendor's clients may send their key in the query, too.
        asked = parse_qs(scope.get("query_string", b""))
        in_query = asked.get(b"apiKey", [b""])[0] if is_vendors(scope["path"]) else b""
        offered = (bearer, headers.get(b"x-api-key", b""), in_query)
        return any(hmac.compare_digest(given, wanted) for given in offered)

    def _count(self, scope: Any, status: int, seconds: float, request_id: str) -> None:
        route = scope.get("path_template") or "unmatched"
        self._desk.metrics.requests.labels(route, str(status)).inc()
        self._desk.metrics.seconds.labels(route).observe(seconds)
        log.info(
            "%s %s %d %.1f ms %s", scope["method"], scope["path"], status, seconds * 1e3, request_id
        )


_REFUSALS = {
    HTTPStatus.UNAUTHORIZED: (
        "not-authorized",
        "this gateway asks for its access token: Authorization: Bearer TOKEN",
        (b"www-authenticate", b'Bearer realm="polytape"'),
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "stopping",
        "the gateway is shutting down",
        (b"retry-after", b"5"),
    ),
}


def is_vendors(path: str) -> bool:
    """Whether a path is of the vendor's dialect."""
    return path.startswith(VENDOR_PREFIXES)


def say(path: str, told: Problem) -> tuple[bytes, str]:
    """An error's body and media type: in the vendor's dialect on its paths, else our own."""
    if is_vendors(path):
        body = refused(told.status, told.detail, told.request_id)
        return msgspec.json.encode(body), JSON
    return msgspec.json.encode(told), PROBLEM_JSON


async def _refuse(send: Send, path: str, request_id: str, status: HTTPStatus) -> None:
    name, detail, header = _REFUSALS[status]
    told = problem(status, detail, name=name, request_id=request_id)
    body, kind = say(path, told)
    start: Message = {
        "type": "http.response.start",
        "status": int(status),
        "headers": [(b"content-type", kind.encode()), header],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})
