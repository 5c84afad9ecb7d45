"""How errors become responses: one body for all of ours, by status, each in its path's dialect."""

import logging
import math
from functools import partial
from http import HTTPStatus

from litestar import Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from polytape.errors import PolygonClientError, RateLimitError
from polytape.gateway.dialects.registry import DIALECTS
from polytape.gateway.http import AnyRequest, request_id
from polytape.gateway.known_names import unknown_field
from polytape.gateway.memory_gate import BusyError
from polytape.gateway.middleware import error_body
from polytape.gateway.pages import DOCS
from polytape.model.timestamps import to_datetime
from polytape.wire.api.problems import Problem, problem, to_problem

log = logging.getLogger(__name__)


def _our_error(request: AnyRequest, error: PolygonClientError) -> Response[bytes]:
    headers = {}
    if isinstance(error, RateLimitError) and error.retry_at is not None:
        left = (error.retry_at - to_datetime(request.app.state.wall())).total_seconds()
        headers["Retry-After"] = str(max(1, math.ceil(left)))
    return _respond(request, to_problem(error, request_id(request)), headers)


def _busy(request: AnyRequest, error: BusyError) -> Response[bytes]:
    """Answers in flight take all the memory there is for them."""
    make = partial(problem, HTTPStatus.SERVICE_UNAVAILABLE, name="busy")
    body = make(str(error), request_id=request_id(request))
    return _respond(request, body, {"Retry-After": str(error.retry_after_s)})


def _unreadable(request: AnyRequest, error: ValidationException) -> Response[bytes]:
    """The framework could not read a parameter: name it as our own errors do."""
    unknown = unknown_field(request, error)
    if unknown is not None:
        return _our_error(request, unknown)
    extra = error.extra if isinstance(error.extra, list) and error.extra else [{}]
    param, reason = extra[0].get("key"), str(extra[0].get("message", error.detail))
    if param in (None, "data"):
        param, reason = _missing(reason)
    given = request.query_params.get(param or "")
    shown = f"{param}={given!r}" if given is not None else param or "body"
    return _respond(request, _invalid(request, f"{shown}: {reason}", param or "body"))


def _missing(reason: str) -> tuple[str | None, str]:
    for before, after in (("required field `", "`"), ("query parameter '", "'")):
        if before in reason:
            return reason.split(before, 1)[1].split(after, 1)[0], "is required"
    return None, "a JSON object is expected" if reason == "'data'" else reason


def _http_error(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status is HTTPStatus.BAD_REQUEST:
        return _respond(request, _invalid(request, error.detail, "body"), headers)
    unknown = f"there is no {request.url.path} here; {DOCS} lists what there is"
    detail = unknown if status is HTTPStatus.NOT_FOUND else error.detail
    return _respond(request, problem(status, detail, request_id=request_id(request)), headers)


def _nested_body(request: AnyRequest, _: RecursionError) -> Response[bytes]:
    return _respond(request, _invalid(request, "the body is nested too deeply", "body"))


def _no_text(request: AnyRequest, error: UnicodeDecodeError) -> Response[bytes]:
    return _respond(request, _invalid(request, f"the body is no UTF-8: {error.reason}", "body"))


def _bug(request: AnyRequest, error: Exception) -> Response[bytes]:
    identity = request_id(request)
    log.error("request %s failed", identity, exc_info=error)
    detail = "the gateway failed; its log has the details under this request id"
    body = problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail, request_id=identity)
    return _respond(request, body)


def _invalid(request: AnyRequest, detail: str, param: str) -> Problem:
    make = partial(problem, HTTPStatus.BAD_REQUEST, name="validation", param=param)
    return make(detail, request_id=request_id(request))


def _respond(
    request: AnyRequest, error: Problem, headers: dict[str, str] | None = None
) -> Response[bytes]:
    body, media_type = error_body(request.url.path, error, DIALECTS)
    return Response(body, status_code=error.status, media_type=media_type, headers=headers)


ERROR_HANDLERS: ExceptionHandlersMap = {
    PolygonClientError: _our_error,
    BusyError: _busy,
    ValidationException: _unreadable,
    HTTPException: _http_error,
    RecursionError: _nested_body,
    UnicodeDecodeError: _no_text,
    Exception: _bug,
}
