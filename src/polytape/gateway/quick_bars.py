"""The shortest way to bars that were answered before: one thin layer of ASGI before the routes."""

from http import HTTPStatus
from typing import Any, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Receive, Scope, Send

from polytape.gateway.answer_cache import AnswerKey, CachedResponse
from polytape.gateway.gateway import Gateway
from polytape.wire.api.media import API, ARROW

PATH = f"{API}/bars"
# Where the scope's state has the key under which the route puts its answer.
ANSWER_KEY = "answer_key"
_ARROW = ARROW.encode()


class QuickBars:
    """Answers `GET` and `POST /api/v1/bars` from the gateway's answers; everything else, and what
    is not there, is for the application.
    """

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self._app = app
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        key: AnswerKey | None = None
        if scope["method"] == "GET":
            key = AnswerKey(scope.get("query_string", b""), None, _wants_arrow(scope))
        elif scope["method"] == "POST":
            message = cast("HTTPReceiveMessage", await receive())
            receive = _again(message, receive)
            # A body that comes in pieces is none that is asked a thousand times a second.
            if message["type"] == "http.request" and not message.get("more_body"):
                media = _header(scope, b"content-type")
                key = AnswerKey(message.get("body", b""), media, _wants_arrow(scope))
        answer = None if key is None else self._gateway.answers.get(key, self._gateway.now())
        if answer is None:
            scope.setdefault("state", {})[ANSWER_KEY] = key
            await self._app(scope, receive, send)
            return
        scope["path_template"] = PATH
        await _send(answer, send)
        self._gateway.metrics.bars.inc(answer.bars)


async def _send(answer: CachedResponse, send: Send) -> None:
    headers = list(answer.headers)
    await send({"type": "http.response.start", "status": int(HTTPStatus.OK), "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def _wants_arrow(scope: HTTPScope) -> bool:
    return _ARROW in _header(scope, b"accept")


def _header(scope: HTTPScope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")


def _again(first: HTTPReceiveMessage, receive: Receive) -> Receive:
    """A `receive` that gives a message once more before those that follow."""
    waiting: list[Any] = [first]

    async def again() -> Any:  # a message of ASGI
        return waiting.pop() if waiting else await receive()

    return again
