"""That a command waits for the vendor's budget, said on stderr: of a small plan, a minute or so."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import ceil

from polytape.cli import answers
from polytape.cli.output import note
from polytape.client.connection import Connection
from polytape.errors import PolygonClientError, RateLimitError
from polytape.model.counts import counted
from polytape.net.http import SyncDriver
from polytape.wire.api.media import API
from polytape.wire.budget import Pacer
from polytape.wire.flow import RetryPolicy

# After so long the gateway, which answers this at once, is asked why.
AFTER_S = 1.5
# Where the budget is not why, it is looked at again after so long.
LOOK_AGAIN_S = 10
AT_ONCE = RetryPolicy(timeout_s=2.0, max_retries=0, deadline_s=3.0)
WINDOWS = {1.0: "a second", 60.0: "a minute", 3600.0: "an hour"}


@dataclass
class BudgetNotice:
    """Tells whoever waits for `connection`'s gateway, by `say`, whether that waits for the vendor's
    budget. Usable from many threads: of those who wait at the same time one is told.
    """

    connection: Connection
    say: Callable[[str], None] = lambda text: note(text)  # noqa: PLW0108 - whichever it is by then
    _silent_until: float = field(default=0.0, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Say why it takes so long, where the budget is why; again where it still takes longer than
        was said.
        """
        over = threading.Event()
        threading.Thread(target=self._watch, args=(over,), daemon=True).start()
        try:
            yield
        finally:
            over.set()

    def _watch(self, over: threading.Event) -> None:
        wait = AFTER_S
        while not over.wait(wait):
            with self._lock:
                silent = self._silent_until - time.monotonic()
                wait = silent if silent > 0 else AFTER_S + self._look()

    def _look(self) -> float:
        """Say it where it is so; for how many seconds there is no more to say."""
        # Its own pacer: the other one may be what waits.
        connection = replace(self.connection, policy=AT_ONCE, pacer=Pacer())
        driver = SyncDriver(connection.base_url, ca=connection.ca, quick=True)
        try:
            answer = driver.run(connection.ask("GET", f"{API}/rate-limit"))
            state, now = answers.check(answer, answers.RateLimitAnswer), datetime.now(UTC)
            text, seconds = waiting_text(state, now), waiting_s(state, now)
        except RateLimitError as error:
            text, seconds = f"waiting: {error.detail}", LOOK_AGAIN_S
        except PolygonClientError:  # a server without this route, or none: it is no trouble
            return LOOK_AGAIN_S
        finally:
            driver.close()
        if not text:
            return LOOK_AGAIN_S
        self.say(text)
        self._silent_until = time.monotonic() + seconds
        return seconds


def waiting_s(state: Mapping[str, object], now: datetime) -> int:
    """How many seconds it may be until a request of the budget is free; 0 where some are left."""
    if state["remaining"] != 0:
        return 0
    window = float(str(state["window_seconds"]))
    left = (datetime.fromisoformat(str(state["reset_at"])) - now).total_seconds()
    # The gateway's clock may not be this one.
    return ceil(min(max(left, 1.0), window))


def waiting_text(state: Mapping[str, object], now: datetime) -> str:
    """`waiting up to 43 s for the vendor's budget of 5 requests a minute`; "" if some are left."""
    seconds = waiting_s(state, now)
    if not seconds:
        return ""
    window = float(str(state["window_seconds"]))
    each = WINDOWS.get(window, f"in {window:g} s")
    requests = counted(int(str(state["limit"])), "request")
    return f"waiting up to {seconds} s for the vendor's budget of {requests} {each}"
