"""A market's own time, so many times as fast as the wall clock: for replays and made-up markets."""

import threading
from collections.abc import Callable

MAX_SPEED = 100_000.0


class MarketClock:
    """Begins at `start` (microseconds UTC). `monotonic` gives seconds that only grow. Usable from
    many threads.
    """

    def __init__(self, start: int, speed: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._at = start
        self._since = monotonic()
        self._speed = speed
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
        """Move on by so many microseconds; the new time, microseconds UTC."""
        with self._lock:
            self._at, self._since = self._now() + length, self._monotonic()
            return self._at

    def seconds_until(self, instant: int) -> float | None:
        """Seconds of the wall clock until an instant in microseconds UTC; None while it stands
        before that.
        """
        with self._lock:
            if self.paused and instant > self._now():
                return None
            return max(0.0, (instant - self._now()) / 1e6 / self._speed)

    def _now(self) -> int:
        if self.paused:
            return self._at
        return self._at + int((self._monotonic() - self._since) * self._speed * 1e6)
