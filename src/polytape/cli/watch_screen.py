"""Where the table of `polytape watch` is drawn: over itself on a terminal, else line after line."""

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn, Protocol, Self, TypeAlias

import click

from polytape.client.closing import Closing

Handler: TypeAlias = Callable[[int, FrameType | None], object] | int | None
# The alternate screen, with the cursor hidden and no wrapping of lines; and back.
ENTER, LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
HOME, TO_LINE_END, TO_SCREEN_END = "\x1b[H", "\x1b[K", "\x1b[J"
COLOURS = {"connected": "green", "connecting": "yellow", "gap": "yellow", "lag": "yellow"}


class Output(Protocol):
    """Where tables go. `live`: it is looked at, so that a table may be drawn before it is whole."""

    live: bool
    every_s: float

    def size(self) -> tuple[int, int]:
        """Columns and lines of it now."""
        ...

    def show(self, lines: list[str], state: str) -> None:
        """Show a table: the state of the feed, the head and a rule, rows, remarks."""
        ...


class Lines(Closing):
    """Tables one after the other."""

    live, every_s = False, 60.0

    def __init__(self) -> None:
        self._any = False

    def size(self) -> tuple[int, int]:
        """Of a file as many as there are."""
        return 200, 1_000_000

    def show(self, lines: list[str], state: str) -> None:  # noqa: ARG002 - colours are a screen's
        """With an empty line between two tables."""
        if self._any:
            click.echo()
        self._any = True
        click.echo("\n".join(lines))
        sys.stdout.flush()

    def close(self) -> None:
        """Nothing: it was written to as any program does."""


class Screen(Closing):
    """One table on a terminal, drawn over itself. Whatever ends it, SIGTERM too, the cursor and the
    text that was there before come back, and the last table stays below it.
    """

    live, every_s = True, 1.0

    def __init__(self) -> None:
        self._last: list[str] = []
        self._before: Handler = None

    def size(self) -> tuple[int, int]:
        """Of the terminal now: it may have been resized."""
        size = shutil.get_terminal_size((80, 24))
        return size.columns, size.lines

    def show(self, lines: list[str], state: str) -> None:
        """Lines below the screen's end are counted, not drawn."""
        _, height = self.size()
        self._last = [
            click.style(lines[0], fg=COLOURS.get(state, "red")),
            click.style(lines[1], bold=True),
            *lines[2:],
        ]
        shown = self._last
        if len(lines) > height:
            shown = [*shown[: height - 1], f" ... {len(lines) - height + 1} more lines"]
        frame = f"{TO_LINE_END}\n".join(shown)
        self._write(f"{HOME}{frame}{TO_LINE_END}{TO_SCREEN_END}")

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, _end)
        self._write(ENTER)
        return self

    def close(self) -> None:
        """Give the terminal back."""
        self._write(LEAVE)
        if self._last:
            self._write("\n".join([*self._last, ""]))
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _write(self, text: str) -> None:
        click.echo(text, nl=False, color=True)
        sys.stdout.flush()


def _end(number: int, _: FrameType | None) -> NoReturn:
    """A signal that would end the process at once ends it by way of every `with` block."""
    raise SystemExit(128 + number)


def choose_output(*, once: bool) -> Lines | Screen:
    """A screen where the output is a terminal, and more than one table comes."""
    drawable = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return Screen() if drawable and not once else Lines()
