"""The short way to a server on this machine: it gives what httpx2 gives, whatever the server does."""

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import ConnectionError, DataFetchError, PolygonClientError
from polytape.net.deadlines import Deadlines
from polytape.net.http import SyncDriver
from polytape.net.local_connection import LocalConnection
from polytape.net.local_transport import LocalTransport
from polytape.wire.flow import Flow, Request, Response

pytestmark = pytest.mark.socket

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PACKED = gzip.compress(b"hello" * 100)
RESPONSES: dict[str, bytes] = {
    "/length": OK + b"X-Thing: a\r\nx-thing: b\r\nContent-Length: 5\r\n\r\nhello",
    "/empty": OK + b"Content-Length: 0\r\n\r\n",
    "/no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/chunks": CHUNKED + b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nX-After: 1\r\n\r\n",
    "/end": OK + b"\r\nhello",
    "/http-1.0": b"HTTP/1.0 200 OK\r\n\r\nhello",
    "/interim": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi",
    "/gzip": OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED,
    "/gzip-chunks": OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"%x\r\n%b\r\n0\r\n\r\n" % (len(PACKED), PACKED),
    "/error": b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno",
    "/long-error": b"HTTP/1.1 500 Oh\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000,
    "/short": OK + b"Content-Length: 6\r\n\r\nhello",
    "/cut-chunks": CHUNKED + b"5\r\nhel",
    "/bad-chunks": CHUNKED + b"2\r\nhello\r\n0\r\n\r\n",
    "/no-size": CHUNKED + b"z\r\nhello\r\n0\r\n\r\n",
    "/brotli": OK + b"Content-Encoding: br\r\nContent-Length: 5\r\n\r\nhello",
    "/not-http": b"SSH-2.0-x\r\n\r\n",
    "/nothing": b"",
    "/half-a-head": OK + b"X-Thing",
}  # fmt: skip


class OneAnswer:
    """A server whose path says what it answers; then it ends the connection."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://localhost:{self.listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head and (more := connection.recv(65_536)):
                    head += more
                if not head:
                    return
                connection.sendall(RESPONSES[head.split(b" ")[1].decode()])
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass

    def close(self) -> None:
        with socket.create_connection(self.listener.getsockname()):
            pass
        self._thread.join()
        self.listener.close()


@pytest.fixture(scope="module")
def server() -> Iterator[OneAnswer]:
    with closing(OneAnswer()) as made:
        yield made


def one(request: Request) -> Flow[Response]:
    response = yield request
    assert response is not None
    return response


def outcome(url: str, path: str, quick: bool) -> tuple[Any, ...]:
    """What a driver makes of a path: the response, or the kind of error."""
    with closing(SyncDriver(url, quick=quick)) as driver:
        assert isinstance(driver._transport, LocalTransport) is quick
        try:
            response = driver.run(one(Request("GET", path)))
        except PolygonClientError as error:
            return type(error), getattr(error, "sent", None)
        return response.status, dict(response.headers), response.body


@pytest.mark.parametrize("path", RESPONSES)
def test_either_way_gives_the_same(server: OneAnswer, path: str) -> None:
    """Status, headers and body; or the same error, by which it is retried or not."""
    assert outcome(server.url, path, quick=True) == outcome(server.url, path, quick=False)


def test_what_is_not_there_was_not_sent() -> None:
    """The port is free: the system says so."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with closing(SyncDriver(url, quick=True)) as driver:
            with pytest.raises(ConnectionError, match=f"could not reach {url}/x: .*refused") as it:
                driver.run(one(Request("GET", "/x")))
            assert not it.value.sent


def test_a_body_may_not_be_larger_than_its_request_allows(server: OneAnswer) -> None:
    with closing(SyncDriver(server.url, quick=True)) as driver:
        for path in ("/length", "/chunks"):
            with pytest.raises(DataFetchError, match="larger than 4 bytes"):
                driver.run(one(Request("GET", path, most_bytes=4)))


def test_only_a_plain_server_of_this_machine_is_spoken_to_so() -> None:
    """TLS, proxies and names are httpx2's."""
    for url in ("https://localhost:1", "http://10.0.0.1", "http://gateway.test"):
        assert not isinstance(SyncDriver(url, quick=True)._transport, LocalTransport)


class Pieces:
    """A socket whose bytes come in pieces of these sizes, over and over."""

    def __init__(self, raw: bytes, sizes: list[int]) -> None:
        self._raw = raw
        self._sizes = sizes
        self._reads = 0

    def settimeout(self, seconds: float | None) -> None:
        assert seconds is None

    def recv(self, most: int) -> bytes:
        size = min(most, self._sizes[self._reads % len(self._sizes)])
        self._reads += 1
        part, self._raw = self._raw[:size], self._raw[size:]
        return part

    def recv_into(self, room: memoryview) -> int:
        part = self.recv(len(room))
        room[: len(part)] = part
        return len(part)


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    st.lists(st.integers(1, 30), min_size=1, max_size=4),
    st.booleans(),
)
def test_a_body_is_the_same_in_whatever_pieces_it_comes(
    chunks: list[bytes], sizes: list[int], in_chunks: bool
) -> None:
    """And what comes behind it stays where it is."""
    body = b"".join(chunks)
    if in_chunks:
        lines = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        raw = CHUNKED + lines + b"0\r\n\r\n"
    else:
        raw = OK + b"Content-Length: %d\r\n\r\n" % len(body) + body
    for behind in (b"", b"more"):
        pieces = cast("socket.socket", Pieces(raw + behind, sizes))
        connection = LocalConnection(pieces, Deadlines())
        head = connection.read_head("GET")
        if head.length is not None:
            assert connection.read_exactly(head.length) == body
        else:
            assert b"".join(connection.parts(head)) == body
        left = cast("Pieces", pieces)._raw
        assert connection.surplus + len(left) == len(behind)


def test_who_closes_ends_every_wait() -> None:
    """At once; the next request opens a new connection."""
    errors: list[ConnectionError] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        driver = SyncDriver(url, quick=True)

        def ask() -> None:
            with pytest.raises(ConnectionError, match="the server ended the connection") as it:
                driver.run(one(Request("GET", "/", timeout=60.0)))
            errors.append(it.value)

        waiting = threading.Thread(target=ask)
        waiting.start()
        first, _ = listener.accept()
        with first:
            first.recv(65_536)
            driver.close()
            waiting.join(30)
        assert errors[0].sent
        again = threading.Thread(target=ask)
        again.start()
        second, _ = listener.accept()
        with second:
            second.recv(65_536)
        again.join(30)
        assert len(errors) == 2
        driver.close()
