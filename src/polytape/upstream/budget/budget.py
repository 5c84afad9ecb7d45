"""One key's request budget, shared by all requests: in order, with a deadline.

Requests that somebody waits for go before those of a backfill. A request that would wait past its
patience is refused at once, with the time at which to come back.
"""

import logging
import threading
import time
from bisect import insort
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import count
from typing import Protocol, TypeAlias

from polytape.errors import ConnectionError, DataFetchError, RateLimitError
from polytape.net.stages import stage
from polytape.upstream.background_work import check_wanted, count_request
from polytape.upstream.budget.spender import check_spending, count_spent
from polytape.wire.api.problems import retry_after
from polytape.wire.budget import BudgetState, MovingWindow
from polytape.wire.flow import Response

log = logging.getLogger("polytape.vendor")

PATIENCE_S = 20.0
BACKFILL_PATIENCE_S = 24 * 3600.0
# What a key is taken to be allowed once the vendor refused it: the free plan.
LEARNED_LIMIT, LEARNED_WINDOW_S = 5, 60.0
LONGEST_PAUSE_S = 60.0
STOPPING = "the gateway is stopping"
# Other processes take places of a shared window without a word: look again this often.
LOOK_AGAIN_S = 1.0

OnResponse: TypeAlias = Callable[[Response], None]


class Window(Protocol):
    """Where the places are counted: this process, or Redis for several."""

    limit: int
    window_s: float

    def take(self, now: float, ahead: int = 0) -> tuple[int | None, float]:
        """As `MovingWindow.take`."""
        ...

    def answered(self, token: int, now: float) -> None:
        """As `MovingWindow.answered`."""
        ...

    def released(self, token: int, now: float) -> None:
        """As `MovingWindow.released`."""
        ...

    def resize(self, limit: int, window_s: float) -> None:
        """As `MovingWindow.resize`."""
        ...

    def state(self, now: float) -> BudgetState:
        """As `MovingWindow.state`: what this process knows. Never blocks."""
        ...

    def refresh(self, now: float) -> None:
        """Learn the count from whoever keeps it, so that `state` knows. May block."""
        ...


class Budget:
    """Hands out the places of a window. Usable from many threads.

    `learn`: a refusal by the vendor means the free plan. `pause(condition, seconds)` waits on a
    locked condition; tests hand in one that moves their clock instead.
    """

    def __init__(
        self,
        window: Window,
        *,
        learn: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        pause: Callable[[threading.Condition, float], object] = threading.Condition.wait,
    ) -> None:
        self._window = window
        self._learn = learn
        self._monotonic = monotonic
        self._wall = wall
        self._pause = pause
        self._changed = threading.Condition()
        self._line: list[tuple[bool, int]] = []
        self._numbers = count()
        self._closed_until = 0.0
        self._refusals = 0
        self._ended = False

    @classmethod
    def of(cls, limit: int, window_s: float) -> "Budget":
        """A budget of this process alone."""
        return cls(MovingWindow(limit, window_s))

    @contextmanager
    def place(self, *, background: bool = False) -> Iterator[OnResponse]:
        """Take a place while one request is under way; call what is yielded with the response.

        Raises: RateLimitError where that would take longer than patience lasts, or the caller's own
        quota is used up.
        Raises: DataFetchError once the budget was ended, and for a caller that may spend nothing.
        """
        check_spending()
        with stage("budget"):
            token = self._enter(background)
        count_spent()
        leave = self._window.answered
        try:
            yield self._heard
        except ConnectionError as error:
            if not error.sent:  # the vendor has not counted it
                leave = self._window.released
            raise
        finally:
            with self._changed:
                leave(token, self._monotonic())
                self._changed.notify_all()

    def open_again(self) -> datetime | None:
        """When a budget that a refusal closed opens again, UTC; None where it is open."""
        seconds = self._closed_until - self._monotonic()
        if seconds <= 0:
            return None
        return datetime.fromtimestamp(self._wall(), UTC) + timedelta(seconds=seconds)

    def state(self) -> BudgetState:
        """How much is used, as far as this process knows. Never blocks."""
        return self._window.state(self._monotonic())

    def refreshed(self) -> BudgetState:
        """The same, counted anew where several processes share the budget. May block."""
        with self._changed:
            self._window.refresh(self._monotonic())
        return self.state()

    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._line)

    def sleep(self, seconds: float) -> None:
        """Wait between two tries.

        Raises: DataFetchError once the budget was ended.
        """
        until = self._monotonic() + seconds
        with self._changed:
            while not self._ended and (left := until - self._monotonic()) > 0:
                check_wanted()
                self._pause(self._changed, min(left, LOOK_AGAIN_S))
            if self._ended:
                raise DataFetchError(STOPPING)

    def end(self) -> None:
        """End all requests: those that wait for a place are refused."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _enter(self, background: bool) -> int:
        with self._changed:
            ticket = (background, next(self._numbers))
            insort(self._line, ticket)
            end = self._monotonic() + (BACKFILL_PATIENCE_S if background else PATIENCE_S)
            try:
                while True:
                    token, seconds = self._try(ticket)
                    if token is not None:
                        count_request()
                        return token
                    if self._monotonic() + seconds > end:
                        raise self._refusal(seconds)
                    self._pause(self._changed, min(seconds, LOOK_AGAIN_S))
            finally:
                self._line.remove(ticket)
                self._changed.notify_all()

    def _try(self, ticket: tuple[bool, int]) -> tuple[int | None, float]:
        if self._ended:
            raise DataFetchError(STOPPING)
        check_wanted()
        now = self._monotonic()
        if now < self._closed_until:
            return None, self._closed_until - now
        token, seconds = self._window.take(now, self._line.index(ticket))
        return token, max(seconds, 0.001)

    def _refusal(self, seconds: float) -> RateLimitError:
        retry_at = datetime.fromtimestamp(self._wall(), UTC) + timedelta(seconds=seconds)
        budget = f"{self._window.limit} in {self._window.window_s:g} s"
        if self._monotonic() < self._closed_until:
            reason = (
                f"the vendor refused a request within our budget ({budget}): another program uses "
                "the key, or its plan is smaller than --plan; the next one is sent at"
            )
        else:
            reason = f"the request budget ({budget}) is used up until"
        return RateLimitError(f"{reason} {retry_at:%H:%M:%S} UTC", retry_at=retry_at)

    def _heard(self, response: Response) -> None:
        """A refusal closes the budget for a while: somebody else uses the key, or the plan is
        smaller than thought.
        """
        with self._changed:
            if response.status != HTTPStatus.TOO_MANY_REQUESTS:
                self._refusals = 0
                return
            if self._learn and self._window.window_s < LEARNED_WINDOW_S:
                log.warning(
                    "the vendor refused a request: taking the plan to be the free one, %d requests "
                    "in %g s (--plan says otherwise)",
                    LEARNED_LIMIT,
                    LEARNED_WINDOW_S,
                )
                self._window.resize(LEARNED_LIMIT, LEARNED_WINDOW_S)
            now = datetime.fromtimestamp(self._wall(), UTC)
            named = retry_after(response.headers, now)
            own = self._window.window_s * 2**self._refusals
            seconds = min(own if named is None else named, LONGEST_PAUSE_S)
            self._refusals = min(self._refusals + 1, 8)
            self._closed_until = max(self._closed_until, self._monotonic() + seconds)
            log.warning("the vendor refused a request (429): none is sent for %.0f s", seconds)
