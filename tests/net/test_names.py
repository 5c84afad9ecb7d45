"""A name server that is silent holds nobody for longer than a request may last."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpcore2
import pytest

from polytape.errors import ConnectionError, DataFetchError
from polytape.net.async_http import AsyncDriver
from polytape.net.deadlines import Deadlines, Stop, stopped_by
from polytape.net.http import SyncDriver
from polytape.net.names import MOST_LOOKUPS, AsyncNamesBackend, Resolver
from polytape.net.streams import DeadlineBackend
from polytape.wire.flow import Flow, Request, Response

NAME = "a-name.example"


class SilentNames:
    """A name server that answers once it is told to."""

    def __init__(self) -> None:
        self.told = threading.Event()
        self.lookups = 0

    def __call__(self, _host: str, _port: int) -> list[str]:
        self.lookups += 1
        self.told.wait(20)
        return ["192.0.2.1"]


@pytest.fixture
def silent() -> Iterator[SilentNames]:
    names = SilentNames()
    yield names
    names.told.set()


def one(request: Request) -> Flow[Response]:
    response = yield request
    assert response is not None
    return response


def test_a_look_up_lasts_no_longer_than_it_may(silent: SilentNames) -> None:
    """And says that it was the name, not the server."""
    with pytest.raises(httpcore2.ConnectError, match=f"DNS has not answered for the host {NAME}"):
        Resolver(silent).addresses(NAME, 80, 0.01)


def test_many_questions_for_a_silent_name_hold_one_thread(silent: SilentNames) -> None:
    """Who asks again joins the look-up that is under way, and gets what it brings."""
    resolver = Resolver(silent)
    for _ in range(20):
        with pytest.raises(httpcore2.ConnectError):
            resolver.addresses(NAME, 80, 0.001)
    assert (silent.lookups, resolver.running) == (1, 1)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(resolver.addresses, NAME, 80, 20.0)
        silent.told.set()
        assert late.result() == ["192.0.2.1"]
    assert resolver.running == 0


def test_only_so_many_names_are_looked_up_at_a_time(silent: SilentNames) -> None:
    """More are refused at once: threads that hang do not grow without end."""
    resolver = Resolver(silent)
    for number in range(MOST_LOOKUPS):
        with pytest.raises(httpcore2.ConnectError, match="DNS"):
            resolver.addresses(f"{number}.example", 80, 0.001)
    with pytest.raises(httpcore2.ConnectError, match="16 other names are being looked up"):
        resolver.addresses("one-more.example", 80, 20.0)
    assert resolver.running == MOST_LOOKUPS


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_an_address_needs_no_look_up(address: str, silent: SilentNames) -> None:
    """Nor a thread."""
    assert Resolver(silent).addresses(address, 80, 0.0) == [address]
    assert silent.lookups == 0


def test_a_name_that_is_not_known_is_told_with_its_reason() -> None:
    """The reason stays behind the error: the driver makes a sentence of it."""

    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(httpcore2.ConnectError) as caught:
        Resolver(unknown).addresses(NAME, 80, 20.0)
    assert isinstance(caught.value.__cause__, socket.gaierror)


def test_who_is_gone_waits_for_no_name(silent: SilentNames) -> None:
    """Nor do those whose connections are closed."""
    deadlines, stop = Deadlines(), Stop()
    backend = DeadlineBackend(deadlines, Resolver(silent))
    with stopped_by(stop), deadlines.until(deadlines._monotonic() + 20):
        stop.stop()
        with pytest.raises(DataFetchError, match="nobody waits"):
            backend.connect_tcp(NAME, 80)
    backend.cut_all()
    with pytest.raises(httpcore2.ConnectError, match="were closed"):
        backend.connect_tcp(NAME, 80)


def test_the_driver_ends_with_its_request(
    silent: SilentNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's look-up, which has no time-out, is not waited for."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: silent(host, port))
    driver = SyncDriver(f"http://{NAME}")
    driver._transport._pool()  # type: ignore[attr-defined]  # a machine under load is slow to make one
    with pytest.raises(ConnectionError, match=f"DNS has not answered for the host {NAME}") as it:
        driver.run(one(Request("GET", "/", timeout=0.2)))
    assert not it.value.sent
    driver.close()


def test_the_async_driver_ends_with_its_request(
    silent: SilentNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the event loop with it: it does not wait for threads of its own."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: silent(host, port))

    async def ask() -> None:
        driver = AsyncDriver(f"http://{NAME}")
        with pytest.raises(ConnectionError, match=rf"http://{NAME}"):
            await driver.run(one(Request("GET", "/", timeout=0.05)))
        await driver.close()

    asyncio.run(ask())
    assert not silent.told.is_set()
    assert silent.lookups == 1


async def test_each_address_of_a_name_is_tried() -> None:
    """One that does not answer is none; the last failure is told where none does."""
    tried = []

    class Inner(httpcore2.AsyncMockBackend):
        async def connect_tcp(self, host: str, *_: object, **__: object):  # type: ignore[no-untyped-def]
            tried.append(host)
            if host == "192.0.2.1":
                raise httpcore2.ConnectError("refused")
            return await super().connect_tcp(host, 80)

    resolver = Resolver(lambda _host, _port: ["192.0.2.1", "192.0.2.2"])
    backend = AsyncNamesBackend(Inner([]), resolver)
    await backend.connect_tcp(NAME, 80)
    assert tried == ["192.0.2.1", "192.0.2.2"]
    nobody = AsyncNamesBackend(Inner([]), Resolver(lambda _host, _port: ["192.0.2.1"]))
    with pytest.raises(httpcore2.ConnectError, match="refused"):
        await nobody.connect_tcp(NAME, 80)
