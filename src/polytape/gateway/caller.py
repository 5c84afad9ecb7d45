"""Who asks: what they may do, and what they have used of it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

from polytape.errors import DataFetchError, PolygonClientError, RateLimitError
from polytape.gateway.roles import Role
from polytape.model.counts import counted

MINUTE_S, DAY_S = 60.0, 86_400


@dataclass
class Usage:
    """What one token has used: requests of the minute that began at `minute_began` (seconds that
    only grow), requests of the vendor's on `day`, days UTC since 1970.
    """

    minute_began: float = float("-inf")
    requests: int = 0
    day: int = 0
    vendor_requests: int = 0


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whom the gateway lets in, as a `Spender`. `per_minute` requests, `vendor_per_day`
    requests of the vendor's a day UTC; None: as many as there are. `wall`: seconds since 1970.
    """

    name: str
    role: Role
    wall: Callable[[], float]
    per_minute: int | None = None
    vendor_per_day: int | None = None
    usage: Usage = field(default_factory=Usage, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    def wait_s(self, now: float) -> float:
        """Count one request at `now` (seconds that only grow), or say in how many seconds the next
        one may come.
        """
        if self.per_minute is None:
            return 0.0
        usage = self.usage
        if now - usage.minute_began >= MINUTE_S:
            usage.minute_began, usage.requests = now, 0
        if usage.requests >= self.per_minute:
            return usage.minute_began + MINUTE_S - now
        usage.requests += 1
        return 0.0

    def spending_refusal(self) -> PolygonClientError | None:
        """As `Spender.spending_refusal`."""
        if self.role is Role.READ:
            detail = (
                f"token {self.name} may only read what is stored, and this needs a request of the "
                "vendor's: ask with a token of role spend, or for what is stored (allow_partial, "
                "adjusted=false)"
            )
            return DataFetchError(detail, status=HTTPStatus.FORBIDDEN)
        if self.vendor_per_day is None or self._spent() < self.vendor_per_day:
            return None
        midnight = datetime.fromtimestamp((self._today() + 1) * DAY_S, UTC)
        detail = (
            f"the quota of token {self.name}, {counted(self.vendor_per_day, 'request')} of the "
            f"vendor's a day, is used up until {midnight:%Y-%m-%d %H:%M} UTC"
        )
        return RateLimitError(detail, retry_at=midnight)

    def count_request(self) -> None:
        """As `Spender.count_request`."""
        with self._lock:
            self.usage.vendor_requests = self._spent() + 1
            self.usage.day = self._today()

    def _spent(self) -> int:
        return self.usage.vendor_requests if self.usage.day == self._today() else 0

    def _today(self) -> int:
        return int(self.wall() // DAY_S)
