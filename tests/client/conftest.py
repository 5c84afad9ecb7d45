"""Clients that never sleep."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from polytape import PolygonClient
from polytape.client.aio import AsyncPolygonClient
from polytape.net.async_http import AsyncDriver
from polytape.net.http import SyncDriver
from tests.fakes.plain_server import PlainServer, plain_server


@pytest.fixture
def plain() -> Iterator[PlainServer]:
    with plain_server() as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    """Every pause that a client asked for."""
    return []


@pytest.fixture
def make_client(waits: list[float]) -> Iterator[Callable[..., PolygonClient]]:
    """Clients whose pauses are noted, not slept."""
    made: list[PolygonClient] = []

    def make(url: str, **options: Any) -> PolygonClient:
        client = PolygonClient(url, **options)
        client._driver = SyncDriver(client._core.base_url, sleep=waits.append, quick=True)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def make_async_client(waits: list[float]) -> Callable[..., AsyncPolygonClient]:
    """The same for asyncio; the test closes them."""

    async def note(seconds: float) -> None:
        waits.append(seconds)

    def make(url: str, **options: Any) -> AsyncPolygonClient:
        client = AsyncPolygonClient(url, **options)
        client._driver = AsyncDriver(client._core.base_url, sleep=note)
        return client

    return make
