"""Whether anything can be fetched now, by what happened last. Nothing is asked to find out."""

import logging
import threading
import time
from collections.abc import Callable

from polytape.wire.texts import shown

log = logging.getLogger("polytape.vendor")

# Of trouble that goes on there is a line this often.
LOGGED_AGAIN_S = 60.0
# One lost connection is chance, and is tried again.
FAILURES = 3
# After so long without a try nobody knows: whoever sends requests here must find out again.
FORGOTTEN_S = 60.0


class VendorHealth:
    """Counts tries that failed since the last that did not, and logs when that begins, goes on and
    ends. Usable from many threads.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._refused = False
        self._reason = ""
        self._failed_at = 0.0
        self._logged_at: float | None = None

    def answered(self) -> None:
        """The vendor gave an answer that says that it works."""
        # Unlocked, where there is nothing to change: that is nearly always so.
        if self._failures:
            with self._lock:
                self._failures, self._refused = 0, False
                logged_at, self._logged_at = self._logged_at, None
            if logged_at is not None:
                log.warning("the vendor answers again")

    def failed(self, reason: str) -> None:
        """A try had no answer, or one that says that the vendor does not work."""
        self._fail(reason, refused=False)

    def refused_key(self, reason: str) -> None:
        """The vendor does not know the key: nothing that is tried with it will be answered."""
        self._fail(reason, refused=True)

    def trouble(self) -> str | None:
        """Why nothing can be fetched; None where nothing speaks against it."""
        with self._lock:
            if not self._refused and self._failures < FAILURES:
                return None
            if self._monotonic() - self._failed_at > FORGOTTEN_S:
                return None
            return self._reason

    def unanswered(self) -> str | None:
        """Why the last try had no answer; None where it had one, or was long ago."""
        with self._lock:
            recent = self._monotonic() - self._failed_at <= FORGOTTEN_S
            return self._reason if self._failures and recent and not self._refused else None

    def _fail(self, reason: str, *, refused: bool) -> None:
        with self._lock:
            self._failures += 1
            self._refused = self._refused or refused
            text = self._reason = shown(reason)
            now = self._failed_at = self._monotonic()
            logs = self._logged_at is None or now - self._logged_at >= LOGGED_AGAIN_S
            if logs:
                self._logged_at = now
        if logs:
            log.warning("the vendor does not answer as it should: %s", text)
