"""A server that answers twice: what nobody asked for is nobody's answer."""

import select
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from polytape.net.http import SyncDriver
from polytape.net.local_transport import LocalTransport
from polytape.wire.flow import Flow, Request

pytestmark = pytest.mark.socket

SURPLUS = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsurplus"


@dataclass
class TwiceServer:
    """Answers each path with itself; a path that ends in `twice` with more than that, at once or
    once it is told to. `chunked`: in chunks.
    """

    chunked: bool = False
    connections: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        head = b""
        try:
            while more := connection.recv(65_536):
                head += more
                if head.endswith(b"\r\n\r\n"):
                    path, head = head.split(b" ")[1], b""
                    extra = SURPLUS if path.endswith(b"twice") else b""
                    connection.sendall(self._response(path) + extra)
        except OSError:
            pass  # the client closed it under us, as it should

    def _response(self, body: bytes) -> bytes:
        if self.chunked:
            chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@pytest.fixture(params=[False, True], ids=["length", "chunked"])
def server(request: pytest.FixtureRequest) -> Iterator[TwiceServer]:
    made = TwiceServer(request.param)
    yield made
    made.close()


@pytest.fixture(params=[False, True], ids=["httpx2", "quick"])
def driver(request: pytest.FixtureRequest, server: TwiceServer) -> Iterator[SyncDriver]:
    made = SyncDriver(server.url, quick=request.param)
    yield made
    made.close()


def connection_of(driver: SyncDriver) -> socket.socket:
    """The only connection that a driver has."""
    transport: Any = driver._transport
    if isinstance(transport, LocalTransport):
        return transport._idle[0]._socket
    stream = transport._pool()._transport._pool.connections[0]._connection._network_stream
    found: socket.socket = stream.get_extra_info("socket")
    return found


def body_of(driver: SyncDriver, path: str) -> bytes:
    def flow() -> Flow[bytes]:
        response = yield Request("GET", path)
        assert response is not None
        return response.body

    return driver.run(flow())


def test_a_surplus_response_is_not_the_next_requests(
    server: TwiceServer, driver: SyncDriver, caplog: pytest.LogCaptureFixture
) -> None:
    """Its connection is closed; a right one is used again."""
    for path in ("/a", "/b", "/twice", "/c", "/twice", "/d"):
        assert body_of(driver, path) == path.encode()
    assert len(server.connections) == 3
    assert caplog.text.count("45 bytes more than its response") == 2


def test_what_comes_while_nobody_asks_closes_the_connection(
    server: TwiceServer, driver: SyncDriver
) -> None:
    """The pool looks before it uses one again."""
    assert body_of(driver, "/a") == b"/a"
    server.connections[0].sendall(SURPLUS)
    select.select([connection_of(driver)], [], [], 5)  # until it has come
    assert body_of(driver, "/b") == b"/b"
    assert len(server.connections) == 2
