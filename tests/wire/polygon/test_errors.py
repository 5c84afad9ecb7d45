"""The vendor's refusals: which of its 403s is which, and its texts without the key."""

import pickle
from datetime import UTC, datetime

import msgspec
import pytest

from polytape.errors import (
    AuthenticationError,
    DataFetchError,
    NotFoundError,
    PolygonClientError,
    RateLimitError,
    ValidationError,
)
from polytape.fake_vendor.mischief import TEXTS, Mischief
from polytape.wire.polygon.errors import (
    VENDOR_RETRIED,
    BadRequestError,
    PlanError,
    PlanLimit,
    refusal,
    refusal_of,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
KEY = "k3y"


def refused(status: int, text: str, headers: dict[str, str] | None = None) -> PolygonClientError:
    body = msgspec.json.encode(refusal(status, text, "r1"))
    return refusal_of(status, headers or {}, body, NOW, key=KEY)


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        (Mischief.NOT_IN_PLAN, PlanLimit.DATA),
        (Mischief.DATES_NOT_IN_PLAN, PlanLimit.DATES),
        (Mischief.NOT_YET, PlanLimit.TODAY),
    ],
)
def test_three_kinds_of_403_are_told_apart(kind: Mischief, limit: PlanLimit) -> None:
    """By the few words of the vendor's that do not change; its own text is shown."""
    status, text = TEXTS[kind]
    error = refused(status, text)
    assert isinstance(error, PlanError)
    assert (error.limit, error.status, error.request_id) == (limit, 403, "r1")
    assert limit.value in str(error)
    assert text in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, BadRequestError), (422, BadRequestError), (401, AuthenticationError), (404, NotFoundError),
     (429, RateLimitError), (499, DataFetchError), (500, DataFetchError)],
)  # fmt: skip
def test_each_status_has_its_type_and_keeps_the_text(
    status: int, kind: type[PolygonClientError]
) -> None:
    """Which of two keys the vendor writes it under does not matter."""
    for key in ("error", "message"):
        body = msgspec.json.encode({"status": "ERROR", key: "for this reason"})
        error = refusal_of(status, {}, body, NOW, key=KEY)
        assert type(error) is kind
        assert "for this reason" in str(error)


@pytest.mark.parametrize("status", [400, 422])
def test_a_request_that_the_vendor_calls_wrong_is_no_wrong_symbol(status: int) -> None:
    """Unless it says so."""
    error = refused(status, "Could not parse the time parameter: 'from'")
    assert isinstance(error, DataFetchError)
    assert not isinstance(error, ValidationError)
    assert error.status == status
    assert "the vendor calls the request wrong: Could not parse" in str(error)
    about_it = refused(status, "Invalid ticker: FOO BAR")
    assert isinstance(about_it, ValidationError)
    assert (about_it.param, str(about_it)) == (
        "symbol", "symbol is not valid: Invalid ticker: FOO BAR"
    )  # fmt: skip


def test_an_unknown_key_is_said_to_be_one() -> None:
    """It is the key that is wrong, not what was asked for."""
    assert "does not accept this API key (it says: Unknown API Key)" in str(
        refused(401, "Unknown API Key")
    )


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_the_key_is_not_in_it_even_where_the_vendor_repeats_it(status: int) -> None:
    """Errors are logged and shown to others."""
    error = refused(status, f"Unknown API Key {KEY}")
    assert KEY not in str(error) + repr(error) + repr(vars(error))
    assert "***" in str(error)


def test_a_429_says_when_to_come_back_where_the_vendor_does() -> None:
    """In its header; it rarely does."""
    error = refused(429, "slow down", {"retry-after": "30"})
    assert isinstance(error, RateLimitError)
    assert error.retry_at is not None
    assert (error.retry_at - NOW).total_seconds() == 30
    error = refused(429, "slow down")
    assert isinstance(error, RateLimitError)
    assert error.retry_at is None


def test_a_plan_error_survives_pickling() -> None:
    """Errors cross process pools."""
    error = refused(*TEXTS[Mischief.NOT_YET])
    back = pickle.loads(pickle.dumps(error))
    assert isinstance(back, PlanError)
    assert (str(back), back.limit) == (str(error), PlanLimit.TODAY)


@pytest.mark.parametrize(
    ("status", "word", "key"),
    [(403, "NOT_AUTHORIZED", "message"), (404, "NOT_FOUND", "message"), (400, "ERROR", "error"),
     (429, "ERROR", "error"), (500, "ERROR", "error")],
)  # fmt: skip
def test_a_refusal_is_written_as_the_vendor_writes_it(status: int, word: str, key: str) -> None:
    """Its own client reads the text where it expects it."""
    body = msgspec.to_builtins(refusal(status, "why", None))
    assert body == {"status": word, key: "why"}


def test_what_passes_by_itself_is_tried_again() -> None:
    """The proxy's 499, and 413 for an overlong moment, beside the usual ones; a wrong key is not."""
    assert {413, 429, 499, 500, 502, 503, 504} <= VENDOR_RETRIED
    assert not VENDOR_RETRIED & {400, 401, 403, 404}
