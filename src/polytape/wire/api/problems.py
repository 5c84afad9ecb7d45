"""Errors on the wire: one problem body (RFC 9457), both ways, in one table."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import msgspec

from polytape.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionError,
    DataFetchError,
    IncompleteDataError,
    NotFoundError,
    PolygonClientError,
    RateLimitError,
    ValidationError,
)
from polytape.wire.api.messages import Problem

PROBLEM_JSON = "application/problem+json"
_URN = "urn:polytape:"
# A header that speaks of more than a week is a mistake, and says nothing.
LONGEST_TOLD_S = 7 * 24 * 3600.0

# The first that fits decides; subclasses stand before their parents.
_KINDS: tuple[tuple[type[PolygonClientError], str, HTTPStatus], ...] = (
    (ValidationError, "validation", HTTPStatus.BAD_REQUEST),
    (NotFoundError, "not-found", HTTPStatus.NOT_FOUND),
    (AuthenticationError, "not-authorized", HTTPStatus.FORBIDDEN),
    (RateLimitError, "rate-limit", HTTPStatus.TOO_MANY_REQUESTS),
    (IncompleteDataError, "incomplete", HTTPStatus.BAD_GATEWAY),
    (DataFetchError, "upstream", HTTPStatus.BAD_GATEWAY),
    (ConnectionError, "upstream-unreachable", HTTPStatus.GATEWAY_TIMEOUT),
    (ConfigurationError, "configuration", HTTPStatus.SERVICE_UNAVAILABLE),
)


def to_problem(error: PolygonClientError, request_id: str | None = None) -> Problem:
    """The body that tells of `error`."""
    for kind, name, status in _KINDS:
        if isinstance(error, kind):
            detail = error.detail if isinstance(error, DataFetchError) else str(error)
            param = error.param if isinstance(error, ValidationError) else None
            told = _told(error) or status
            return problem(told, detail, name=name, request_id=request_id, param=param)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error), request_id=request_id)


def problem(
    status: HTTPStatus,
    detail: str,
    *,
    name: str | None = None,
    request_id: str | None = None,
    param: str | None = None,
) -> Problem:
    """A body for what has no error of ours: an unknown route, a wrong method, a bug."""
    return Problem(
        type=f"{_URN}{name}" if name else "about:blank",
        title=status.phrase,
        status=int(status),
        detail=detail,
        request_id=request_id,
        param=param,
    )


def from_answer(
    status: int, headers: Mapping[str, str], body: bytes, now: datetime
) -> PolygonClientError:
    """The error that an answer other than 2xx stands for, whoever's server sent it."""
    told = _read(body)
    detail = _text(told) or f"the server answered {status} without saying why"
    request_id = told.get("request_id") or headers.get("x-request-id")
    facts: dict[str, Any] = {"status": status}
    facts["request_id"] = request_id if isinstance(request_id, str) else None
    name = str(told.get("type", "")).removeprefix(_URN)
    if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
        param = told.get("param")
        return ValidationError.from_detail(detail, param if isinstance(param, str) else "request")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return AuthenticationError(detail, **facts)
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError(detail, **facts)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = retry_after(headers, now)
        retry_at = None if wait is None else now + timedelta(seconds=wait)
        return RateLimitError(detail, retry_at=retry_at, **facts)
    if name == "incomplete":
        return IncompleteDataError(detail, **facts)
    return DataFetchError(detail, **facts)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds by `Retry-After` (seconds or an HTTP date, RFC 9110 10.2.3); None if unsaid."""
    from email.utils import parsedate_to_datetime

    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):  # TypeError: a date without a zone
            return None
    return max(0.0, seconds) if seconds < LONGEST_TOLD_S else None


# What an upstream answered is passed on where it says the same of us; the rest is a bad gateway.
_PASSED_ON = frozenset({401, 403, 404, 429, 502, 503, 504})


def _told(error: PolygonClientError) -> HTTPStatus | None:
    """A status that the error itself carries, where it means the same for whom it is told to."""
    status = error.status if isinstance(error, DataFetchError) else None
    return HTTPStatus(status) if status in _PASSED_ON else None


def _read(body: bytes) -> dict[str, object]:
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _text(told: Mapping[str, object]) -> str | None:
    for key in ("detail", "error", "message", "title"):
        value = told.get(key)
        if isinstance(value, str) and value:
            return value
        if value:
            return msgspec.json.encode(value).decode()[:300]
    return None
