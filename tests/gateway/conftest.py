"""A gateway on made-up prices, spoken to in memory."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from litestar.types import ASGIApp

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.model.market import Market
from polytape.upstream.source import Upstream
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import gateway_of

MakeGateway = Callable[[Upstream | None], Gateway]


@asynccontextmanager
async def speaking_to(app: ASGIApp) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client of an application, without a socket. No lifespan is run."""
    transport = httpx2.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def synthetic_gateway(make_gateway: MakeGateway, synthetic: Synthetic) -> Iterator[Gateway]:
    gateway = make_gateway(synthetic.upstream())
    yield gateway
    gateway.close()


@pytest.fixture
async def fresh_http(synthetic_gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    """For tests that count what one gateway did."""
    async with speaking_to(create_app(synthetic_gateway)) as client:
        yield client


@pytest.fixture(scope="session")
def shared_app(synthetic: Synthetic, market: Market) -> Iterator[ASGIApp]:
    """Made once: putting the routes together takes a quarter of a second."""
    gateway = gateway_of(synthetic.upstream(), market)
    yield create_app(gateway)
    gateway.close()


@pytest.fixture
async def http(shared_app: ASGIApp) -> AsyncIterator[httpx2.AsyncClient]:
    async with speaking_to(shared_app) as client:
        yield client
