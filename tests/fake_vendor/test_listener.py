"""A port that dies and comes back, and calls into a loop from any thread."""

import asyncio
import socket
import threading

import pytest

from polytape.fake_vendor.listener import Listener, LoopCalls

pytestmark = pytest.mark.socket
HOST = "127.0.0.1"


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)


async def said(port: int) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(b"hello\n")
    line = await reader.readline()
    writer.close()
    return line


async def test_it_listens_again_where_it_was() -> None:
    """As often as it is wanted."""
    listener = Listener(echo)
    await listener.start(HOST, 0, 1_000)
    for _ in range(3):
        assert await said(listener.port) == b"hello\n"
        listener.stop()
        with pytest.raises(ConnectionRefusedError):
            await said(listener.port)
        listener.listen_again()
    assert await said(listener.port) == b"hello\n"
    await listener.end()


async def test_who_is_connected_is_cut() -> None:
    """With a reset, not a farewell."""
    listener = Listener(echo)
    await listener.start(HOST, 0, 1_000)
    reader, writer = await asyncio.open_connection(HOST, listener.port)
    writer.write(b"hello\n")
    await reader.readline()
    listener.stop()
    with pytest.raises(ConnectionResetError):
        await reader.readline()
    writer.close()
    await listener.end()


async def test_a_port_that_somebody_else_has_is_an_error() -> None:
    """Not a vendor that seems to be back."""
    listener = Listener(echo)
    await listener.start(HOST, 0, 1_000)
    listener.stop()
    await asyncio.sleep(0)
    with socket.create_server((HOST, listener.port)), pytest.raises(OSError, match="in use"):
        listener.listen_again()
    await listener.end()


def test_calls_are_done_on_the_loop_that_runs() -> None:
    """In place where there is none, in its own thread, or from within."""
    calls, here = LoopCalls(), threading.get_ident()
    assert calls.call(threading.get_ident) == here
    loop = asyncio.new_event_loop()
    calls.attach(loop)
    assert calls.call(threading.get_ident) == here
    thread = threading.Thread(target=loop.run_forever)
    started = threading.Event()
    loop.call_soon(started.set)
    thread.start()
    started.wait()
    assert calls.call(threading.get_ident) == thread.ident
    assert calls.call(lambda: calls.call(threading.get_ident)) == thread.ident
    with pytest.raises(ZeroDivisionError):
        calls.call(lambda: 1 // 0)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
