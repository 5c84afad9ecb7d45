"""The vendor's errors, both ways. No I/O.

Its texts name two brands and change; a few words in them tell the three kinds of 403 apart. No
page of the vendor's lists them: they are as observed.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from http import HTTPStatus

from msgspec import UNSET

from polytape.errors import (
    AuthenticationError,
    DataFetchError,
    IncompleteDataError,
    PolygonClientError,
    ValidationError,
)
from polytape.wire.api.problems import from_answer
from polytape.wire.flow import RETRIED
from polytape.wire.polygon.messages import Refusal
from polytape.wire.polygon.secrecy import KeyScrubber
from polytape.wire.texts import shown

# As the vendor's own client retries: its proxy's 499, and 413 for an overlong moment.
VENDOR_RETRIED = RETRIED | {413, 499}

_STATUS_NAMES: dict[int, str] = {
    HTTPStatus.FORBIDDEN: "NOT_AUTHORIZED",
    HTTPStatus.NOT_FOUND: "NOT_FOUND",
}


class WrongAnswerError(IncompleteDataError):
    """An answer to another question than was asked: the connection has an answer too many."""


class BadRequestError(DataFetchError):
    """The vendor calls a request wrong: ours, since a caller's mistakes end before one is made."""


class PlanLimit(Enum):
    """What a plan lacks, by a 403."""

    DATA = "the key's plan does not include this data"
    DATES = "the key's plan does not reach back to these dates"
    TODAY = "the key's plan gives a day's data once the day has ended"


class PlanError(AuthenticationError):
    """A 403; `limit` says what the plan does not include."""

    def __init__(self, limit: PlanLimit, detail: str, *, request_id: str | None = None) -> None:
        super().__init__(detail, status=HTTPStatus.FORBIDDEN, request_id=request_id)
        self.limit = limit


def refusal_of(
    status: int, headers: Mapping[str, str], body: bytes, now: datetime, *, key: str
) -> PolygonClientError:
    """The error that a response of the vendor's stands for. The key is not in it, even where the
    vendor repeats it.
    """
    scrubber = KeyScrubber(key)
    error = from_answer(status, headers, body, now, lambda text: shown(scrubber.text(text)))
    text = str(error.args[0]) if error.args else ""
    request_id = getattr(error, "request_id", None)
    if status == HTTPStatus.FORBIDDEN:
        limit = _limit_of(text)
        return PlanError(limit, f"{limit.value} (the vendor: {text})", request_id=request_id)
    if status == HTTPStatus.UNAUTHORIZED:
        detail = f"the vendor does not accept this API key (it says: {text})"
        return AuthenticationError(detail, status=status, request_id=request_id)
    if isinstance(error, ValidationError):
        if _names_ticker(text):
            return ValidationError.from_detail(f"symbol is not valid: {text}", "symbol")
        return BadRequestError(f"the vendor calls the request wrong: {text}", status=status)
    return error


def _names_ticker(text: str) -> bool:
    """Whether a refusal is about the ticker, and not about the rest of a request."""
    words = text.casefold()
    wrong = ("invalid", "not valid", "not found", "unknown", "not supported", "does not exist")
    return ("ticker" in words or "symbol" in words) and any(word in words for word in wrong)


def _limit_of(text: str) -> PlanLimit:
    words = text.casefold()
    if "before end of day" in words or "today's data" in words:
        return PlanLimit.TODAY
    return PlanLimit.DATES if "timeframe" in words else PlanLimit.DATA


def refusal(status: int, text: str, request_id: str | None) -> Refusal:
    """A body of the vendor's for a status: its text is an `error`, or a `message` where the status
    has a name of its own.
    """
    name = _STATUS_NAMES.get(status)
    known_id = UNSET if request_id is None else request_id
    if name is None:
        return Refusal(status="ERROR", request_id=known_id, error=text)
    return Refusal(status=name, request_id=known_id, message=text)
