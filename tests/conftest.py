"""What the tests share. Time is a number, never the machine's clock."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from polytape.gateway.app import create_app
from polytape.gateway.server import running
from polytape.gateway.service import Desk
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import Market, xnys
from polytape.model.newyork import midnight
from polytape.model.spans import Span
from polytape.upstream.budget.budget import Budget
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.source import Source
from polytape.upstream.synthetic.source import Synthetic

settings.register_profile(
    "polytape",
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("polytape")

DATA = Path(__file__).parents[2] / "shared" / "data" / "flatfiles"
NOW = parse_instant("2026-11-23T15:00:00Z", "now")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("realdata") and not DATA.is_dir():
            item.add_marker(pytest.mark.skip(reason=f"no real bars at {DATA}"))


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
def make_desk(market: Market) -> Callable[[Source | None], Desk]:
    return lambda source: Desk(source, market, lambda: NOW, Budget.of(100, 1.0))


@pytest.fixture(scope="session")
def gateway(market: Market, synthetic: Synthetic) -> Iterator[str]:
    """The URL of a real gateway on made-up prices."""
    desk = Desk(synthetic, market, lambda: NOW, Budget.of(100, 1.0))
    with running(create_app(desk)) as url:
        yield url


@pytest.fixture(scope="session")
def real_gateway(market: Market, real: FlatFiles) -> Iterator[str]:
    """The URL of a real gateway on real bars."""
    desk = Desk(real, market, lambda: NOW, Budget.of(100, 1.0))
    with running(create_app(desk)) as url:
        yield url


def day_span(first: date, last: date | None = None) -> Span:
    """The New York days from first to last, both included."""
    return Span(midnight(first), midnight((last or first) + timedelta(days=1)))


def flat_bars(stamps: list[int], price: float = 10.0, volume: float = 100.0) -> Bars:
    """Bars of one price."""
    column = [price] * len(stamps)
    return Bars.of(stamps, column, column, column, column, [volume] * len(stamps))
