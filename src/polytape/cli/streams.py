"""The process's three streams, made fit to be written to whatever the shell did with them."""

import os
import sys
from contextlib import suppress
from typing import Literal, TextIO


def open_streams() -> None:
    """Give a stream that was closed (`>&-`) a stand-in: what is written to stdout then is an error,
    as it is for every other program; nothing is read of stdin. A terminal or pipe that cannot show
    a character shows its code.
    """
    # A file that is opened later must not become the stream: its number is taken first.
    if sys.stdin is None:
        sys.stdin = _nowhere(os.O_RDONLY, "r")
    if sys.stdout is None:
        sys.stdout = _nowhere(os.O_RDONLY, "w")
    if sys.stderr is None:
        sys.stderr = _nowhere(os.O_WRONLY, "w")
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # one that is no file, as in a notebook
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _nowhere(flags: int, mode: Literal["r", "w"]) -> TextIO:
    """A stream for the process's life. One that may only be read and is written to is an error."""
    return os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8")


def abandon_stdout() -> None:
    """Nothing more can be written there; the interpreter would try once more at its end."""
    with suppress(OSError, ValueError, AttributeError):  # one without a number has no such end
        number = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
