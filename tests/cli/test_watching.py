"""The loop of the watch, with a feed, a pool and a clock that the test turns."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from polytape.cli.watch_fetch import Failure, Result, Task
from polytape.cli.watch_table import WatchTable
from polytape.cli.watching import NoFeed, Watch
from polytape.client.stream_session import StreamEvent, StreamNotice
from polytape.errors import ConnectionError, DataFetchError, NotFoundError
from tests.cli.watch_parts import OPEN, SUBSCRIBED, history, minute, zone, zones
from tests.conftest import MARKET


class Clock:
    """Microseconds that pass when somebody waits."""

    def __init__(self) -> None:
        self.now = OPEN

    def __call__(self) -> int:
        return self.now


class Feed:
    """Events one by one; None is a moment without one. In the end nothing comes any more."""

    def __init__(self, clock: Clock, *events: StreamEvent | None) -> None:
        self._clock, self._events = clock, list(events)

    def get(self, timeout_s: float) -> StreamEvent | None:
        event = self._events.pop(0) if self._events else None
        if event is None:
            self._clock.now += int(timeout_s * 1e6)
        return event


class Recorder:
    """An output that keeps what it is shown."""

    every_s = 1.0

    def __init__(self, *, live: bool) -> None:
        self.live = live
        self.tables: list[list[str]] = []

    def size(self) -> tuple[int, int]:
        return 80, 24

    def show(self, lines: list[str], state: str) -> None:
        self.tables.append(lines)


class AtOnce(Executor):
    """A pool that has done everything at once."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def fetched(task: Task) -> Result:
    if task.symbol == "NOPE":
        return Failure(task, NotFoundError("no symbol NOPE"))
    if task.what == "zones":
        return zones(zone(11.0, 12.0), as_of=task.as_of)
    return history(3)


def watch(
    *events: StreamEvent | None,
    live: bool = False,
    count: int | None = 1,
    symbols: tuple[str, ...] = ("AAPL",),
    fetch: Callable[[Task], Result] = fetched,
) -> tuple[Watch, Recorder, Clock]:
    clock, output = Clock(), Recorder(live=live)
    table = WatchTable(symbols, MARKET)
    loop = Watch(table, Feed(clock, *events), output, fetch, AtOnce(), clock, 1.0, count)
    return loop, output, clock


def test_lines_wait_until_the_table_is_whole() -> None:
    """Then one comes every so often."""
    loop, output, clock = watch(None, SUBSCRIBED, minute(3), None, None, count=3)
    loop.run()
    assert len(output.tables) == 3
    assert all(table[3].startswith(" AAPL    10.00   +2.00") for table in output.tables)
    assert 2_000_000 <= clock.now - OPEN < 4_000_000


def test_a_screen_shows_what_is_there_at_once() -> None:
    """With dashes for what is not."""
    loop, output, _ = watch(None, SUBSCRIBED, minute(3), live=True, count=2)
    loop.run()
    assert [table[0].strip() for table in output.tables] == [
        "feed connecting   New York Tue 2024-07-02 09:30",
        "feed connected   New York Tue 2024-07-02 09:34",
    ]  # fmt: skip
    assert output.tables[0][3].split()[1:] == ["-"] * 8


def test_a_symbol_that_is_not_there_does_not_hold_up_the_others() -> None:
    """Its row says why."""
    loop, output, _ = watch(SUBSCRIBED, symbols=("AAPL", "NOPE"))
    loop.run()
    assert output.tables[0][4].split() == ["NOPE", *["-"] * 8]
    assert output.tables[0][5] == " NOPE: no symbol NOPE"


@pytest.mark.parametrize("kind", ["error", "refused"])
def test_what_waiting_cannot_mend_ends_it(kind: str) -> None:
    """In the gateway's words."""
    loop, _, _ = watch(StreamNotice(kind, "this source has no live bars"))
    with pytest.raises(DataFetchError, match="no live bars"):
        loop.run()


def test_a_busy_feed_does_not_keep_the_screen_from_being_drawn() -> None:
    """Events are taken in bounded lots, and each lot has its turn."""
    busy = [minute(300 - n % 3) for n in range(12_000)]
    loop, output, _ = watch(SUBSCRIBED, *busy, live=True, count=2)
    loop.run()
    assert len(output.tables) == 2


def test_what_is_waited_for_is_said_until_something_has_come(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On a screen in the table, whose lines are drawn over others; else on stderr."""
    loop, output, _ = watch(None, SUBSCRIBED, None, None, live=True, count=4)
    loop.tell("waiting up to 43 s")
    loop._show(0)
    assert " waiting up to 43 s" in output.tables[0]
    loop.run()
    assert not any("waiting" in line for line in output.tables[-1])
    assert capsys.readouterr().err == ""
    lines, shown, _ = watch()
    lines.tell("waiting up to 43 s")
    lines._show(0)
    assert capsys.readouterr().err == "waiting up to 43 s\n"
    assert not any("waiting" in line for line in shown.tables[0])


def test_a_bug_in_a_fetch_is_not_hidden() -> None:
    """It ends the watch with its traceback."""

    class Breaks(AtOnce):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(ZeroDivisionError())
            return future

    loop, _, _ = watch(SUBSCRIBED)
    loop.pool = Breaks()
    with pytest.raises(ZeroDivisionError):
        loop.run()


def test_a_lost_line_is_told_and_the_last_values_stay() -> None:
    """It is the client's job to open it again."""
    lost = StreamNotice("disconnected", "gone")
    loop, output, _ = watch(SUBSCRIBED, None, lost, count=2)
    loop.run()
    assert output.tables[1][0].startswith(" feed disconnected   New York")
    assert output.tables[1][3].startswith(" AAPL    10.00")


def test_without_a_feed_it_waits_by_the_clock_it_is_given() -> None:
    """A moment at a time."""
    slept: list[float] = []
    assert NoFeed(slept.append).get(0.2) is None
    assert NoFeed(slept.append).get(0) is None
    assert slept == [0.02, 0]


def test_connection_errors_are_of_the_whole_gateway() -> None:
    """They are kept with their symbol while the feed is listened to."""
    loop, output, _ = watch(SUBSCRIBED, fetch=lambda task: Failure(task, ConnectionError("gone")))
    loop.run()
    assert output.tables[0][-1] == " AAPL: gone"
