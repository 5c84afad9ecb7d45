"""An error told by the gateway is the same error at the client."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from polytape import errors
from polytape.wire.api.problems import from_answer, retry_after, to_problem
from tests.test_errors import SAMPLES

NOW = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "error",
    [e for e in SAMPLES if not isinstance(e, errors.ConnectionError | errors.ConfigurationError)],
    ids=lambda e: type(e).__name__,
)
def test_errors_cross_the_wire(error: errors.PolygonClientError) -> None:
    problem = to_problem(error, "r9")
    back = from_answer(problem.status, {}, msgspec.json.encode(problem), NOW)
    assert type(back) is type(error)
    if isinstance(error, errors.DataFetchError):
        assert isinstance(back, errors.DataFetchError)
        assert (back.detail, back.request_id) == (error.detail, "r9")
    if isinstance(error, errors.NotFoundError):
        assert isinstance(back, errors.NotFoundError)
        assert back.suggestions == error.suggestions
    if isinstance(error, errors.ValidationError):
        assert isinstance(back, errors.ValidationError)
        assert (str(back), back.param) == (str(error), error.param)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, errors.ValidationError), (401, errors.AuthenticationError),
     (403, errors.AuthenticationError), (404, errors.NotFoundError), (422, errors.ValidationError),
     (429, errors.RateLimitError), (500, errors.DataFetchError), (418, errors.DataFetchError)],
)  # fmt: skip
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[1]", b'{"error":"why"}', b'{"message":"why"}', b'{"detail":[{"msg":"why"}]}',
     b'{"detail":5,"param":7,"request_id":{}}'],
)  # fmt: skip
def test_any_servers_bad_answer_has_a_type_and_a_text(
    status: int, kind: type[errors.PolygonClientError], body: bytes
) -> None:
    error = from_answer(status, {"x-request-id": "abc"}, body, NOW)
    assert type(error) is kind
    assert str(error)
    assert b"why" not in body or "why" in str(error)


@pytest.mark.parametrize(
    ("sent", "read"),
    [(b'["A\\u001bB", 5, "AAPL", "X", "Y"]', ("A B", "AAPL")), (b'"AAPL"', ()), (b"{}", ())],
)
def test_what_a_server_suggests_is_few_names_fit_to_be_shown(
    sent: bytes, read: tuple[str, ...]
) -> None:
    """A server may send anything."""
    error = from_answer(404, {}, b'{"detail":"no","suggestions":' + sent + b"}", NOW)
    assert isinstance(error, errors.NotFoundError)
    assert error.suggestions == read


def test_a_429_says_when_to_come_back() -> None:
    error = from_answer(429, {"retry-after": "30"}, b"", NOW)
    assert isinstance(error, errors.RateLimitError)
    assert error.retry_at == NOW + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5.0), ("-3", 0.0), ("1.5", 1.5), ("", None), ("soon", None),
     ("Mon, 01 Jan 2024 00:01:00 GMT", 60.0), ("Mon, 01 Jan 2024 00:01:00", None)],
)  # fmt: skip
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}, NOW) == seconds
