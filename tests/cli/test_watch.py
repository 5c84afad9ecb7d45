"""`polytape watch`, against a made-up market that runs fast."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from polytape.cli.watch_screen import ENTER, LEAVE
from polytape.cli.wiring import make_app, make_gateway
from polytape.gateway.server import running
from polytape.settings import Settings
from tests.cli.conftest import Run

pytestmark = pytest.mark.socket


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A made-up market: a minute in 100 ms."""
    settings = Settings(source="synthetic", store="none", speed=600.0)
    with running(make_app(settings, make_gateway(settings))) as address:
        yield address


def test_tables_of_live_prices_are_written_where_there_is_no_terminal(
    polytape: Run, url: str
) -> None:
    """Whole ones, one after the other, and what is made up says so."""
    options = ("--count", "2", "--every", "0.3", "--url", url)
    code, out, err = polytape("watch", "AAPL", "spy", "AAPL", *options)
    tables = [table.splitlines() for table in out.split("\n\n")]
    assert code == 0
    assert "made up" in err
    assert "\x1b" not in out
    assert [len(table) for table in tables] == [5, 5]
    for table in tables:
        assert table[0].startswith(" feed connected   New York")
        assert [line.split()[0] for line in table[3:]] == ["AAPL", "SPY"]
        assert not any(" - " in line for line in table)
    assert tables[0][0] < tables[1][0]


def test_one_look_needs_no_feed(polytape: Run, url: str) -> None:
    """What is stored, with its zones."""
    code, out, _ = polytape("watch", "AAPL", "NOPE1", "--once", "--url", url)
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith(" feed none   New York")
    assert lines[3].split()[0] == "AAPL"
    assert lines[5] == " NOPE1: the made-up market has no symbol NOPE1"


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("watch", 2, "name symbols"),
        ("watch APPL --once", 1, "there is no symbol APPL (did you mean AAPL?)"),
        ("watch *", 2, "name symbols"),
        ("watch A!", 2, "ticker"),
        ("watch AAPL --count 0", 2, "count"),
        ("watch AAPL --every 0", 2, "every"),
        ("watch NOPE1 NOPE2 --once", 1, "no symbol NOPE1"),
    ],
)
def test_wrong_use_is_one_line(polytape: Run, url: str, command: str, code: int, says: str) -> None:
    """That names what is wrong."""
    got, _, err = polytape(*command.split(), "--url", url)
    assert got == code
    assert says in err
    assert "Traceback" not in err


def test_a_gateway_without_live_bars_says_so(polytape: Run, gateway: str) -> None:
    """One look works all the same."""
    code, out, err = polytape("watch", "AAPL", "--url", gateway)
    assert (code, out) == (1, "")
    assert "no live bars" in err
    assert polytape("watch", "AAPL", "--once", "--url", gateway)[0] == 0


def test_no_gateway_is_one_line_that_says_how_to_start_one(
    polytape: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for every command."""
    monkeypatch.setattr("polytape.client.config.PolygonClientConfig.MAX_RETRIES", 0)
    code, _, err = polytape("watch", "AAPL", "--url", "http://127.0.0.1:9")
    assert (code, "polytape serve starts one" in err) == (1, True)


@pytest.mark.process
def test_ctrl_c_gives_the_terminal_back(url: str) -> None:
    """The cursor is there again, with the last table below, and the exit code is the shells'."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "polytape", "watch", "AAPL", "--url", url]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    out = _read_until(ours, b"feed connected")
    process.send_signal(signal.SIGINT)
    out += _read_until(ours, b"stopped")
    os.close(ours)
    assert process.wait(10) == 130
    text = out.decode()
    assert text.startswith(ENTER)
    assert text.count(LEAVE) == 1
    assert "AAPL" in text.partition(LEAVE)[2]


def _read_until(terminal: int, text: bytes) -> bytes:
    """What is written to a terminal, through a text at least."""
    out = b""
    while text not in out:
        out += os.read(terminal, 65_536)
    return out
