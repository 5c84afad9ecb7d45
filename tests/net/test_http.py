"""The drivers, over in-memory transports: foreign errors become ours, at the door."""

import asyncio
import builtins
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2
import pytest

from polytape.errors import ConnectionError, IncompleteDataError, ValidationError
from polytape.net.async_http import AsyncDriver
from polytape.net.http import SyncDriver, check_url, is_loopback
from polytape.net.httpx_transport import translated
from polytape.wire.flow import Flow, Request, Response, Wait

Handler = Callable[[httpx2.Request], httpx2.Response]


def one(request: Request) -> Flow[Response]:
    response = yield request
    assert response is not None
    return response


def both(
    handler: Handler, flow: Callable[[], Flow[Any]], base: str = "http://test"
) -> list[object]:
    """What either driver makes of a flow: its result or its error."""
    transport = httpx2.MockTransport(handler)
    outcomes: list[object] = []
    sync = SyncDriver(base, transport=transport)
    try:
        outcomes.append(sync.run(flow()))
    except Exception as error:  # noqa: BLE001 - compared below
        outcomes.append(error)
    sync.close()

    async def run() -> object:
        driver = AsyncDriver(base, transport=transport)
        try:
            return await driver.run(flow())
        finally:
            await driver.close()

    try:
        outcomes.append(asyncio.run(run()))
    except Exception as error:  # noqa: BLE001
        outcomes.append(error)
    return outcomes


def test_a_request_goes_out_as_it_was_said_and_the_answer_comes_whole() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        assert (request.method, str(request.url)) == ("POST", "http://test/base/x?a=1&b=%26")
        assert (request.headers["accept"], request.content) == ("text/x", b"body")
        return httpx2.Response(201, headers={"X-Thing": "Yes"}, content=b"hello")

    request = Request("POST", "/x", (("a", "1"), ("b", "&")), b"body", {"accept": "text/x"})
    for outcome in both(handler, lambda: one(request), "http://test/base/"):
        assert isinstance(outcome, Response)
        assert (outcome.status, outcome.headers["x-thing"], outcome.body) == (201, "Yes", b"hello")


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (httpx2.ConnectError("refused"), ConnectionError),
        (httpx2.ConnectTimeout("slow"), ConnectionError),
        (httpx2.ReadTimeout("slow"), ConnectionError),
        (httpx2.PoolTimeout("full"), ConnectionError),
        (httpx2.RemoteProtocolError("what"), ConnectionError),
        (httpx2.ReadError("reset"), ConnectionError),
    ],
)
def test_each_foreign_error_has_ours_naming_the_url(
    foreign: Exception, ours: type[Exception]
) -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        raise foreign

    for outcome in both(handler, lambda: one(Request("GET", "/x"))):
        assert type(outcome) is ours
        assert isinstance(outcome, builtins.ConnectionError)
        assert "http://test/x" in str(outcome)
        assert outcome.__cause__ is foreign


def test_the_flow_is_thrown_the_error_and_may_go_on() -> None:
    tries = iter([True, False] * 2)

    def handler(request: httpx2.Request) -> httpx2.Response:
        if next(tries):
            raise httpx2.ConnectError("no")
        return httpx2.Response(200, content=b"yes")

    def flow() -> Flow[bytes]:
        with pytest.raises(ConnectionError):
            yield Request("GET", "/")
        response = yield Request("GET", "/")
        assert response is not None
        return response.body

    assert both(handler, flow) == [b"yes", b"yes"]


class Broken(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that breaks off."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"half"
        raise httpx2.RemoteProtocolError("peer closed connection without sending complete message")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part


def test_an_answer_that_breaks_off_is_incomplete() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, stream=Broken())

    for outcome in both(handler, lambda: one(Request("GET", "/"))):
        assert type(outcome) is IncompleteDataError


def test_a_wait_is_slept_by_the_sleep_that_was_given() -> None:
    slept: list[float] = []

    def flow() -> Flow[str]:
        yield Wait(3.5)
        return "done"

    assert SyncDriver("http://test", sleep=slept.append).run(flow()) == "done"

    async def note(seconds: float) -> None:
        slept.append(seconds)

    assert asyncio.run(AsyncDriver("http://test", sleep=note).run(flow())) == "done"
    assert slept == [3.5, 3.5]


def test_an_answer_that_drips_is_given_up_after_the_whole_timeout() -> None:
    """Each part comes in time; all of them together do not."""
    ticks = iter(range(100))

    def handler(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, stream=httpx2.ByteStream(b"x"))

    driver = SyncDriver(
        "http://test", transport=httpx2.MockTransport(handler), monotonic=lambda: next(ticks) * 10.0
    )
    with pytest.raises(ConnectionError, match="within 5 s"):
        driver.run(one(Request("GET", "/", timeout=5.0)))


@pytest.mark.parametrize("url", ["http://localhost:8200", "https://a.b/c/", " http://[::1]:1 "])
def test_urls_that_can_work(url: str) -> None:
    assert check_url(url) == url.strip().rstrip("/")


@pytest.mark.parametrize("url", ["", "localhost:8200", "ftp://a", "http://", "http://a:b", "http://a?b",
                                 "http://a#b", None, b"http://a", "http://[::1"])  # fmt: skip
def test_urls_that_cannot(url: object) -> None:
    with pytest.raises(ValidationError, match="base_url"):
        check_url(url)


@pytest.mark.parametrize(("url", "local"), [("http://localhost:1", True), ("http://127.0.0.9", True),
                                            ("http://[::1]:1", True), ("http://a.localhost", True),
                                            ("http://10.0.0.1", False), ("http://a.b", False)])  # fmt: skip
def test_no_proxy_is_asked_for_this_machine(url: str, local: bool) -> None:
    assert is_loopback(url) is local


@pytest.mark.parametrize(
    ("error", "sent", "says"),
    [
        (httpx2.ConnectError("refused"), False, "could not reach http://test/x: refused"),
        (httpx2.ConnectTimeout("late"), False, "no answer from http://test/x in time"),
        (httpx2.ReadTimeout("late"), True, "no answer from http://test/x in time"),
        (httpx2.WriteError("reset"), True, "could not reach http://test/x: reset"),
    ],
)  # fmt: skip
def test_it_is_known_whether_a_request_may_have_arrived(
    error: Exception, sent: bool, says: str
) -> None:
    """What never left has cost nothing at the other end."""
    with (
        pytest.raises(ConnectionError, match=re.escape(says)) as caught,
        translated("http://test/x"),
    ):
        raise error
    assert caught.value.sent is sent


def test_a_name_that_dns_does_not_know_is_said() -> None:
    """With the host: the rest of the address is not what is wrong."""
    error = httpx2.ConnectError("[Errno -2] Name or service not known")
    error.__cause__ = socket.gaierror(-2, "Name or service not known")
    with pytest.raises(ConnectionError) as caught, translated("https://api.nohost.test/v2/x"):
        raise error
    says = "DNS does not know the host api.nohost.test (Name or service not known)"
    assert str(caught.value) == f"could not reach https://api.nohost.test/v2/x: {says}"
