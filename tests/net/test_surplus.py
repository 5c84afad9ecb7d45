"""A server that answers twice: what nobody asked for is nobody's answer."""

import select
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from polytape.net.http import SyncDriver
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


def body_of(driver: SyncDriver, path: str) -> bytes:
    def flow() -> Flow[bytes]:
        response = yield Request("GET", path)
        assert response is not None
        return response.body

    return driver.run(flow())


def test_a_surplus_response_is_not_the_next_requests(
    server: TwiceServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Its connection is closed; a right one is used again."""
    driver = SyncDriver(server.url)
    for path in ("/a", "/b", "/twice", "/c", "/twice", "/d"):
        assert body_of(driver, path) == path.encode()
    assert len(server.connections) == 3
    assert caplog.text.count("45 bytes more than its response") == 2
    driver.close()


def test_what_comes_while_nobody_asks_closes_the_connection(server: TwiceServer) -> None:
    """The pool looks before it uses one again."""
    driver = SyncDriver(server.url)
    assert body_of(driver, "/a") == b"/a"
    server.connections[0].sendall(SURPLUS)
    client = driver._pool()._transport._pool.connections[0]._connection  # type: ignore[attr-defined]
    stream = client._network_stream
    select.select([stream.get_extra_info("socket")], [], [], 5)  # until it has come
    assert body_of(driver, "/b") == b"/b"
    assert len(server.connections) == 2
    driver.close()
