"""What every answer has, whatever its route: its caller is admitted, a request id and the budget
are in its headers, it is counted, and what changes something is in the audit. Plain ASGI.
"""

import asyncio
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import quote

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

from polytape.gateway.admission import UNTRIED, Admission, Header, Refusal
from polytape.gateway.audit import Change
from polytape.gateway.caller import Caller
from polytape.gateway.dialects.dialect import Dialect, ErrorBody, dialect_of
from polytape.gateway.exchange import Exchange, RequestIds
from polytape.gateway.gateway import Gateway
from polytape.gateway.quick_bars import ADMITTED, QuickBars
from polytape.gateway.request_work import log_slow
from polytape.gateway.roles import changes_state
from polytape.upstream.budget.spender import SPENDER
from polytape.wire.api.media import PROBLEM_JSON
from polytape.wire.api.problems import Problem, problem
from polytape.wire.budget import BudgetState

access_log = logging.getLogger("polytape.access")

# A close frame's reason has at most 123 bytes.
MAX_REASON = 120
ACCESS_LINE = "%(address)s %(method)s %(path)s %(status)d %(ms).1f ms %(request_id)s %(who)s"
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
# The WebSocket close code for a policy that was not met, RFC 6455 7.4.1.
POLICY_VIOLATION = 1008
ClientScope: TypeAlias = HTTPScope | WebSocketScope
STOPPING = Refusal(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "stopping",
    "the gateway is shutting down",
    ((b"retry-after", b"5"),),
)


@dataclass(frozen=True)
class UsualHeaders:
    """What all answers say while the budget is in one state; `lines` is the same for the wire."""

    state: BudgetState
    headers: tuple[Header, ...]
    lines: bytes

    @classmethod
    def of(cls, state: BudgetState, *, made_up: bool) -> "UsualHeaders":
        """The budget's, those of security, and that prices are made up."""
        headers = (
            (b"ratelimit-limit", b"%d" % state.limit),
            (b"ratelimit-remaining", b"%d" % state.remaining),
            (b"ratelimit-reset", b"%d" % math.ceil(state.reset_s)),
            *SECURITY,
            *(MADE_UP if made_up else ()),
        )
        return cls(state, headers, b"".join(b"%b: %b\r\n" % header for header in headers))


class Middleware:
    """Wraps the application: what `admission` refuses does not reach it. `at_once`: answers that
    are in memory are given without it, by `quick`; where answers are compressed it makes each anew.
    """

    def __init__(
        self,
        app: ASGIApp,
        gateway: Gateway,
        admission: Admission,
        dialects: Sequence[Dialect],
        *,
        at_once: bool = True,
    ) -> None:
        self._app = app
        self._gateway = gateway
        self._admission = admission
        self._dialects = dialects
        self._ids = RequestIds()
        made_up = gateway.bars.made_up
        self._usual = UsualHeaders.of(gateway.budget_state(), made_up=made_up)
        lines = lambda: self._usual_headers().lines  # noqa: E731
        quick = QuickBars(gateway, admission, self._ids, lines, self._count)
        self.quick = quick if at_once else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind: str = scope["type"]
        if kind == "lifespan":  # the application's own start and end
            await self._app(scope, receive, send)
        elif scope["type"] == ScopeType.HTTP:
            await self._http(scope, receive, send)
        else:
            await self._websocket(scope, receive, send)

    async def _websocket(self, scope: WebSocketScope, receive: Receive, send: Send) -> None:
        query = scope.get("query_string", b"")
        headers, address = dict(scope["headers"]), _address(scope)
        caller = self._admission.admit_socket(headers, scope["path"], address, query)
        if isinstance(caller, Caller):
            SPENDER.set(caller)
            await self._app(scope, receive, send)
            return
        reason = caller.detail[:MAX_REASON]
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason})

    async def _http(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        exchange = Exchange(self._ids.of(headers), time.perf_counter())
        scope.setdefault("state", {})["request_id"] = exchange.request_id
        if changes_state(scope["method"], scope["path"]):
            exchange.change = Change(scope)

        async def send_on(message: Message) -> None:
            exchange.started = True
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", exchange.request_id.encode()),
                    *self._usual_headers().headers,
                ]
            await send(message)

        try:
            await self._answer(scope, receive, send_on, exchange)
        except asyncio.CancelledError:
            # The grace of a shutdown is over: say so while the connection still stands.
            if exchange.started:
                raise
            await self._refuse(scope, send_on, exchange, STOPPING)
        finally:
            self._count(scope, exchange, _address(scope))

    async def _answer(
        self, scope: HTTPScope, receive: Receive, send: Send, exchange: Exchange
    ) -> None:
        admitted = scope["state"].pop(ADMITTED, None)
        caller = admitted or self._admit(scope, dict(scope["headers"]))
        if isinstance(caller, Refusal):
            exchange.who = caller.who
            if caller in UNTRIED:  # who asks what is needed has tried nothing
                exchange.change = None
            await self._refuse(scope, send, exchange, caller)
            return
        exchange.who = caller.name
        SPENDER.set(caller)
        read = receive if exchange.change is None else exchange.change.watch(receive)
        await self._app(scope, read, send)

    def _usual_headers(self) -> "UsualHeaders":
        state = self._gateway.budget_state()
        if state is not self._usual.state:
            self._usual = UsualHeaders.of(state, made_up=self._gateway.bars.made_up)
        return self._usual

    def _admit(self, scope: HTTPScope, headers: Mapping[bytes, bytes]) -> Caller | Refusal:
        query = scope.get("query_string", b"")
        return self._admission.admit(
            headers, scope["path"], scope["method"], _address(scope), query
        )

    async def _refuse(
        self, scope: HTTPScope, send: Send, exchange: Exchange, refusal: Refusal
    ) -> None:
        identity = exchange.request_id
        refused = problem(refusal.status, refusal.detail, name=refusal.name, request_id=identity)
        body, media_type = error_body(scope["path"], refused, self._dialects)
        length = (b"content-length", b"%d" % len(body))
        headers = [(b"content-type", media_type.encode()), length, *refusal.headers]
        status = int(refusal.status)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _count(self, scope: HTTPScope, exchange: Exchange, address: str) -> None:
        seconds = time.perf_counter() - exchange.began
        status, identity = int(exchange.status), exchange.request_id
        route = scope.get("path_template") or "unmatched"
        self._gateway.metrics.count(route, status, seconds)
        if seconds >= self._gateway.slow_request_s:
            log_slow(scope, status, seconds, identity, exchange.who)
        if access_log.isEnabledFor(logging.INFO):
            # A path may have line ends in it, which would make lines of the log.
            facts = {
                "address": address,
                "method": scope["method"],
                "path": quote(scope["path"], safe=PRINTED),
                "status": status,
                "ms": round(seconds * 1e3, 1),
                "request_id": identity,
                "who": exchange.who,
            }
            access_log.info(ACCESS_LINE, facts)
        if exchange.change is not None:
            exchange.change.log(exchange.who, address, status, identity)


def _address(scope: ClientScope) -> str:
    """Where a request comes from: what proxies say of others is not believed."""
    client = scope.get("client")
    return client[0] if client else "-"


def error_body(path: str, error: Problem, dialects: Sequence[Dialect]) -> ErrorBody:
    """An error's body and media type: as the path's dialect writes it, else our own."""
    dialect = dialect_of(path, dialects)
    if dialect is not None:
        return dialect.error(error)
    return msgspec.json.encode(error), PROBLEM_JSON
