"""One tree, and every error survives pickling."""

import builtins
import pickle
from datetime import UTC, datetime

import pytest

from polytape import errors

SAMPLES = [
    errors.ConnectionError("no answer", url="http://localhost:8200"),
    errors.ValidationError("limit", -1, "above 0"),
    errors.ValidationError.from_detail("limit: no", "limit"),
    errors.ConfigurationError("no source"),
    errors.DataFetchError("broken", status=502, request_id="r1"),
    errors.NotFoundError("no such symbol", status=404),
    errors.NotFoundError("no symbol APPL", status=404).suggesting(["AAPL"]),
    errors.NoPriceError("no price", status=404),
    errors.AuthenticationError("no key", status=403),
    errors.RateLimitError("too many", retry_at=datetime(2024, 1, 1, tzinfo=UTC), status=429),
    errors.IncompleteDataError("short"),
]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda e: type(e).__name__)
def test_an_error_is_the_same_after_pickling(error: errors.PolygonClientError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.__dict__ == error.__dict__


def test_the_tree_is_the_one_that_callers_catch() -> None:
    assert all(isinstance(e, errors.PolygonClientError) for e in SAMPLES)
    assert issubclass(errors.ConnectionError, builtins.ConnectionError)
    assert issubclass(errors.ValidationError, ValueError)
    for kind in (errors.NotFoundError, errors.AuthenticationError, errors.RateLimitError,
                 errors.IncompleteDataError):  # fmt: skip
        assert issubclass(kind, errors.DataFetchError)


def test_the_message_names_parameter_value_and_what_is_allowed() -> None:
    assert str(errors.ValidationError("limit", -1, "above 0")) == "limit=-1 is not valid: above 0"
    long = errors.ValidationError("symbol", "x" * 500, "a ticker")
    assert len(str(long)) < 150


def test_the_message_names_status_and_request() -> None:
    assert str(SAMPLES[4]) == "broken (HTTP 502, request r1)"


def test_a_symbol_that_there_is_not_names_those_that_may_be_meant() -> None:
    """In its text and as an attribute, once."""
    error = errors.NotFoundError("no symbol APPL", status=404)
    assert error.suggesting(()) is error
    better = error.suggesting(["AAPL", "APL"])
    assert str(better) == "no symbol APPL (did you mean AAPL or APL?) (HTTP 404)"
    assert better.suggestions == ("AAPL", "APL")
    assert better.suggesting(["X"]) is better
