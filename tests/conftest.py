"""What the tests share. Time is a number, never the machine's clock."""

import logging
import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from polytape.cli.logs import ACCESS, AUDIT, VENDOR
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import Market, xnys
from polytape.model.spans import Span
from polytape.net.owner_token import make_owner_token
from polytape.upstream.budget.budget import Budget
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.source import Upstream
from polytape.upstream.synthetic.source import Synthetic

settings.register_profile(
    "polytape",
    max_examples=int(os.environ.get("POLYTAPE_EXAMPLES", "15")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("polytape")

MARKET = xnys()
OWNER_TOKEN = "the-tests-own-token-of-43-characters-000000"
DATA = Path(__file__).parents[2] / "shared" / "data" / "flatfiles"
NOW = parse_instant("2026-11-23T15:00:00Z", "now", MARKET)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("realdata") and not DATA.is_dir():
            item.add_marker(pytest.mark.skip(reason=f"no real bars at {DATA}"))


@pytest.fixture(scope="session", autouse=True)
def _state_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Gateways of the tests, and processes that they start, put no token beside the user's own."""
    folder = tmp_path_factory.mktemp("state")
    make_owner_token(folder / "polytape", OWNER_TOKEN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        patch.setenv("XDG_CONFIG_HOME", str(folder))  # the user's own settings are not the tests'
        yield


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    """A command line that is run as a function sets up logging: on a stderr that ends with its
    test, where the next test's gateway would write.
    """
    root = logging.getLogger()
    loggers = [root, *map(logging.getLogger, ("polytape", ACCESS, AUDIT, VENDOR))]
    handlers, levels = list(root.handlers), [logger.level for logger in loggers]
    yield
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        root.addHandler(handler)  # nothing happens where it is still there
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture(scope="session")
def market() -> Market:
    return xnys()


@pytest.fixture(scope="session")
def synthetic(market: Market) -> Synthetic:
    return Synthetic(market, lambda: NOW)


@pytest.fixture(scope="session")
def real(market: Market) -> FlatFiles:
    return FlatFiles(DATA, market)


@pytest.fixture
def make_gateway(market: Market) -> Callable[[Upstream | None], Gateway]:
    return lambda upstream: gateway_of(upstream, market)


@pytest.fixture(scope="session")
def gateway(market: Market, synthetic: Synthetic) -> Iterator[str]:
    """The URL of a real gateway on made-up prices."""
    with running(create_app(gateway_of(synthetic.upstream(), market))) as url:
        yield url


@pytest.fixture(scope="session")
def real_gateway(market: Market, real: FlatFiles) -> Iterator[str]:
    """The URL of a real gateway on real bars."""
    with running(create_app(gateway_of(real.upstream(), market))) as url:
        yield url


def gateway_of(upstream: Upstream | None, market: Market) -> Gateway:
    """A gateway at NOW that stores nothing."""
    return Gateway(upstream, market, lambda: NOW, Budget.of(100, 1.0), wall=lambda: NOW)


def day_span(first: date, last: date | None = None) -> Span:
    """The New York days from first to last, both included."""
    return Span(MARKET.midnight(first), MARKET.day_span(last or first).end)


def flat_bars(stamps: list[int], price: float = 10.0, volume: float = 100.0) -> Bars:
    """Bars of one price."""
    column = [price] * len(stamps)
    return Bars.of(stamps, column, column, column, column, [volume] * len(stamps))
