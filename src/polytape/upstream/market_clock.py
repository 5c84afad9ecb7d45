"""A market's own time, so many times as fast as the wall clock: for replays and made-up markets."""

import threading
from collections.abc import Callable

MAX_SPEED = 100_000.0


class MarketClock:
    """Begins at `start` and stands from `end` on, where there is one (microseconds UTC).
    `monotonic` gives seconds that only grow. Usable from many threads.
    """

    def __init__(
        self, start: int, speed: float, monotonic: Callable[[], float], end: int | None = None
    ) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._at = start
        self._since = monotonic()
        self._speed = speed
        self.end = end
        self.paused = False

    def now(self) -> int:
        """The market's time, microseconds UTC."""
        with self._lock:
            return self._now()

    @property
    def speed(self) -> float:
        """Market seconds in a second."""
        return self._speed

    def set_speed(self, speed: float) -> None:
        """Go on from now at another speed."""
        with self._lock:
            self._at, self._since = self._now(), self._monotonic()
            self._speed = speed

    def pause(self) -> None:
        """Stand still."""
        with self._lock:
            self._at, self.paused = self._now(), True

    def resume(self) -> None:
        """Go on from where it stands."""
        with self._lock:
            self._at, self._since, self.paused = self._now(), self._monotonic(), False

    def step(self, length: int) -> int:
        """Move on by so many microseconds, up to the end; the new time, microseconds UTC."""
        with self._lock:
            self._at, self._since = self._ended(self._now() + length), self._monotonic()
            return self._at

    def seconds_until(self, instant: int) -> float | None:
        """Seconds of the wall clock until an instant in microseconds UTC; None while it stands
        before that.
        """
        with self._lock:
            now = self._now()
            if instant <= now:
                return 0.0
            if self.paused or (self.end is not None and instant > self.end):
                return None
            return (instant - now) / 1e6 / self._speed

    def _now(self) -> int:
        if self.paused:
            return self._at
        return self._ended(self._at + int((self._monotonic() - self._since) * self._speed * 1e6))

    def _ended(self, instant: int) -> int:
        return instant if self.end is None else min(instant, self.end)
