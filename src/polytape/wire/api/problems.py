"""Errors on the wire: one problem body, both ways, in one table.

https://www.rfc-editor.org/rfc/rfc9457
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus

import msgspec

from polytape.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionError,
    DataFetchError,
    IncompleteDataError,
    NoPriceError,
    NotFoundError,
    PolygonClientError,
    RateLimitError,
    ValidationError,
)
from polytape.wire.texts import MOST_DETAIL, MOST_IDENTITY, shown

_URN = "urn:polytape:"


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The one error body, RFC 9457 `application/problem+json`."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = None
    param: str | None = None
    suggestions: tuple[str, ...] = ()


# So many symbols of such lengths are read of what a server proposes.
MOST_SUGGESTIONS, LONGEST_SYMBOL = 3, 32
# A `Retry-After` of more than a week is a mistake, and says nothing.
LONGEST_HEADER_S = 7 * 24 * 3600.0

# The first that fits decides; subclasses stand before their parents.
_KINDS: tuple[tuple[type[PolygonClientError], str, HTTPStatus], ...] = (
    (ValidationError, "validation", HTTPStatus.BAD_REQUEST),
    (NoPriceError, "no-price", HTTPStatus.NOT_FOUND),
    (NotFoundError, "not-found", HTTPStatus.NOT_FOUND),
    (AuthenticationError, "not-authorized", HTTPStatus.FORBIDDEN),
    (RateLimitError, "rate-limit", HTTPStatus.TOO_MANY_REQUESTS),
    (IncompleteDataError, "incomplete", HTTPStatus.BAD_GATEWAY),
    (DataFetchError, "upstream", HTTPStatus.BAD_GATEWAY),
    (ConnectionError, "upstream-unreachable", HTTPStatus.GATEWAY_TIMEOUT),
    (ConfigurationError, "configuration", HTTPStatus.SERVICE_UNAVAILABLE),
)

# The errors that a status alone decides.
_BY_STATUS: dict[int, type[DataFetchError]] = {
    HTTPStatus.UNAUTHORIZED: AuthenticationError,
    HTTPStatus.FORBIDDEN: AuthenticationError,
}
_WRONG_REQUEST = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
# What an upstream answered is passed on where it says the same of us; the rest is a bad gateway.
_PASSED_ON = frozenset({401, 403, 404, 429, 502, 503, 504})


def to_problem(error: PolygonClientError, request_id: str | None = None) -> Problem:
    """The body that says `error`."""
    for kind, name, status in _KINDS:
        if isinstance(error, kind):
            detail = error.detail if isinstance(error, DataFetchError) else str(error)
            param = error.param if isinstance(error, ValidationError) else None
            shown = _passed_on(error) or status
            made = problem(shown, detail, name=name, request_id=request_id, param=param)
            if isinstance(error, NotFoundError) and error.suggestions:
                return msgspec.structs.replace(made, suggestions=error.suggestions)
            return made
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error), request_id=request_id)


def problem(
    status: HTTPStatus,
    detail: str,
    *,
    name: str | None = None,
    request_id: str | None = None,
    param: str | None = None,
) -> Problem:
    """A body for what has no error of ours: an unknown route, a wrong method, a bug. `name` is
    that of its kind, `param` the parameter that is wrong.
    """
    return Problem(
        type=f"{_URN}{name}" if name else "about:blank",
        title=status.phrase,
        status=int(status),
        detail=detail,
        request_id=request_id,
        param=param,
    )


def from_answer(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    clean: Callable[[str], str] = str,
) -> PolygonClientError:
    """The error that an answer other than 2xx stands for, whoever's server sent it. `now`, aware,
    is what a `Retry-After` in seconds counts from. `clean` is given each text of the server's as it
    was decoded, before it is cut to what may be shown.
    """
    fields = _read(body)
    said = shown(clean(_text(fields) or ""), MOST_DETAIL)
    detail = said or f"the server answered {status} without saying why"
    identity = _string(fields.get("request_id") or headers.get("x-request-id"))
    request_id = None if identity is None else shown(clean(identity), MOST_IDENTITY)
    if status in _WRONG_REQUEST:
        param = clean(_string(fields.get("param")) or "request")
        return ValidationError.from_detail(detail, shown(param, MOST_IDENTITY))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = retry_after(headers, now)
        retry_at = None if wait is None else now + timedelta(seconds=wait)
        return RateLimitError(detail, retry_at=retry_at, status=status, request_id=request_id)
    kind = str(fields.get("type", "")).removeprefix(_URN)
    made = _error_kind(status, kind)(detail, status=status, request_id=request_id)
    if isinstance(made, NotFoundError):
        made.suggestions = _suggestions(fields.get("suggestions"), clean)
    return made


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
    return max(0.0, seconds) if seconds < LONGEST_HEADER_S else None


def _error_kind(status: int, kind: str) -> type[DataFetchError]:
    """The error of a status, and of a kind of problem where the status leaves that open."""
    if status == HTTPStatus.NOT_FOUND:
        return NoPriceError if kind == "no-price" else NotFoundError
    return _BY_STATUS.get(status, IncompleteDataError if kind == "incomplete" else DataFetchError)


def _suggestions(value: object, clean: Callable[[str], str]) -> tuple[str, ...]:
    """Symbols that a server proposes in place of another."""
    names = value[:MOST_SUGGESTIONS] if isinstance(value, list) else []
    return tuple(shown(clean(name), LONGEST_SYMBOL) for name in names if isinstance(name, str))


def _passed_on(error: PolygonClientError) -> HTTPStatus | None:
    """A status that the error itself carries, where it means the same for our own caller."""
    status = error.status if isinstance(error, DataFetchError) else None
    return HTTPStatus(status) if status in _PASSED_ON else None


def _read(body: bytes) -> dict[str, object]:
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _text(fields: Mapping[str, object]) -> str | None:
    """What a server says of an error, under the first of the keys in use."""
    for key in ("detail", "error", "message", "title"):
        value = fields.get(key)
        if isinstance(value, str) and value:
            return value
        if value:
            return msgspec.json.encode(value).decode()
    return None


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None
