"""What one question may take in all: its pages, tries, waits and bytes."""

from collections.abc import Callable
from dataclasses import dataclass

from polytape.errors import ConnectionError, DataFetchError
from polytape.net.deadlines import current_stop

# How long a stop that comes while a thread sleeps is not seen, at most.
LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class WalkLimits:
    """`seconds`: from the first request to the last byte. `patient`: waiting for a place at the
    gate is not counted. `most_bytes`: of all bodies as decoded.
    """

    seconds: float
    most_bytes: int
    patient: bool = False


class Walk:
    """How far a question has come within its limits. For one thread.

    Raises: ConnectionError once its time is over, DataFetchError once it has too many bytes, or
    nobody waits for it.
    """

    def __init__(self, limits: WalkLimits, url: str, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._url = url
        self._monotonic = monotonic
        self._stop = current_stop()
        self._bytes = 0
        self.ends = monotonic() + limits.seconds

    def check(self) -> None:
        """Go on where it may."""
        if self._stop is not None:
            self._stop.check()
        if self._monotonic() >= self.ends:
            seconds = self._limits.seconds
            raise ConnectionError(
                f"no whole answer from {self._url} within {seconds:g} s, all pages, tries and "
                "waits counted",
                url=self._url,
            )

    def sleep(self, seconds: float, sleep: Callable[[float], None]) -> None:
        """Wait between two tries, no longer than it may last."""
        left = min(seconds, self.ends - self._monotonic())
        while left > 0:
            step = left if self._stop is None else min(left, LOOK_AGAIN_S)
            sleep(step)
            self.check()
            left -= step
        self.check()

    def waited(self, seconds: float) -> None:
        """A place at the gate took so long."""
        if self._limits.patient:
            self.ends += seconds
        self.check()

    def add(self, size: int) -> None:
        """One more body has come."""
        self._bytes += size
        if self._bytes > self._limits.most_bytes:
            raise DataFetchError(
                f"the answer from {self._url} has over {self._limits.most_bytes:,} bytes in its "
                "pages, the most that is read for one question"
            )
