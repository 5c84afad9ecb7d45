"""Until when a thread may wait for a server, and ending that from outside before.

A stop travels as a context variable from who starts the work into the thread that waits, and cuts
the connection that it waits on: no thread has to look again and again.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from polytape.errors import DataFetchError

# Who is not known, or does not take a connection, in this time has no time for a request either.
CONNECT_S = 10.0
NOBODY_WAITS = "nobody waits for this answer any more"


class Stop:
    """Ends what one thread does. `stop` may be called from any thread, and more than once."""

    __slots__ = ("_lock", "_socket", "stopped")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.stopped = False

    def stop(self) -> None:
        """End it: the connection that the thread waits on is cut, and it begins no other."""
        with self._lock:
            self.stopped = True
            if self._socket is not None:
                cut(self._socket)

    def check(self) -> None:
        """Go on where it is not stopped. Raises: DataFetchError."""
        if self.stopped:
            raise DataFetchError(NOBODY_WAITS)

    def wait_on(self, connection: socket.socket | None) -> None:
        """The thread waits on this connection from now on; None: on none, it may serve others.

        Raises: DataFetchError where it was stopped before.
        """
        with self._lock:
            self._socket = connection
        if connection is not None:
            self.check()


_STOP: ContextVar[Stop | None] = ContextVar("polytape_stop", default=None)


def current_stop() -> Stop | None:
    """That of the work at hand; None where nobody can end it."""
    return _STOP.get()


@contextmanager
def stopped_by(stop: Stop) -> Iterator[None]:
    """What is done inside may be ended by `stop`."""
    before = _STOP.set(stop)
    try:
        yield
    finally:
        _STOP.reset(before)


class Deadlines(threading.local):
    """Of each thread: until when its request may last, and who may end it before."""

    ends: float | None = None
    stop: Stop | None = None

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic

    @contextmanager
    def until(self, ends: float) -> Iterator[None]:
        """What this thread sends and reads inside ends by then, seconds of the clock."""
        self.ends, self.stop = ends, current_stop()
        try:
            yield
        finally:
            self.release()

    def release(self) -> None:
        """The connection goes back to the pool: a stop of this request is none of its next one."""
        stop, self.ends, self.stop = self.stop, None, None
        if stop is not None:
            stop.wait_on(None)

    def left(self) -> float | None:
        """Seconds that are left of the request at hand."""
        return None if self.ends is None else self.ends - self._monotonic()

    def cut(self, timeout: float | None) -> float | None:
        """A time-out of a step, no longer than what is left. Raises: TimeoutError."""
        left = self.left()
        if left is None:
            return timeout
        if left <= 0:
            raise TimeoutError
        return left if timeout is None else min(timeout, left)


def cut(connection: socket.socket) -> None:
    """End a connection in both directions: a thread that waits on it wakes up. The thread closes it
    itself: a number that is closed here could be another file's by the time it is read.
    """
    with suppress(OSError):  # it has ended already
        # TLS would send a farewell, and drop its state under the thread that reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
