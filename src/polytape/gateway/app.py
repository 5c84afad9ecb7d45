"""The ASGI application: routes, one error body, OpenAPI."""

import logging
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.config.compression import CompressionConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.types import ASGIApp

import polytape
from polytape.errors import ConfigurationError, PolygonClientError, RateLimitError
from polytape.gateway.api.engines import TOOL_ROUTES
from polytape.gateway.api.routes import API_ROUTES, OWN_ROUTES
from polytape.gateway.dialects.polygon.routes import VENDOR_ROUTES
from polytape.gateway.middleware import Middleware, say
from polytape.gateway.pages import docs_page
from polytape.gateway.service import Desk
from polytape.wire.api.messages import API, Problem
from polytape.wire.api.problems import problem, to_problem

log = logging.getLogger(__name__)

DOCS = "/docs"
AnyRequest = Request[Any, Any, Any]


class DocsPage(OpenAPIRenderPlugin):
    """`/docs`: rendered here, since a page that loads scripts from elsewhere fails offline."""

    def render(self, request: AnyRequest, openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        """The page."""
        return docs_page(openapi_schema, f"{DOCS}/openapi.json").encode()


def create_app(desk: Desk, *, token: str | None = None, compress: bool = False) -> ASGIApp:
    """The gateway over one desk. `compress` gzips answers: off on loopback, where it costs more
    than it saves. The desk's threads end with the application.
    """
    if token is not None and not token.strip():
        raise ConfigurationError("the access token is empty")

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        yield
        desk.close()

    app = Litestar(
        [Router(API, route_handlers=[*API_ROUTES, *TOOL_ROUTES]), *OWN_ROUTES, *VENDOR_ROUTES],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
        exception_handlers=_HANDLERS,
        lifespan=[lifespan],
        openapi_config=OpenAPIConfig(
            "polytape gateway",
            polytape.__version__,
            path=DOCS,
            use_handler_docstrings=True,
            render_plugins=[DocsPage(path="/"), JsonRenderPlugin(path="/openapi.json")],
        ),
        compression_config=CompressionConfig("gzip", minimum_size=2_000) if compress else None,
        logging_config=None,
    )
    return Middleware(app, desk, token)


def _ours(request: AnyRequest, error: PolygonClientError) -> Response[bytes]:
    told = to_problem(error, _request_id(request))
    headers = {}
    if isinstance(error, RateLimitError) and error.retry_at is not None:
        left = (error.retry_at - datetime.now(UTC)).total_seconds()
        headers["Retry-After"] = str(max(1, math.ceil(left)))
    return _say(request, told, headers)


def _misread(request: AnyRequest, error: ValidationException) -> Response[bytes]:
    """The framework could not read a parameter: name it as our own errors do."""
    extra = error.extra if isinstance(error.extra, list) and error.extra else [{}]
    param, said = extra[0].get("key"), str(extra[0].get("message", error.detail))
    if param in (None, "data"):
        param, said = _missing(said)
    given = request.query_params.get(param or "")
    shown = f"{param}={given!r}" if given is not None else param or "body"
    detail = f"{shown}: {said}"
    told = problem(
        HTTPStatus.BAD_REQUEST,
        detail,
        name="validation",
        request_id=_request_id(request),
        param=param or "body",
    )
    return _say(request, told)


def _missing(said: str) -> tuple[str | None, str]:
    for before, after in (("required field `", "`"), ("query parameter '", "'")):
        if before in said:
            return said.split(before, 1)[1].split(after, 1)[0], "is required"
    return None, "a JSON object is expected" if said == "'data'" else said


def _http(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    status = HTTPStatus(error.status_code)
    name = "validation" if status is HTTPStatus.BAD_REQUEST else None
    param = "body" if name else None
    unknown = f"there is no {request.url.path} here; {DOCS} lists what there is"
    detail = unknown if status is HTTPStatus.NOT_FOUND else error.detail
    told = problem(status, detail, name=name, request_id=_request_id(request), param=param)
    return _say(request, told, dict(error.headers or {}))


def _nested(request: AnyRequest, _: RecursionError) -> Response[bytes]:
    told = problem(
        HTTPStatus.BAD_REQUEST,
        "the body is nested too deeply",
        name="validation",
        request_id=_request_id(request),
        param="body",
    )
    return _say(request, told)


def _bug(request: AnyRequest, error: Exception) -> Response[bytes]:
    request_id = _request_id(request)
    log.error("request %s failed", request_id, exc_info=error)
    detail = "the gateway failed; its log has the details under this request id"
    told = problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail, request_id=request_id)
    return _say(request, told)


_HANDLERS: dict[int | type[Exception], Callable[..., Response[bytes]]] = {
    PolygonClientError: _ours,
    ValidationException: _misread,
    HTTPException: _http,
    RecursionError: _nested,
    Exception: _bug,
}


def _say(
    request: AnyRequest, told: Problem, headers: dict[str, str] | None = None
) -> Response[bytes]:
    body, kind = say(request.url.path, told)
    return Response(body, status_code=told.status, media_type=kind, headers=headers)


def _request_id(request: AnyRequest) -> str | None:
    return request.scope.get("state", {}).get("request_id")
