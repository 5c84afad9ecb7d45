"""The vendor's errors, both ways. No I/O.

Its texts name two brands and change; what is looked for here are the few words that tell the three
kinds of 403 apart.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from http import HTTPStatus

from msgspec import UNSET

from polytape.errors import AuthenticationError, PolygonClientError
from polytape.wire.api.problems import from_answer
from polytape.wire.flow import RETRIED
from polytape.wire.polygon.messages import Refusal

# As the vendor's own client retries: its proxy's 499, and 413 for an overlong moment.
VENDOR_RETRIED = RETRIED | {413, 499}


class PlanLimit(Enum):
    """What a plan lacks, by a 403."""

    DATA = "the key's plan does not include this data"
    DATES = "the key's plan does not reach back to these dates"
    TODAY = "the key's plan gives a day's data once the day has ended"


class PlanError(AuthenticationError):
    """A 403; `lacks` says what the plan does not hold."""

    def __init__(self, lacks: PlanLimit, detail: str, *, request_id: str | None = None) -> None:
        super().__init__(detail, status=HTTPStatus.FORBIDDEN, request_id=request_id)
        self.lacks = lacks


def refusal_of(
    status: int, headers: Mapping[str, str], body: bytes, now: datetime, *, key: str
) -> PolygonClientError:
    """The error that an answer of the vendor's stands for. The key is not in it, even where the
    vendor repeats it.
    """
    error = from_answer(status, headers, body.replace(key.encode(), b"***"), now)
    said = str(error.args[0]) if error.args else ""
    request_id = getattr(error, "request_id", None)
    if status == HTTPStatus.FORBIDDEN:
        lacks = _lacks(said)
        return PlanError(lacks, f"{lacks.value} (the vendor: {said})", request_id=request_id)
    if status == HTTPStatus.UNAUTHORIZED:
        told = f"the vendor does not accept this API key (it says: {said})"
        return AuthenticationError(told, status=status, request_id=request_id)
    return error


def _lacks(said: str) -> PlanLimit:
    text = said.casefold()
    if "before end of day" in text or "today's data" in text:
        return PlanLimit.TODAY
    return PlanLimit.DATES if "timeframe" in text else PlanLimit.DATA


def refused(status: int, text: str, request_id: str | None) -> Refusal:
    """A body of the vendor's for a status."""
    named = {
        HTTPStatus.FORBIDDEN: "NOT_AUTHORIZED",
        HTTPStatus.NOT_FOUND: "NOT_FOUND",
    }.get(HTTPStatus(status), "ERROR")
    told = UNSET if request_id is None else request_id
    if named == "ERROR":
        return Refusal(status=named, request_id=told, error=text)
    return Refusal(status=named, request_id=told, message=text)
