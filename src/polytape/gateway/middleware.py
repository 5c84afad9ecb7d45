"""What every answer has, whatever its route: browsers and the token are checked, a request id and
the budget are in its headers, it is counted. Plain ASGI.
"""

import asyncio
import hmac
import logging
import math
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import parse_qs, quote

import msgspec
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
    WebSocketScope,
)

from polytape.gateway.browser_guard import BrowserGuard
from polytape.gateway.dialects.dialect import Dialect, ErrorBody, dialect_of
from polytape.gateway.gateway import Gateway
from polytape.wire.api.media import PROBLEM_JSON
from polytape.wire.api.problems import Problem, problem

log = logging.getLogger("polytape.gateway")

# A close frame's reason has at most 123 bytes.
MAX_REASON = 120
PRINTED = "/:@!$&'()*+,;=-._~"
# https://owasp.org/www-project-secure-headers/
SECURITY: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# The one way to say it in every protocol, the vendor's too.
MADE_UP: tuple[tuple[bytes, bytes], ...] = ((b"x-polytape-made-up", b"true"),)
OPEN_PATHS = frozenset({"/health"})
# The WebSocket close code for a policy that was not met, RFC 6455 7.4.1.
POLICY_VIOLATION = 1008
ClientScope: TypeAlias = HTTPScope | WebSocketScope
Header: TypeAlias = tuple[bytes, bytes]
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{1,64}")


@dataclass
class Exchange:
    """One HTTP request, and how far its response has come."""

    request_id: str
    began: float
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    started: bool = False


class Middleware:
    """Wraps the application. Every request but `/health`, and every WebSocket, must carry `token`,
    where it is set; one whose protocol has the key in its first message is checked there.
    """

    def __init__(
        self,
        app: ASGIApp,
        gateway: Gateway,
        token: str | None,
        dialects: Sequence[Dialect],
        guard: BrowserGuard,
    ) -> None:
        self._app = app
        self._gateway = gateway
        self._token = token
        self._dialects = dialects
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind: str = scope["type"]
        if kind == "lifespan":  # the application's own start and end
            await self._app(scope, receive, send)
        elif scope["type"] == ScopeType.HTTP:
            await self._http(scope, receive, send)
        else:
            await self._websocket(scope, receive, send)

    async def _websocket(self, scope: WebSocketScope, receive: Receive, send: Send) -> None:
        reason = self._refusal(scope)
        if reason is None:
            await self._app(scope, receive, send)
            return
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason})

    def _refusal(self, scope: WebSocketScope) -> str | None:
        """Why a WebSocket is not opened."""
        refusal = self._guard.socket_refusal(dict(scope["headers"]))
        if refusal is not None:
            return refusal.detail[:MAX_REASON]
        own_check = any(scope["path"] in dialect.key_in_message for dialect in self._dialects)
        admitted = own_check or self._admitted(scope)
        return None if admitted else _REFUSALS[HTTPStatus.UNAUTHORIZED][1]

    async def _http(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        exchange = Exchange(_request_id(scope), time.perf_counter())
        scope.setdefault("state", {})["request_id"] = exchange.request_id

        async def send_on(message: Message) -> None:
            exchange.started = True
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = [*message["headers"], *self._headers(exchange.request_id)]
            await send(message)

        try:
            refusal = self._guard.refusal(scope["method"], scope["path"], dict(scope["headers"]))
            if refusal is not None:
                await self._refuse(scope, send_on, exchange, refusal.status, refusal.detail)
            elif self._admitted(scope):
                await self._app(scope, receive, send_on)
            else:
                await self._refuse(scope, send_on, exchange, HTTPStatus.UNAUTHORIZED)
        except asyncio.CancelledError:
            # The grace of a shutdown is over: say so while the connection still stands.
            if exchange.started:
                raise
            await self._refuse(scope, send_on, exchange, HTTPStatus.SERVICE_UNAVAILABLE)
        finally:
            self._count(scope, exchange)

    def _headers(self, request_id: str) -> list[Header]:
        state = self._gateway.budget_state()
        return [
            (b"x-request-id", request_id.encode()),
            (b"ratelimit-limit", b"%d" % state.limit),
            (b"ratelimit-remaining", b"%d" % state.remaining),
            (b"ratelimit-reset", b"%d" % math.ceil(state.reset_s)),
            *SECURITY,
            *(MADE_UP if self._gateway.bars.made_up else ()),
        ]

    def _admitted(self, scope: ClientScope) -> bool:
        """Whether a request carries the token, where there is one."""
        if self._token is None or scope["path"] in OPEN_PATHS:
            return True
        headers = dict(scope["headers"])
        dialect = dialect_of(scope["path"], self._dialects)
        name = dialect.key_in_query if dialect is not None else None
        query = parse_qs(scope.get("query_string", b"")) if name is not None else {}
        offered = (
            headers.get(b"authorization", b"").removeprefix(b"Bearer "),
            headers.get(b"x-api-key", b""),
            query.get((name or "").encode(), [b""])[0],
        )
        token = self._token.encode()
        return any(hmac.compare_digest(one, token) for one in offered)

    async def _refuse(
        self,
        scope: HTTPScope,
        send: Send,
        exchange: Exchange,
        status: HTTPStatus,
        detail: str | None = None,
    ) -> None:
        name, usual, header = _REFUSALS[status]
        refused = problem(status, detail or usual, name=name, request_id=exchange.request_id)
        body, media_type = error_body(scope["path"], refused, self._dialects)
        headers = [(b"content-type", media_type.encode()), *header]
        await send({"type": "http.response.start", "status": int(status), "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _count(self, scope: HTTPScope, exchange: Exchange) -> None:
        seconds = time.perf_counter() - exchange.began
        status, identity = int(exchange.status), exchange.request_id
        route = scope.get("path_template") or "unmatched"
        self._gateway.metrics.requests.labels(route, str(status)).inc()
        self._gateway.metrics.seconds.labels(route).observe(seconds)
        # A path may have line ends in it, which would make lines of the log.
        path = quote(scope["path"], safe=PRINTED)
        client = scope.get("client") or ("-", 0)
        line = "%s %s %s %d %.1f ms %s"
        log.info(line, client[0], scope["method"], path, status, seconds * 1e3, identity)


_REFUSALS: dict[HTTPStatus, tuple[str, str, tuple[Header, ...]]] = {
    HTTPStatus.UNAUTHORIZED: (
        "not-authorized",
        "this gateway asks for its access token: Authorization: Bearer TOKEN",
        ((b"www-authenticate", b'Bearer realm="polytape"'),),
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "stopping",
        "the gateway is shutting down",
        ((b"retry-after", b"5"),),
    ),
    HTTPStatus.MISDIRECTED_REQUEST: ("misdirected", "another host", ()),
    HTTPStatus.FORBIDDEN: ("foreign-page", "a page of another site", ()),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("no-json", "a JSON body is expected", ()),
}


def _request_id(scope: HTTPScope) -> str:
    """The id that the client offers, where it is one; else a new one."""
    offered = dict(scope["headers"]).get(b"x-request-id", b"")
    return offered.decode() if _REQUEST_ID.fullmatch(offered) else uuid.uuid4().hex


def error_body(path: str, error: Problem, dialects: Sequence[Dialect]) -> ErrorBody:
    """An error's body and media type: as the path's dialect writes it, else our own."""
    dialect = dialect_of(path, dialects)
    if dialect is not None:
        return dialect.error(error)
    return msgspec.json.encode(error), PROBLEM_JSON
