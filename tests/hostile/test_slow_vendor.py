"""A vendor that sends a byte now and then holds nobody: a question ends, all of it, in its time."""

import asyncio
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import ConnectionError, DataFetchError, PolygonClientError
from polytape.gateway.workers import ThreadWorkers
from polytape.history.single_flight import SingleFlight
from polytape.net.deadlines import Stop, stopped_by
from polytape.net.http import SyncDriver
from polytape.net.walk import WalkLimits
from polytape.wire.flow import Flow, Request, Response, Wait
from polytape.wire.polygon.responses import read_tickers
from tests.hostile.slow_server import (
    EVER_S,
    OK,
    Behave,
    SlowServer,
    answer,
    drip,
    flood,
    silence,
    slow_server,
    vendor,
)

pytestmark = pytest.mark.socket

TIMEOUT_S = 0.1
# A machine under load starts threads late; without a deadline these last for ever.
SLACK_S = 3.0
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = OK + b"Content-Encoding: gzip\r\n\r\n"
_GZIP_HEAD = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
GZIP_START = _GZIP_HEAD.compress(b"") + _GZIP_HEAD.flush(zlib.Z_SYNC_FLUSH)
EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"

SLOW: dict[str, Behave] = {
    "silence": silence,
    "a status line that drips": drip(b"", b"HTTP/1.1 200 OK "),
    "a head that drips": drip(OK + b"X-Long: "),
    "many heads that drip": drip(OK, b"X-Many: x\r\n"),
    "interim responses": flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    "interim responses that drip": drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "a body that drips": drip(OK + b"Content-Length: 1000000\r\n\r\n"),
    "a chunk's extension that drips": drip(CHUNKED + b"1;"),
    "chunks that drip": drip(CHUNKED, b"1\r\nx\r\n"),
    "trailers that drip": drip(CHUNKED + b"0\r\nX-After: "),
    "empty blocks of gzip": drip(GZIP + GZIP_START, EMPTY_BLOCK),
    "an error that drips": drip(b"HTTP/1.1 500 Oh\r\n\r\n"),
}


def one(request: Request) -> Flow[Response]:
    response = yield request
    assert response is not None
    return response


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds + SLACK_S


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("behave", SLOW.values(), ids=SLOW.keys())
def test_a_request_ends_in_its_time_wherever_the_server_drips(behave: Behave, quick: bool) -> None:
    """Not each read of it: all of it. By either way to a server."""
    with slow_server(behave) as server:
        driver = SyncDriver(server.url, quick=quick)
        with within(TIMEOUT_S), pytest.raises(ConnectionError, match=r"no (whole )?answer from"):
            driver.run(one(Request("GET", "/", timeout=TIMEOUT_S)))
        driver.close()


def pages(server: SlowServer, connection: socket.socket, request: bytes) -> None:
    """Each page in a moment, and another after it."""
    server.over.wait(0.02)
    next_url = f"{server.url}/v3/reference/tickers?cursor={len(server.requests)}"
    body = b'{"status":"OK","results":[],"next_url":"%s"}' % next_url.encode()
    connection.sendall(answer(body))


@pytest.mark.parametrize("background", [False, True])
def test_a_question_ends_in_its_time_with_all_its_pages(background: bool) -> None:
    """Every page came in time: there was always one more."""
    with slow_server(pages) as server:
        connection = vendor(server.url)
        with within(0.3), pytest.raises(ConnectionError, match=r"within 0\.3 s, all pages, tries"):
            connection.pages(
                Request("GET", "/v3/reference/tickers"), read_tickers, background=background
            )
        assert len(server.requests) > 2
        connection.end()


def test_a_question_ends_in_its_time_with_all_its_tries() -> None:
    """What broke on the way is tried again, as long as there is time."""
    with slow_server(lambda _, connection, __: connection.close()) as server:
        connection = vendor(server.url)
        with within(0.3), pytest.raises(ConnectionError):
            connection.get(Request("GET", "/x"))
        connection.end()


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 40)), max_size=30),
    st.floats(1, 100),
    st.booleans(),
)
def test_no_walk_outlasts_its_limit(
    steps: list[tuple[bool, float]], seconds: float, patient: bool
) -> None:
    """Whatever a flow asks and waits for: beyond the limit is only the request under way, which the
    connection itself ends; and a patient walk's waiting at the gate.
    """
    now = [0.0]
    at_gate = [0.0]

    def handler(request: httpx2.Request) -> httpx2.Response:
        now[0] += min(float(request.headers["takes"]), seconds)
        return httpx2.Response(200, content=b"x")

    def flow() -> Flow[str]:
        for waits, length in steps:
            takes = {"takes": str(length)}
            yield Wait(length) if waits else Request("GET", "/", headers=takes, timeout=1000.0)
        return "done"

    @contextmanager
    def gate() -> Iterator[object]:
        now[0] += 1.0
        at_gate[0] += 1.0
        yield lambda _: None

    def sleep(length: float) -> None:
        now[0] += length

    driver = SyncDriver(
        "http://test",
        transport=httpx2.MockTransport(handler),
        sleep=sleep,
        monotonic=lambda: now[0],
    )
    try:
        outcome = driver.run(flow(), gate, WalkLimits(seconds, 1000, patient))  # type: ignore[arg-type]
    except ConnectionError:
        outcome = "late"
    waited = at_gate[0] if patient else 1.0
    assert now[0] <= 2 * seconds + waited + 0.01
    total = sum(length for _, length in steps) + (0 if patient else len(steps))
    assert outcome == "done" or total >= 0.99 * seconds


@pytest.mark.parametrize("quick", [False, True])
def test_a_stop_ends_a_question_and_harms_no_other(quick: bool) -> None:
    """Who asked is gone: the thread is free at once, and the pool's other connections live on."""
    began = threading.Event()

    def behave(server: SlowServer, connection: socket.socket, request: bytes) -> None:
        if b"/slow" not in request:
            connection.sendall(answer(b"fine"))
            return
        began.set()
        server.over.wait(EVER_S)

    with slow_server(behave) as server:
        driver, stop = SyncDriver(server.url, quick=quick), Stop()
        assert driver.run(one(Request("GET", "/"))).body == b"fine"

        def stop_soon() -> None:
            began.wait(EVER_S)
            stop.stop()

        thread = threading.Thread(target=stop_soon)
        thread.start()
        with (
            within(0.0),
            stopped_by(stop),
            pytest.raises(DataFetchError, match="nobody waits for this answer any more"),
        ):
            driver.run(one(Request("GET", "/slow")), limits=WalkLimits(EVER_S, 1000))
        thread.join()
        assert driver.run(one(Request("GET", "/"))).body == b"fine"
        driver.close()


def test_the_end_cuts_what_is_under_way() -> None:
    """A gateway that stops does not wait for a vendor that does not answer."""
    with slow_server(silence) as server:
        connection = vendor(server.url, EVER_S)
        failures: list[PolygonClientError] = []

        def ask() -> None:
            try:
                connection.get(Request("GET", "/x"))
            except PolygonClientError as error:
                failures.append(error)

        threads = [threading.Thread(target=ask) for _ in range(5)]
        for thread in threads:
            thread.start()
        while len(server.requests) < len(threads):
            server.over.wait(0.005)
        with within(0.0):
            connection.end()
            for thread in threads:
                thread.join()
        assert ["stopping" in str(failure) for failure in failures] == [True] * 5


async def test_healthy_symbols_are_answered_beside_many_abandoned_questions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Forty who went away leave no thread behind that waits for a vendor that drips."""
    monkeypatch.setattr("polytape.history.single_flight.ABANDONED_S", 0.05)

    def behave(server: SlowServer, connection: socket.socket, request: bytes) -> None:
        if b"/stuck" in request:
            drip(OK)(server, connection, request)
        connection.sendall(answer(b'{"status":"OK"}'))

    with slow_server(behave) as server:
        connection, workers = vendor(server.url, EVER_S), ThreadWorkers(foreground_threads=4)
        flights = SingleFlight[Response]()

        async def ask(path: str) -> Response:
            fetch = lambda: connection.get(Request("GET", path))  # noqa: E731
            return await flights.once(path, lambda: workers.foreground(fetch))

        stuck = [asyncio.ensure_future(ask(f"/stuck/{number}")) for number in range(40)]
        while len(server.requests) < 4:
            await asyncio.sleep(0.005)
        for task in stuck:
            task.cancel()
        async with asyncio.timeout(SLACK_S):
            assert (await ask("/healthy")).status == 200
        connection.end()
        workers.close()


async def test_threads_that_hang_are_left(caplog: pytest.LogCaptureFixture) -> None:
    """A resolver or a disk that hangs keeps no gateway from its end."""
    workers, over = ThreadWorkers(), threading.Event()
    hanging = [asyncio.ensure_future(workers.foreground(lambda: over.wait(EVER_S)))]
    hanging += [asyncio.ensure_future(workers.work(lambda: over.wait(EVER_S)))]
    await asyncio.sleep(0)
    with within(0.05):
        workers.close(within_s=0.05)
    assert "2 threads did not end within 0.05 s" in caplog.text
    over.set()
    await asyncio.gather(*hanging)
