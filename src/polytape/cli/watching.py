"""The loop of `polytape watch`: the feed, what is fetched beside it, and the drawing."""

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Protocol

from polytape.cli.clock import now_us
from polytape.cli.gateway import budget_notice, connect, open_client
from polytape.cli.gateway_time import gateway_now
from polytape.cli.known_symbols import check_symbols
from polytape.cli.output import MADE_UP, note
from polytape.cli.stream import FATAL
from polytape.cli.watch import WatchRequest
from polytape.cli.watch_fetch import Failure, Result, Task, perform
from polytape.cli.watch_lines import lines_of
from polytape.cli.watch_screen import Output, choose_output
from polytape.cli.watch_table import WatchTable
from polytape.client.stream_session import StreamEvent, StreamNotice
from polytape.client.sync import PolygonClient
from polytape.errors import ConnectionError, DataFetchError
from polytape.model.symbols import parse_symbol

FETCHERS = 2
# The longest that a fetched result waits to be seen.
LOOK_S = 0.2
# Events taken before the screen has its turn.
MOST_EVENTS = 5_000


class Feed(Protocol):
    """What the loop needs of a stream."""

    def get(self, timeout_s: float) -> StreamEvent | None:
        """The next event, None where none comes in time."""
        ...


class NoFeed:
    """For one look at what is stored. `sleep` takes seconds."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep

    def get(self, timeout_s: float) -> StreamEvent | None:
        """Nothing, a little later."""
        self._sleep(min(timeout_s, 0.02))
        return None


@dataclass
class Watch:
    """A table, and what moves it. `fetch` gives the result of a task; `pool` runs it; `now` gives
    microseconds UTC. `count`: tables until it ends. `waiting` says what a fetch waits for, until
    one has come.
    """

    table: WatchTable
    feed: Feed
    output: Output
    fetch: Callable[[Task], Result]
    pool: Executor
    now: Callable[[], int]
    every_s: float
    count: int | None = None
    made_up: bool = False
    waiting: str = ""
    _results: list[Future[Result]] = field(default_factory=list)
    _shown: int = 0

    def run(self) -> None:
        """Take events and results, and show a table every so often, until `count` were shown.

        Raises: DataFetchError for what waiting cannot mend; ConnectionError without a gateway.
        """
        next_at = self.now()
        while self._shown != self.count:
            self._take()
            now = self.now()
            ready = self.output.live or self._shown or self.table.settled(self.now())
            if ready and now >= next_at:
                self._show(now)
                next_at = now + int(self.every_s * 1e6)

    def tell(self, text: str) -> None:
        """Say what a fetch waits for: in the table on a screen, whose lines are drawn over others;
        else on stderr.
        """
        if self.output.live:
            self.waiting = text
        else:
            note(text)

    def _take(self) -> None:
        """Whatever has come, waiting for it a moment; then what is due is fetched."""
        wait = min(LOOK_S, self.every_s)
        for _ in range(MOST_EVENTS):
            event = self.feed.get(wait)
            if event is None:
                break
            if isinstance(event, StreamNotice) and event.kind in FATAL:
                raise DataFetchError(event.detail)
            self.table.event(event, self.now())
            wait = 0.0
        for future in [one for one in self._results if one.done()]:
            self._results.remove(future)
            self.waiting = ""
            self.table.result(future.result(), self.now())
        tasks = self.table.due(self.now())
        self._results += [self.pool.submit(self.fetch, task) for task in tasks]

    def _show(self, now: int) -> None:
        width, _ = self.output.size()
        made_up = self.made_up and self.output.live
        lines = lines_of(self.table, now, width, made_up=made_up, waiting=self.waiting)
        if self.made_up and not self.output.live and not self._shown:
            note(MADE_UP)
        self.output.show(lines, self.table.health(now).state)
        self._shown += 1


def run_watch(request: WatchRequest, url: str | None) -> None:
    """Watch until ctrl-C, or as many tables as are wanted.

    Raises: ValidationError for what is no symbol; ConnectionError without a gateway; DataFetchError
    where it has no live bars.
    """
    symbols = list(dict.fromkeys(map(parse_symbol, request.symbols)))
    check_symbols(url, symbols, shows_each=True)
    output = choose_output(once=request.once)
    with ExitStack() as stack:
        watch = _opened(request, symbols, output, url, stack)
        stack.enter_context(output)
        watch.run()
    if request.once:
        _raise_if_nothing(watch.table, len(symbols))


def _opened(
    request: WatchRequest, symbols: list[str], output: Output, url: str | None, stack: ExitStack
) -> Watch:
    """The watch over a client and its stream, which `stack` closes."""
    client = stack.enter_context(open_client(url))
    with connect(url) as gateway:
        clock_lag_us = now_us() - gateway_now(gateway)
    pool = ThreadPoolExecutor(FETCHERS, thread_name_prefix="polytape-watch")
    stack.callback(pool.shutdown, wait=False, cancel_futures=True)
    notice = budget_notice(url, lambda text: watch.tell(text))  # noqa: PLW0108 - it is made below

    def fetch(task: Task) -> Result:
        with notice.noted():
            result = _performed(client, task, url)
        # A gateway over a stand-in knows it once that has answered.
        with suppress(ConnectionError):
            watch.made_up = watch.made_up or _is_made_up(client)
        return result

    watch = Watch(
        WatchTable(symbols, client.market, live=not request.once, clock_lag_us=clock_lag_us),
        NoFeed() if request.once else stack.enter_context(client.stream(symbols)),
        output,
        fetch,
        pool,
        now_us,
        request.every_s or output.every_s,
        1 if request.once else request.count,
        _is_made_up(client),
    )
    return watch


def _performed(client: PolygonClient, task: Task, url: str | None) -> Result:
    """The result of a task as of the gateway's now, which a replay may stop or make faster."""
    try:
        with connect(url) as gateway:
            now = gateway_now(gateway)
    except DataFetchError as error:
        return Failure(task, error)
    return perform(client, task, now)


def _is_made_up(client: PolygonClient) -> bool:
    """Whether the gateway's prices are invented; another server of its API says nothing of that.

    Raises: ConnectionError.
    """
    try:
        return bool(client.gateway_status().get("made_up"))
    except DataFetchError:
        return False


def _raise_if_nothing(table: WatchTable, symbols: int) -> None:
    """Raises: the error of the first symbol, where every one has one."""
    failures = table.failures()
    lost = next((f.error for f in failures if isinstance(f.error, ConnectionError)), None)
    if lost is not None:
        raise lost
    if len(failures) == symbols:
        raise failures[0].error
