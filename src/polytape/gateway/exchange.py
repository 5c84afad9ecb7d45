"""One HTTP request and its response, as they are counted and logged; and ids of requests."""

import itertools
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

from litestar.types import HTTPScope

from polytape.gateway.audit import Change

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{1,64}")


@dataclass(slots=True)
class Exchange:
    """One HTTP request, and how far its response has come. `who`: the name of the caller; `change`:
    where it changes something.
    """

    request_id: str
    began: float
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    started: bool = False
    who: str = "-"
    change: Change | None = None


# Counts an exchange, and logs it where that is wanted: with its request and the caller's address.
Count: TypeAlias = Callable[[HTTPScope, Exchange, str], None]


class RequestIds:
    """Ids of 32 hexadecimal digits: half of them chance, once; half a count. Chance anew for each
    would be a call of the operating system's.
    """

    def __init__(self) -> None:
        self._begin, self._count = uuid.uuid4().hex[:16], itertools.count(1)

    def of(self, headers: Mapping[bytes, bytes]) -> str:
        """The id that the client offers, where it is one; else a new one."""
        offered = headers.get(b"x-request-id")
        if offered and _REQUEST_ID.fullmatch(offered):
            return offered.decode()
        return f"{self._begin}{next(self._count):016x}"
