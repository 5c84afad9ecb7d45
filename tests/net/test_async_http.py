"""The driver for asyncio: what it has of its own. What both drivers do is in test_http."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from polytape.errors import ConnectionError
from polytape.net.async_http import AsyncDriver
from polytape.wire.flow import Request
from tests.net.test_http import one


class Stalled(httpx2.AsyncByteStream):
    """A body whose rest never comes."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"half"
        await asyncio.Event().wait()


async def test_an_answer_that_stalls_is_given_up_after_the_whole_timeout() -> None:
    """However long each part of it may take."""
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=Stalled()))
    driver = AsyncDriver("http://test", transport=transport)
    with pytest.raises(ConnectionError, match=r"no whole answer from http://test/x within 0\.01 s"):
        await driver.run(one(Request("GET", "/x", timeout=0.01)))
    await driver.close()


async def test_many_flows_run_at_once_over_one_pool() -> None:
    """Each has its own answer."""
    both = asyncio.Event()
    count = 0

    async def handler(request: httpx2.Request) -> httpx2.Response:
        nonlocal count
        count += 1
        if count == 2:
            both.set()
        await both.wait()
        return httpx2.Response(200, content=request.url.path.encode())

    driver = AsyncDriver("http://test", transport=httpx2.MockTransport(handler))
    flows = (driver.run(one(Request("GET", path))) for path in ("/a", "/b"))
    assert [answer.body for answer in await asyncio.gather(*flows)] == [b"/a", b"/b"]
    await driver.close()


def test_a_new_event_loop_gets_connections_of_its_own() -> None:
    """A driver outlives the loop that first used it, as in a notebook."""
    loops: list[object] = []

    async def handler(request: httpx2.Request) -> httpx2.Response:
        loops.append(asyncio.get_running_loop())
        return httpx2.Response(200)

    driver = AsyncDriver("http://test", transport=httpx2.MockTransport(handler))
    for _ in range(2):
        assert asyncio.run(driver.run(one(Request("GET", "/")))).status == 200
    asyncio.run(driver.close())
    assert len({id(loop) for loop in loops}) == 2


async def test_a_closed_driver_opens_new_connections_when_it_is_used_again() -> None:
    """To close it twice is no error either."""
    driver = AsyncDriver(
        "http://test", transport=httpx2.MockTransport(lambda _: httpx2.Response(204))
    )
    for _ in range(2):
        assert (await driver.run(one(Request("GET", "/")))).status == 204
        await driver.close()
        await driver.close()


async def test_a_cancelled_flow_is_cancelled() -> None:
    """It is not taken for a timeout."""
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=Stalled()))
    driver = AsyncDriver("http://test", transport=transport)
    task = asyncio.ensure_future(driver.run(one(Request("GET", "/"))))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await driver.close()
