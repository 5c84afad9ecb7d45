"""Request budgets. Times are seconds of a clock that only grows, handed in."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

# The longest window that a vendor counts in; a header that says more is a mistake.
LONGEST_RESET_S = 25 * 3600.0


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget at one moment. `reset_s`: seconds until the whole window is free again."""

    limit: int
    used: int
    reset_s: float
    window_s: float

    @property
    def remaining(self) -> int:
        """Requests that may be made at once."""
        return max(0, self.limit - self.used)


class MovingWindow:
    """At most `limit` requests in any stretch of `window_s` seconds. Not for several threads."""

    def __init__(self, limit: int, window_s: float) -> None:
        self.limit = limit
        self.window_s = window_s
        self._taken: deque[float] = deque()

    def take(self, now: float) -> float:
        """Take one request and return 0.0, or take none and return the seconds to wait."""
        self._forget(now)
        if len(self._taken) < self.limit:
            self._taken.append(now)
            return 0.0
        return self._taken[-self.limit] + self.window_s - now

    def state(self, now: float) -> BudgetState:
        """How much is used."""
        self._forget(now)
        reset = self._taken[-1] + self.window_s - now if self._taken else 0.0
        return BudgetState(self.limit, len(self._taken), reset, self.window_s)

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0] + self.window_s <= now:
            self._taken.popleft()


class Pacer:
    """A client's memory of the server's `RateLimit-*` headers: it waits before it is refused.

    `RateLimit-Reset` is in seconds from the answer on. One tuple is swapped whole, so threads may
    share a pacer.
    """

    def __init__(self) -> None:
        self._state: tuple[int, float] | None = None

    def heard(self, headers: Mapping[str, str], now: float) -> None:
        """Note what an answer says; headers that are absent or not numbers say nothing."""
        remaining, reset = headers.get("ratelimit-remaining"), headers.get("ratelimit-reset")
        if remaining is None or reset is None:
            return
        try:
            left, seconds = int(remaining), float(reset)
        except ValueError:
            return
        if 0 <= seconds < LONGEST_RESET_S:
            self._state = left, now + seconds

    def wait(self, now: float) -> float:
        """Seconds to wait before the next request."""
        state = self._state
        if state is None or state[0] > 0:
            return 0.0
        return max(0.0, state[1] - now)
