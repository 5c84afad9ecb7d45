"""Request budgets. Times are seconds of a clock that only grows, handed in."""

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

    def wait_s(self, requests: int) -> float:
        """Seconds until the last of so many requests may be sent, at most: as if what is used were
        free at once at the end of the window, and each request answered as soon as it is sent.
        """
        if requests <= self.remaining:
            return 0.0
        windows, place = divmod(requests - 1, max(1, self.limit))
        return windows * self.window_s + (0.0 if place < self.remaining else self.reset_s)


class MovingWindow:
    """At most `limit` requests in any stretch of `window_s` seconds, as the other end counts them.

    A place taken is free again `window_s` after its request was answered: the other end counted it
    before that, however long it was under way. Not for several threads.
    """

    def __init__(self, limit: int, window_s: float) -> None:
        self.limit = limit
        self.window_s = window_s
        self._free_at: dict[int, float] = {}
        self._under_way: set[int] = set()
        self._number = 0
        self._unused = BudgetState(limit, 0, 0.0, window_s)

    def take(self, now: float, ahead: int = 0) -> tuple[int | None, float]:
        """A token and 0.0 where more than `ahead` places are free, else None and the seconds until
        that may be so.
        """
        self._drop_free(now)
        free_at = sorted(self._free_at.values())
        over = len(free_at) + ahead - self.limit
        if over >= 0:
            # Who stands further back than all places waits for them to be taken and freed again.
            rounds, place = divmod(over, max(1, len(free_at)))
            free = free_at[place] if free_at else now + self.window_s
            return None, max(free - now, 0.0) + rounds * self.window_s
        self._number += 1
        self._free_at[self._number] = now + self.window_s
        self._under_way.add(self._number)
        return self._number, 0.0

    def answered(self, token: int, now: float) -> None:
        """The request of this token was answered, or will not be."""
        self._under_way.discard(token)
        self._free_at[token] = now + self.window_s

    def released(self, token: int, now: float) -> None:  # noqa: ARG002 - as `answered`
        """The request of this token was never sent: nobody has counted it."""
        self._under_way.discard(token)
        self._free_at.pop(token, None)

    def resize(self, limit: int, window_s: float) -> None:
        """Another budget from now on; what is taken stays taken for the longer of both windows."""
        longer = max(0.0, window_s - self.window_s)
        self._free_at = {token: free + longer for token, free in self._free_at.items()}
        self.limit, self.window_s = limit, window_s
        self._unused = BudgetState(limit, 0, 0.0, window_s)

    def state(self, now: float) -> BudgetState:
        """How much is used. May be called while another thread takes."""
        if not self._free_at:
            return self._unused
        places = list(self._free_at.items())
        taken = [free for token, free in places if free > now or token in self._under_way]
        reset = max(0.0, max(taken) - now) if taken else 0.0
        return BudgetState(self.limit, len(taken), reset, self.window_s)

    def refresh(self, now: float) -> None:
        """Nobody else counts these places."""
        self._drop_free(now)

    def _drop_free(self, now: float) -> None:
        for token, free in list(self._free_at.items()):
            if free <= now and token not in self._under_way:
                del self._free_at[token]


class Pacer:
    """What the server's `RateLimit-*` headers said last: a client waits before it is refused.

    `RateLimit-Reset` is in seconds from the response on. One tuple is swapped whole, so threads may
    share a pacer.
    """

    def __init__(self) -> None:
        self._state: tuple[int, float] | None = None

    def heard(self, headers: Mapping[str, str], now: float) -> None:
        """Note a response's headers; those that are absent or not numbers say nothing."""
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
