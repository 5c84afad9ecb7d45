"""A vendor that sends too much: what is kept of it is bounded, and the error names the limit."""

import gzip
import socket

import pytest

from polytape.errors import DataFetchError, IncompleteDataError
from polytape.upstream.polygon import connection as vendor_connection
from polytape.wire.flow import Request
from polytape.wire.polygon.responses import read_tickers
from tests.hostile.slow_server import (
    EVER_S,
    OK,
    Behave,
    SlowServer,
    answer,
    flood,
    slow_server,
    vendor,
)

pytestmark = pytest.mark.socket

MB = 1024 * 1024
TICKERS = Request("GET", "/v3/reference/tickers")


@pytest.fixture(autouse=True)
def _small_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor_connection, "MOST_BODY_BYTES", MB)


@pytest.mark.parametrize(
    "behave",
    [
        flood(OK + b"\r\n", b"x" * 65_536),
        flood(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
        flood(answer(gzip.compress(bytes(50 * MB)), b"Content-Encoding: gzip"), b""),
    ],
    ids=["endless", "chunks", "bomb"],
)
def test_a_body_is_read_up_to_its_limit_and_asked_for_once(behave: Behave) -> None:
    """It would not be smaller the second time."""
    with slow_server(behave) as server:
        connection = vendor(server.url, EVER_S)
        with pytest.raises(DataFetchError, match="larger than 1,048,576 bytes") as caught:
            connection.get(TICKERS)
        assert not isinstance(caught.value, IncompleteDataError)
        assert len(server.requests) == 1
        connection.end()


def test_pages_are_read_up_to_the_limit_of_their_walk() -> None:
    """Each of them was small."""

    def pages(server: SlowServer, connection: socket.socket, _: bytes) -> None:
        next_url = f"{server.url}/v3/reference/tickers?cursor={len(server.requests)}".encode()
        filler = b" " * 1000
        connection.sendall(
            answer(b'{"status":"OK","results":[],"next_url":"%s"}' % next_url + filler)
        )

    with slow_server(pages) as server:
        connection = vendor(server.url, EVER_S, most_bytes=5000)
        with pytest.raises(DataFetchError, match="over 5,000 bytes in its pages"):
            connection.pages(TICKERS, read_tickers)
        assert len(server.requests) == 5
        connection.end()


def test_an_errors_text_is_cut_and_in_one_line() -> None:
    """50 MB of it are not for a reader, and none of it moves the reader's cursor."""
    text = b"A\\u001b[2J\\n\\u202egone " + b"wrong " * 5_000
    head = b"HTTP/1.1 400 Bad\r\nContent-Length: 50000000\r\n\r\n"
    long = flood(head + b'{"error":"', b"wrong " * 10_000)
    whole = b'{"error":"%s","request_id":"%s"}' % (text, b"r\\n" * 500)

    def said(server: SlowServer) -> str:
        connection = vendor(server.url, EVER_S)
        try:
            connection.get(TICKERS)
        except Exception as error:  # noqa: BLE001 - its text is looked at
            return str(error)
        finally:
            connection.end()
        return ""

    with slow_server(long) as server:
        assert "the server answered 400 without saying why" in said(server)
    refused = answer(whole, status=b"HTTP/1.1 403 Forbidden\r\n")
    with slow_server(lambda _, connection, __: connection.sendall(refused)) as server:
        shown = said(server)
    assert "A [2J gone wrong wrong" in shown
    assert len(shown) < 800
    assert shown.isprintable()


def test_what_breaks_the_protocol_is_not_repeated_whole() -> None:
    """The library's error has all that was sent."""
    wrong = flood(b"", b"\x1b[2J<html>" * 1000)
    with slow_server(wrong) as server:
        connection = vendor(server.url, EVER_S)
        with pytest.raises(Exception, match="could not reach") as caught:
            connection.get(Request("GET", "/"))
        assert len(str(caught.value)) < 700
        assert str(caught.value).isprintable()
        connection.end()
