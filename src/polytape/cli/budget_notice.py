"""That a command waits for the vendor's budget, said on stderr: of a small plan, a minute or so."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
AT_ONCE = RetryPolicy(timeout_s=2.0, max_retries=0, deadline_s=3.0)
WINDOWS = {1.0: "a second", 60.0: "a minute", 3600.0: "an hour"}


@dataclass(frozen=True, slots=True)
class BudgetNotice:
    """Tells whoever waits for `connection`'s gateway whether that waits for the vendor's budget."""

    connection: Connection

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Say once why it takes so long, where the budget is why."""
        timer = threading.Timer(AFTER_S, self._say)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _say(self) -> None:
        # Its own pacer: the other one may be what waits.
        connection = replace(self.connection, policy=AT_ONCE, pacer=Pacer())
        driver = SyncDriver(connection.base_url, ca=connection.ca)
        try:
            state = driver.run(connection.ask("GET", f"{API}/rate-limit"))
            text = waiting_text(answers.check(state, answers.RateLimitAnswer), datetime.now(UTC))
        except RateLimitError as error:
            text = f"waiting: {error.detail}"
        except PolygonClientError:  # a server without this route, or none: it is no trouble
            return
        finally:
            driver.close()
        if text:
            note(text)


def waiting_text(state: Mapping[str, object], now: datetime) -> str:
    """`waiting up to 43 s for the vendor's budget of 5 requests a minute`; "" if some are left."""
    if state["remaining"] != 0:
        return ""
    window = float(str(state["window_seconds"]))
    left = (datetime.fromisoformat(str(state["reset_at"])) - now).total_seconds()
    # The gateway's clock may not be this one.
    seconds = ceil(min(max(left, 1.0), window))
    each = WINDOWS.get(window, f"in {window:g} s")
    requests = counted(int(str(state["limit"])), "request")
    return f"waiting up to {seconds} s for the vendor's budget of {requests} {each}"
