"""Raw servers on the loopback that send what no HTTP library would, as slowly as they like."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain, repeat

from polytape.net.http import SyncDriver
from polytape.net.walk import WalkLimits
from polytape.upstream.budget.budget import Budget
from polytape.upstream.polygon.connection import MOST_WALK_BYTES, POLICIES, VendorConnection

OK = b"HTTP/1.1 200 OK\r\n"
# Longer than any test waits: a server that is silent wakes up when the test is over.
EVER_S = 30.0

Behave = Callable[["SlowServer", socket.socket, bytes], None]


class SlowServer:
    """Takes connections, reads one request of each, and behaves. `over` is set at the test's end."""

    def __init__(self, behave: Behave) -> None:
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._open: list[socket.socket] = []
        self.over = threading.Event()
        self.requests: list[bytes] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self.over.set()
        with suppress(OSError):  # wakes the thread that accepts
            socket.create_connection(self._listener.getsockname(), 1).close()
        self._threads[0].join()
        self._listener.close()
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        while not self.over.is_set():
            connection, _ = self._listener.accept()
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(EVER_S)
            while not self.over.is_set() and (request := connection.recv(65_536)):
                self.requests.append(request)
                self._behave(self, connection, request)


@contextmanager
def slow_server(behave: Behave) -> Iterator[SlowServer]:
    """One that runs until the test is over."""
    server = SlowServer(behave)
    try:
        yield server
    finally:
        server.close()


def drip(head: bytes, endless: bytes = b"x", every_s: float = 0.01) -> Behave:
    """A head at once, then a byte now and then, for ever."""

    def behave(server: SlowServer, connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        for byte in chain.from_iterable(repeat(endless)):
            connection.sendall(bytes([byte]))
            if server.over.wait(every_s):
                return

    return behave


def flood(head: bytes, part: bytes) -> Behave:
    """A head, then as much as the other side takes, for ever."""

    def behave(server: SlowServer, connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        while not server.over.is_set():
            connection.sendall(part)

    return behave


def silence(server: SlowServer, _: socket.socket, __: bytes) -> None:
    """Nothing, for ever."""
    server.over.wait(EVER_S)


def answer(body: bytes, *heads: bytes, status: bytes = OK) -> bytes:
    """A whole response."""
    head = b"".join(line + b"\r\n" for line in heads)
    return status + head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def vendor(
    url: str,
    seconds: float = 0.3,
    most_bytes: int = MOST_WALK_BYTES,
    *,
    key: str = "any",
    tries: int = 5,
) -> VendorConnection:
    """The real connection, with limits of its own, that waits for a moment between two tries."""
    limits = {patient: WalkLimits(seconds, most_bytes, patient) for patient in (False, True)}
    policies = {
        background: replace(policy, backoff_s=0.01, max_retries=tries - 1)
        for background, policy in POLICIES.items()
    }
    budget = Budget.of(100_000, 1.0)
    return VendorConnection(SyncDriver(url), budget, key, policies=policies, limits=limits)
