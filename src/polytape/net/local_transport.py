"""Plain HTTP to a server on this machine, over sockets of its own: no TLS, no proxy, no name to
look up. A short request takes a quarter of the time that it takes by httpx2, a long body a sixth.

It promises what `httpx_transport` does: every step of a request ends by one instant, whoever waits
can be cut, and no connection is used again on which more came than a response.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

from polytape.errors import ConnectionError, IncompleteDataError, PolygonClientError
from polytape.net.bodies import body_of_status, too_large
from polytape.net.deadlines import Deadlines
from polytape.net.local_connection import LocalConnection, open_connection
from polytape.wire import http1
from polytape.wire.flow import Request, Response
from polytape.wire.texts import shown

log = logging.getLogger(__name__)

MOST_CONNECTIONS, MOST_IDLE = 128, 32
# Shorter than a gateway waits for another request.
IDLE_S = 15.0
LOCALHOST = ("127.0.0.1", "::1")


class LocalTransport:
    """Connections to one server. Usable from many threads; a forked child opens its own."""

    def __init__(self, base: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        parts = urlsplit(base)
        self._base, self._path, self._host = base, parts.path, parts.netloc
        name, self._port = parts.hostname or "", parts.port or 80
        self._addresses = LOCALHOST if name.endswith("localhost") else (name,)
        self._monotonic = monotonic
        self._deadlines = Deadlines(monotonic)
        # The one that was used last is the last.
        self._idle: list[LocalConnection] = []
        self._busy: set[LocalConnection] = set()
        self._begin()

    def send(self, request: Request, ends: float) -> Response:
        """As `Transport.send`."""
        if self._owner != os.getpid():
            self._begin()
        url, room = self._base + request.path, self._room
        with self._deadlines.until(ends), _translated(url, sent=False):
            if not room.acquire(timeout=self._deadlines.left()):
                raise TimeoutError
            try:
                connection = self._take()
                try:
                    with _translated(url):
                        return self._exchange(connection, request, url)
                finally:
                    self._deadlines.release()
                    self._give_back(connection)
            finally:
                room.release()

    def close(self) -> None:
        """As `Transport.close`."""
        with self._lock:
            idle, busy, self._idle, self._busy = self._idle, self._busy, [], set()
        if self._owner == os.getpid():
            for connection in idle:
                connection.close()
            for connection in busy:
                connection.cut()

    def _begin(self) -> None:
        """Have no connection."""
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._idle, self._busy = [], set()

    def _exchange(self, connection: LocalConnection, request: Request, url: str) -> Response:
        connection.send(http1.encode_request(request, self._host, self._path))
        head = connection.read_head(request.method)
        with _translated(url, reading=True):
            body, is_whole = _read_body(connection, head, request, url)
        connection.reusable = head.reusable and is_whole and not connection.surplus
        if is_whole and connection.surplus:
            log.warning("%s sent %d bytes more than its response: its connection is closed",
                        self._host, connection.surplus)  # fmt: skip
        return Response(head.status, head.headers, body)

    def _take(self) -> LocalConnection:
        """A connection that nobody uses, or a new one. Raises: OSError."""
        now = self._monotonic()
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
                if connection is not None:
                    self._busy.add(connection)
            if connection is None:
                return self._connect()
            if now - connection.idle_since < IDLE_S and connection.is_silent():
                return connection
            self._give_back(connection)

    def _connect(self) -> LocalConnection:
        busy, failure = self._busy, OSError()
        for address in self._addresses:
            try:
                connection = open_connection((address, self._port), self._deadlines)
            except OSError as error:
                failure = error
                continue
            with self._lock:
                if busy is self._busy:
                    busy.add(connection)
                    return connection
            connection.close()
            raise OSError("the connections were closed")
        raise failure

    def _give_back(self, connection: LocalConnection) -> None:
        """Keep a connection for the next request, where that may use it."""
        connection.idle_since = self._monotonic()
        with self._lock:
            is_ours = connection in self._busy
            self._busy.discard(connection)
            reusable, connection.reusable = connection.reusable, False
            if is_ours and reusable and len(self._idle) < MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()


def _read_body(
    connection: LocalConnection, head: http1.Head, request: Request, url: str
) -> tuple[bytes | bytearray, bool]:
    """The body, and whether it was read to its end: of an error's the beginning is enough."""
    encoding, length = head.headers.get("content-encoding", ""), head.length
    if head.status == HTTPStatus.OK and not encoding and (length or 0) <= request.most_bytes:
        return _read_plain(connection, head, request, url), True
    body = body_of_status(url, head.status, encoding, request.most_bytes)
    for part in connection.parts(head):
        body.feed(part)
        if body.full:
            return body.end(), False
    return body.end(), True


def _read_plain(
    connection: LocalConnection, head: http1.Head, request: Request, url: str
) -> bytearray:
    """A body that is what was sent, in memory of its own.

    Raises: DataFetchError for more bytes than the request allows.
    """
    if head.length is not None:
        return connection.read_exactly(head.length)
    # Into one piece as it comes: to join the pieces of a long answer takes as long as to read them.
    whole = bytearray()
    for part in connection.parts(head):
        whole += part
        if len(whole) > request.most_bytes:
            raise too_large(url, request.most_bytes)
    return whole


@contextmanager
def _translated(url: str, *, sent: bool = True, reading: bool = False) -> Iterator[None]:
    """What the system and the parser say, as our errors.

    Raises: IncompleteDataError for what breaks while a body is read, else ConnectionError.
    """
    try:
        yield
    except PolygonClientError:  # some are the system's, too
        raise
    except TimeoutError as error:
        raise ConnectionError(f"no answer from {url} in time", url=url, sent=sent) from error
    except (OSError, http1.ProtocolError) as error:
        why = shown(str(error)) or type(error).__name__
        if reading:
            raise IncompleteDataError(f"the answer from {url} broke off: {why}") from error
        raise ConnectionError(f"could not reach {url}: {why}", url=url, sent=sent) from error
