"""The driver for asyncio, apart from `http` so that a command does not load an event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import httpx2
from httpcore2 import AnyIOBackend

from polytape.errors import ConnectionError, IncompleteDataError
from polytape.net import http, httpx_transport
from polytape.wire.flow import Flow, Request, Response, Wait

T = TypeVar("T")


class AsyncDriver:
    """Runs flows for asyncio, as `SyncDriver` does. A new event loop gets a pool of its own."""

    def __init__(
        self,
        base_url: str,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        ca: Path | None = None,
    ) -> None:
        self._base = http.check_url(base_url)
        self._ca = ca
        self._transport = transport
        self._sleep = sleep
        self._client: httpx2.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, flow: Flow[T]) -> T:
        """Drive `flow` to its end.

        Raises: what the flow raises.
        """
        try:
            step = next(flow)
            while True:
                if isinstance(step, Wait):
                    await self._sleep(step.seconds)
                    step = flow.send(None)
                    continue
                try:
                    response = await self._send(step)
                except (ConnectionError, IncompleteDataError) as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(response)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        except ConnectionError as error:
            http.shorten(error)
            raise

    async def close(self) -> None:
        """Close the connections; the next flow opens new ones."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.aclose()

    async def _send(self, request: Request) -> Response:
        url = self._base + request.path
        try:
            async with asyncio.timeout(request.timeout):
                with httpx_transport.translated(url):
                    built = httpx_transport.build_request(self._pool(), url, request)
                    response = await self._pool().send(built, stream=True)
                try:
                    with httpx_transport.translated(url, reading=True):
                        body = await _read(url, request, response)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            if isinstance(error, ConnectionError):
                raise
            raise ConnectionError(http.too_slow(url, request.timeout), url=url) from error
        return httpx_transport.to_response(response, body)

    def _pool(self) -> httpx2.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._loop = loop
            self._client = httpx2.AsyncClient(
                transport=self._transport, **httpx_transport.pool_settings(self._base, self._ca)
            )
            if self._transport is None:
                from polytape.net.names import AsyncNamesBackend, Resolver

                AsyncNamesBackend(AnyIOBackend(), Resolver()).carry(self._client)
        return self._client


async def _read(url: str, request: Request, response: httpx2.Response) -> bytes:
    body = httpx_transport.body_of(url, request, response)
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    async for part in response.stream:
        body.feed(part)
        if body.full:
            break
    return body.end()
