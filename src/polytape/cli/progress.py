"""How far long work is, on stderr: a bar with what is left of the time, or lines where that is no
terminal.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

# A log that is read later needs no more of them.
LINE_EVERY_S = 15.0


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[object], None]]:
    """What is yielded is called with each thing that is done."""
    with counted_progress(what) as show:
        done = 0

        def one_more(name: object) -> None:
            nonlocal done
            done += 1
            show(done, total, str(name))

        show(0, total, "")
        yield one_more


@contextmanager
def counted_progress(what: str) -> Iterator[Callable[[int, int | None, str], None]]:
    """What is yielded is called with how many are done, of how many (None: not known), and the name
    of the last one.
    """
    if not sys.stderr.isatty():
        yield _Lines(what)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(what),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None)
        yield lambda done, total, name: shown.update(
            task, completed=done, total=total, description=name
        )


class _Lines:
    """A line now and then, for a log."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._next = time.monotonic() + LINE_EVERY_S

    def __call__(self, done: int, total: int | None, name: str) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + LINE_EVERY_S
            of = "" if total is None else f" of {total:,}"
            click.echo(f"{done:,}{of} {self._what}: {name}", err=True)
