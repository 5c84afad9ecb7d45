"""The loop of `polytape top`: ask, show, wait for a key."""

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace

from polytape.cli.answers import JsonObject
from polytape.cli.gateway import connect
from polytape.cli.keys import Keys, NoKeys, TerminalKeys, choose_keys
from polytape.cli.top_view import Sample, View, lines_of
from polytape.cli.watch_screen import Output, choose_output
from polytape.errors import PolygonClientError
from polytape.wire.flow import RetryPolicy

# A gateway that answers later is shown as one that does not.
TIMEOUT_S = 5.0
# So long a key waits at most while an answer is under way.
LOOK_S = 0.1
# That a gateway came back is said for so long.
NEWS_S = 10.0
QUIT = ("q", "Q")
# Columns and lines where nobody sits at the output.
PAGE = (80, 24)


@dataclass
class Top:
    """What moves the view. `fetch` gives a `/status`, in a thread of `pool`; `monotonic` seconds
    that only grow.
    """

    view: View
    fetch: Callable[[], JsonObject]
    output: Output
    keys: Keys
    pool: Executor
    every_s: float
    monotonic: Callable[[], float] = time.monotonic
    _answered_at: float | None = None
    _back_at: float = 0.0

    def run(self, count: int | None = None) -> None:
        """Show one view after the other, until q is pressed or so many were shown."""
        shown = 0
        while shown != count:
            began = self.monotonic()
            if not self._take(self.pool.submit(self.fetch)):
                return
            width, height = self.output.size() if self.output.live else PAGE
            self.output.show(lines_of(self.view, width, height), self.view.state)
            shown += 1
            left = self.every_s - (self.monotonic() - began)
            if shown != count and self.keys.wait(max(0.0, left)) in QUIT:
                return

    def _take(self, answer: "Future[JsonObject]") -> bool:
        """The answer into the view; false where q was pressed before it came."""
        while not answer.done():
            if self.keys.wait(LOOK_S) in QUIT:
                answer.cancel()
                return False
        now = self.monotonic()
        try:
            self._answered(answer.result(), now)
        except PolygonClientError as error:
            since = self._answered_at if self._answered_at is not None else now
            self.view = replace(self.view, trouble=str(error), gone_s=now - since)
        return True

    def _answered(self, status: JsonObject, now: float) -> None:
        back_s = self.view.back_s if now - self._back_at < NEWS_S else None
        if self.view.trouble is not None and self._answered_at is not None:
            back_s, self._back_at = now - self._answered_at, now
        self._answered_at = now
        newest, before = Sample(now, status), self.view.newest
        self.view = View(self.view.url, newest, before, back_s=back_s)


def run_top(url: str | None, *, once: bool, every_s: float | None) -> None:
    """Show what a gateway does, until q or ctrl-C; or `once`.

    Raises: ConnectionError where none answers at first.
    """
    output = choose_output(once=once)
    with ExitStack() as stack:
        policy = RetryPolicy(timeout_s=TIMEOUT_S, max_retries=0, deadline_s=2 * TIMEOUT_S)
        pool = ThreadPoolExecutor(1, thread_name_prefix="polytape-top")
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        # Closed first: that cuts a request under way, whose thread would keep the command from
        # ending.
        gateway = stack.enter_context(connect(url, policy))
        gateway.status()
        keys: TerminalKeys | NoKeys = NoKeys() if once else choose_keys()
        stack.enter_context(keys)
        stack.enter_context(output)
        view = View(gateway.base_url)
        top = Top(view, gateway.status, output, keys, pool, every_s or output.every_s)
        top.run(1 if once else None)
