"""Opening a WebSocket: names that are looked up, addresses that are tried, and who is trusted."""

import asyncio
import gc
from threading import Event
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from polytape.errors import ConnectionError
from polytape.net import socket
from polytape.net.names import Resolver


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


@pytest.mark.socket
async def test_the_addresses_of_a_name_are_tried_in_turn() -> None:
    """The first that takes a connection has it, and the server sees the name."""
    async with serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        resolver = Resolver(lambda *_: ["127.0.0.2", "127.0.0.1"])
        async with socket.connect(f"ws://feed.example:{port}", resolver=resolver) as opened:
            await opened.send(b"bars")
            assert await opened.receive() == b"bars"
            (connection,) = server.connections
            assert connection.request is not None
            assert connection.request.headers["Host"] == f"feed.example:{port}"


@pytest.mark.socket
async def test_an_address_that_never_answers_keeps_no_other_from_being_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    async def never_to_ipv6(opened: Any, address: Any) -> None:
        await (asyncio.Event().wait() if ":" in address[0] else connect(opened, address))

    monkeypatch.setattr(loop, "sock_connect", never_to_ipv6)
    async with serve(echo, "127.0.0.1", 0) as server:
        url = f"ws://feed.example:{server.sockets[0].getsockname()[1]}"
        resolver = Resolver(lambda *_: ["2001:db8::1", "127.0.0.1"])
        async with socket.connect(url, timeout_s=2.0, resolver=resolver) as opened:
            await opened.send(b"bars")
            assert await opened.receive() == b"bars"


async def test_a_silent_name_server_holds_nobody_longer_than_the_time_to_open() -> None:
    """Nor the loop's own threads, which the end of a program waits for."""
    silent = Event()

    def look_up(host: str, port: int) -> list[str]:
        silent.wait(10)
        return []

    with pytest.raises(ConnectionError, match=r"DNS has not answered for the host feed\.example"):
        async with socket.connect(
            "wss://feed.example/stocks", timeout_s=0.01, resolver=Resolver(look_up)
        ):
            pass
    assert getattr(asyncio.get_running_loop(), "_default_executor", None) is None
    silent.set()


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_who_takes_no_connection_is_named(scheme: str) -> None:
    """A secure address is one like any other."""
    url = f"{scheme}://feed.example:1/stocks"
    with pytest.raises(ConnectionError, match=f"could not reach {url}") as caught:
        async with socket.connect(url, resolver=Resolver(lambda *_: ["127.0.0.1"])):
            pass
    assert not caught.value.sent


async def test_a_name_that_there_is_not_is_an_error_once() -> None:
    """And none that asyncio logs behind it."""
    logged: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: logged.append(context))

    def look_up(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(ConnectionError, match="not known"):
        async with socket.connect("wss://feed.example", resolver=Resolver(look_up)):
            pass
    gc.collect()
    assert logged == []
