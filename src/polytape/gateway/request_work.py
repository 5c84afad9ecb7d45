"""Where the time of a request goes, and the one line in the log of a slow one. Plain ASGI."""

import logging
from collections.abc import Mapping
from functools import partial
from urllib.parse import quote

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from polytape.gateway.gateway import Gateway
from polytape.net.stages import WORK, StageName, Work, stage
from polytape.net.tracing import RequestSpan, Tracer

slow_log = logging.getLogger("polytape.slow")

# Where the scope's state has the seconds of each stage.
STAGES = "stage_seconds"
SLOW_LINE = "%(method)s %(route)s %(status)d took %(seconds).3f s%(spent)s %(request_id)s %(who)s"
# A path may have line ends in it, which would make lines of the log.
PRINTED = "/{}:@!$&'()*+,;=-._~"
SERVER_ERROR = 500
# Shorter stages are not worth a word.
LEAST_S = 0.0005


def timing_work(app: ASGIApp, gateway: Gateway) -> ASGIApp:
    """The application, the work of whose requests is timed by stages, and traced where the gateway
    is. What it does between requests is timed for `/metrics` alone.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        work = Work(gateway.metrics.observe, gateway.tracer)
        if scope["type"] == ScopeType.HTTP:
            await _request(app, gateway, work, scope, receive, send)
            return
        token = WORK.set(work)
        try:
            await app(scope, receive, send)
        finally:
            WORK.reset(token)

    return answer


async def _request(
    app: ASGIApp, gateway: Gateway, work: Work, scope: HTTPScope, receive: Receive, send: Send
) -> None:
    scope["state"][STAGES] = work.seconds
    token = WORK.set(work)
    gateway.metrics.in_flight += 1
    try:
        if gateway.tracer is None:
            await app(scope, receive, partial(_send, send, None))
        else:
            await _traced(app, gateway.tracer, scope, receive, send)
    finally:
        gateway.metrics.in_flight -= 1
        WORK.reset(token)


async def _traced(
    app: ASGIApp, tracer: Tracer, scope: HTTPScope, receive: Receive, send: Send
) -> None:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    with tracer.server_request(scope["method"], headers) as span:
        try:
            await app(scope, receive, partial(_send, send, span))
        finally:
            route = scope.get("path_template") or "unmatched"
            span.name(f"{scope['method']} {route}", http_route=route)


async def _send(send: Send, span: RequestSpan | None, message: Message) -> None:
    if span is not None and message["type"] == "http.response.start":
        span.answered(message["status"], SERVER_ERROR)
    with stage("send"):
        await send(message)


def log_slow(scope: HTTPScope, status: int, seconds: float, request_id: str, who: str) -> None:
    """Write one line on a request that took so long: where its time went, the longest first. What
    ran in several threads at once adds up; of a request that is not named by a stage nothing is
    known but the total.
    """
    stages: Mapping[StageName, float] = scope.get("state", {}).get(STAGES, {})
    longest = sorted(stages.items(), key=lambda pair: -pair[1])
    spent = ", ".join(f"{name} {taken:.3f} s" for name, taken in longest if taken >= LEAST_S)
    facts = {
        "method": scope["method"],
        "route": quote(scope.get("path_template") or "unmatched", safe=PRINTED),
        "path": quote(scope["path"], safe=PRINTED),
        "status": status,
        "seconds": round(seconds, 3),
        "stages": {name: round(taken, 3) for name, taken in longest},
        "spent": f" ({spent})" if spent else "",
        "request_id": request_id,
        "who": who,
    }
    slow_log.warning(SLOW_LINE, facts)
