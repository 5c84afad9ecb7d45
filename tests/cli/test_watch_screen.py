"""Where the watch draws."""

import os
import signal
import sys
from types import FrameType

import click
import pytest

from polytape.cli.watch_screen import ENTER, LEAVE, Lines, Screen, choose_output

TABLE = [" feed connected", " SYMBOL", " ──────", " AAPL", " SPY", " made up"]


@pytest.fixture
def size(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Columns and lines of the terminal."""
    now = [80, 24]
    monkeypatch.setattr("shutil.get_terminal_size", lambda _: os.terminal_size((now[0], now[1])))
    return now


def test_a_screen_is_drawn_over_itself(size: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    """And given back with the last table below."""
    with Screen() as screen:
        screen.show(TABLE, "connected")
        screen.show(TABLE, "silent")
    assert screen.size() == tuple(size)
    out = capsys.readouterr().out
    frames = out.split("\x1b[H")
    assert frames[0] == ENTER
    assert [click.unstyle(frame).splitlines()[0] for frame in frames[1:]] == [TABLE[0]] * 2
    assert all("\x1b[J" in frame for frame in frames[1:])
    assert click.unstyle(out.partition(LEAVE)[2]).splitlines() == TABLE


def test_the_cursor_comes_back_whatever_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C before the first table, too."""
    with pytest.raises(KeyboardInterrupt), Screen():
        raise KeyboardInterrupt
    assert capsys.readouterr().out == ENTER + LEAVE
    assert "\x1b[?25h" in LEAVE


def test_sigterm_ends_it_as_ctrl_c_does(capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal comes back, and so does whoever heard the signal before."""

    def earlier(number: int, _: FrameType | None) -> None:
        pytest.fail(f"signal {number} went past the screen")

    before = signal.signal(signal.SIGTERM, earlier)
    try:
        with pytest.raises(SystemExit) as ended, Screen():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is earlier
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 128 + signal.SIGTERM
    assert capsys.readouterr().out == ENTER + LEAVE


def test_a_small_screen_counts_what_it_does_not_show(
    size: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    """It may become small at any time."""
    screen = Screen()
    screen.show(TABLE, "connected")
    size[1] = 5
    screen.show(TABLE, "connected")
    last = click.unstyle(capsys.readouterr().out.split("\x1b[H")[-1])
    assert last.splitlines() == [*TABLE[:4], " ... 2 more lines"]


def test_lines_come_one_table_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    """Without codes for a terminal."""
    with Lines() as output:
        output.show(TABLE, "connected")
        output.show(TABLE, "connected")
    text = "\n".join(TABLE)
    assert capsys.readouterr().out == f"{text}\n\n{text}\n"
    assert output.size()[0] >= 80


@pytest.mark.parametrize(
    ("terminal", "term", "once", "kind"),
    [(True, "xterm", False, Screen), (True, "xterm", True, Lines), (False, "xterm", False, Lines),
     (True, "dumb", False, Lines), (True, None, False, Lines)],
)  # fmt: skip
def test_only_a_terminal_is_drawn_on(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, term: str | None, once: bool, kind: type
) -> None:
    """One look is lines anyway."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    if term is None:
        monkeypatch.delenv("TERM", raising=False)
    else:
        monkeypatch.setenv("TERM", term)
    assert type(choose_output(once=once)) is kind
