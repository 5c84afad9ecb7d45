"""The fake vendor on a Monday morning."""

from collections.abc import Iterator

import pytest

from polytape.model.instants import parse_instant
from tests.conftest import MARKET
from tests.fakes.vendor import Street, street

NOW = parse_instant("2026-11-23 11:30 America/New_York", "now", MARKET)


@pytest.fixture
def wall() -> Iterator[Street]:
    """A vendor that sells everything and misbehaves when it is told to."""
    with street(NOW) as made:
        yield made
