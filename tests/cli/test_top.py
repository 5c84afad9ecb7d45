"""`polytape top`: what a gateway does now, on a screen of 80 columns or wider."""

import os
import sys
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import msgspec
import pytest

from polytape.cli.keys import NoKeys, choose_keys
from polytape.cli.top_loop import Top
from polytape.cli.top_view import Sample, View, lines_of
from polytape.errors import ConnectionError
from polytape.gateway.gateway import Gateway
from polytape.model.market import Market
from polytape.upstream.synthetic.source import Synthetic
from tests.cli.conftest import Run
from tests.conftest import gateway_of

URL = "http://localhost:8200"


@pytest.fixture(scope="module")
def status(market: Market, synthetic: Synthetic) -> dict[str, Any]:
    """Of a gateway with as many routes as it shows."""
    gateway: Gateway = gateway_of(synthetic.upstream(), market)
    for number in range(30):
        route = f"/api/v1/history/{number:02}/{{symbol}}/with/a/long/template"
        for _ in range(1_234):
            gateway.metrics.count(route, 200, 0.001 * 1.2**number)
    gateway.metrics.delivery.observe(0.002)
    gateway.live.lag_seconds = 61.0
    said: dict[str, Any] = msgspec.to_builtins(gateway.status())
    gateway.close()
    return said


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 50), (40, 6)])
def test_a_view_fits_the_screen(status: dict[str, Any], width: int, height: int) -> None:
    """The slowest routes first, as many as there is room for."""
    busy = status | {"bars_served": 10**12, "requests": 10**9, "cached_bytes": 10**12}
    lines = lines_of(View(URL, Sample(1.0, busy)), width, height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    if height > 20:
        rows = [line for line in lines if "/api/v1/history/" in line]
        assert rows[0].startswith("/api/v1/history/29/")
        assert rows[0].endswith("1,234")
        assert "200 ms" in rows[0]
        assert len(rows) >= 13


def test_it_says_what_a_reader_wants_to_know(status: dict[str, Any]) -> None:
    text = "\n".join(lines_of(View(URL, Sample(1.0, status)), 80, 24))
    for figure in ("in flight", "hit rate -", "100 of 100 left", "0 clients", "lag 61 s",
                   "delivery p99 2 ms", "backfill 0", "source synthetic", "REQ/S"):  # fmt: skip
        assert figure in text


def test_rates_are_of_the_time_between_two_views(status: dict[str, Any]) -> None:
    """Of one run of the gateway: after a start they are the gateway's own, of the last minute."""
    before = Sample(1.0, status)
    later = status | {
        "requests": status["requests"] + 50,
        "uptime_seconds": status["uptime_seconds"] + 2,
    }
    assert "requests  25/s" in lines_of(View(URL, Sample(3.0, later), before), 80, 24)[1]
    anew = later | {"started_at": "2026-11-23T16:00:00Z"}
    own = status["activity"] | {"requests_per_second": 7.5}
    lines = lines_of(View(URL, Sample(3.0, anew | {"activity": own}), before), 80, 24)
    assert "requests  7.5/s" in lines[1]


def test_a_gateway_of_another_version_says_less(status: dict[str, Any]) -> None:
    """What it does not say is a dash, and no error."""
    old = {name: value for name, value in status.items() if name != "activity"}
    lines = lines_of(View(URL, Sample(1.0, old)), 80, 24)
    assert "requests  -, - in flight" in lines[1]
    assert lines_of(View(URL, Sample(1.0, {})), 80, 24)[0].startswith(URL)


class Scripted(Executor):
    """Runs at once, in the thread that asks."""

    def submit(self, fn: Any, /, *args: Any, **named: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **named))
        except ConnectionError as error:
            future.set_exception(error)
        return future


class Screen:
    """Remembers what it showed."""

    live, every_s = True, 1.0

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []

    def size(self) -> tuple[int, int]:
        return 80, 24

    def show(self, lines: list[str], state: str) -> None:
        self.shown.append((lines[0], state))


class Keys:
    """Keys as a test presses them, one a wait; a wait moves the clock."""

    def __init__(self, keys: str = "") -> None:
        self.left, self.seconds = list(keys), 0.0

    def wait(self, seconds: float) -> str:
        self.seconds += seconds
        return self.left.pop(0) if self.left else ""


def top_of(answers: list[Any], keys: Keys, pool: Executor | None = None) -> tuple[Top, Screen]:
    screen = Screen()

    def fetch() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    pool = pool or Scripted()
    return Top(View(URL), fetch, screen, keys, pool, 1.0, lambda: keys.seconds), screen


def test_a_gateway_that_dies_and_returns_is_waited_for(status: dict[str, Any]) -> None:
    """It is said that it does not answer, why and for how long; then that it is back."""
    gone = ConnectionError("could not reach it", url=URL)
    top, screen = top_of([status, gone, gone, status, *[status] * 11], Keys())
    top.run(15)
    titles, states = zip(*screen.shown, strict=True)
    assert states[:4] == ("connected", "gone", "gone", "connected")
    assert titles[1].startswith(f"{URL} · no answer for 1 s: could not reach it")
    assert "no answer for 2 s" in titles[2]
    assert "back after 3 s" in titles[3]
    assert "back after" in titles[12]
    assert "back after" not in titles[14]


@pytest.mark.parametrize("keys", ["q", "Q", "xq"])
def test_q_ends_it(status: dict[str, Any], keys: str) -> None:
    """Another key is the next view."""
    top, screen = top_of([status] * 5, Keys(keys))
    top.run()
    assert len(screen.shown) == len(keys)


def test_q_ends_it_while_an_answer_is_waited_for(status: dict[str, Any]) -> None:
    """A gateway that hangs keeps nobody."""

    class Never(Executor):
        def submit(self, fn: Any, /, *args: Any, **named: Any) -> "Future[Any]":
            return Future()

    keys = Keys("xxq")
    top, screen = top_of([status], keys, Never())
    top.run()
    assert (screen.shown, keys.left) == ([], [])
    assert keys.seconds < 1.0


@pytest.mark.socket
def test_once_prints_one_view(gateway: str, polytape: Run) -> None:
    code, out, err = polytape("top", gateway, "--once")
    assert (code, err) == (0, "")
    assert out.startswith(f"{gateway} · up ")
    assert max(map(len, out.splitlines())) <= 80
    assert all(word in out for word in ("requests", "errors", "budget"))


def test_without_a_gateway_it_says_what_starts_one(polytape: Run) -> None:
    code, out, err = polytape("top", "http://127.0.0.1:9", "--once")
    assert (code, out) == (1, "")
    assert "polytape serve starts one" in err
    assert err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no terminals of this kind")
def test_single_keys_of_a_terminal_which_is_then_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a line end, and not shown."""
    import pty
    import termios

    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    with os.fdopen(theirs) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with choose_keys() as keys:
            assert keys.wait(0.0) == ""
            os.write(ours, b"q")
            assert keys.wait(5.0) == "q"
            assert not termios.tcgetattr(theirs)[3] & (termios.ECHO | termios.ICANON)
        assert termios.tcgetattr(theirs) == before
    os.close(ours)


def test_where_nobody_sits_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with choose_keys() as keys:
            assert isinstance(keys, NoKeys)
            assert keys.wait(0.0) == ""
