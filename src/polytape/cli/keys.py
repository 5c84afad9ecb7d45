"""Single keys of a terminal, without waiting for a line."""

import select
import sys
import time
from typing import Protocol

from polytape.client.closing import Closing


class Keys(Protocol):
    """Where keys come from."""

    def wait(self, seconds: float) -> str:
        """The next key, "" where none is pressed within so many seconds."""
        ...


class NoKeys(Closing):
    """Of an output that nobody sits at."""

    def wait(self, seconds: float) -> str:
        """No key, so many seconds later."""
        time.sleep(seconds)
        return ""

    def close(self) -> None:
        """Nothing."""


class TerminalKeys(Closing):
    """Those of the terminal at stdin, which shows them not; afterwards it is as it was before."""

    def __init__(self) -> None:
        import termios
        import tty

        self._descriptor = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor)

    def wait(self, seconds: float) -> str:
        """The next key, "" where none is pressed within so many seconds."""
        readable, _, _ = select.select([self._descriptor], [], [], seconds)
        return sys.stdin.read(1) if readable else ""

    def close(self) -> None:
        """Lines again, that are shown."""
        import termios

        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)


def choose_keys() -> TerminalKeys | NoKeys:
    """Those of the terminal, where there is one that can give single keys; Windows has ctrl-C."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        return NoKeys()
    return TerminalKeys()
