"""From settings to a gateway: it does not face a network without a token."""

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from polytape.cli.wiring import make_app, make_gateway, opened_gateway
from polytape.errors import ConfigurationError
from polytape.history.store_reference import StoreReference
from polytape.model.query import series_query
from polytape.model.timeframes import Series
from polytape.settings import Secret, Settings
from tests.conftest import NOW, day_span
from tests.fakes.vendor import KEY, street


def test_a_gateway_is_its_source_over_its_store(tmp_path: Path) -> None:
    """Each may be absent."""
    gateway = make_gateway(Settings(source="synthetic", store=str(tmp_path)))
    assert gateway.upstream is not None
    assert (gateway.upstream.name, gateway.bars.made_up) == ("synthetic", True)
    assert gateway.store is not None
    assert gateway.store.storage.url == str(tmp_path)
    gateway.close()
    gateway = make_gateway(Settings(source="none", store="none"))
    assert (gateway.upstream, gateway.store) == (None, None)
    gateway.close()


@pytest.mark.socket
@pytest.mark.parametrize("made_up", [True, False])
def test_a_gateway_over_a_stand_in_says_that_prices_are_made_up(
    made_up: bool, tmp_path: Path
) -> None:
    """As soon as the stand-in has said so, and so do its store and another gateway over it; one
    that answers with real bars says nothing, and neither does the gateway.
    """
    with street(NOW) as wall:
        wall.vendor.routes.market.upstream = replace(wall.truth, made_up=made_up)
        settings = Settings(api_key=Secret(KEY), vendor_url=wall.url, store=str(tmp_path))
        gateway = make_gateway(settings)
        assert not gateway.bars.made_up
        span = day_span(date(2026, 11, 16))
        result = asyncio.run(gateway.bars.bars(series_query("AAPL", Series.DAY, span)))
        assert result.metadata.made_up is made_up
        assert result.metadata.basis is not None
        assert result.metadata.basis.made_up is made_up
        assert gateway.store is not None
        assert StoreReference(gateway.store).made_up is made_up
        gateway.close()
        again = make_gateway(settings)
        assert again.bars.made_up is made_up
        again.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", "::"])
def test_a_network_is_faced_with_a_token_only(host: str) -> None:
    """The error names both ways out."""
    gateway = make_gateway(Settings(source="none", store="none"))
    with pytest.raises(ConfigurationError, match=r"set POLYTAPE_TOKEN .* --host 127\.0\.0\.1"):
        make_app(Settings(host=host), gateway)
    with pytest.raises(ConfigurationError, match=r"15 characters: at least 16"):
        make_app(Settings(host=host, token=Secret("s3cret-is-short")), gateway)
    assert make_app(Settings(host=host, token=Secret("s3cret-of-sixteen")), gateway) is not None
    gateway.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_this_machine_no_token_is_needed(host: str) -> None:
    """Nobody else can reach it."""
    gateway = make_gateway(Settings(source="none", store="none"))
    assert make_app(Settings(host=host), gateway) is not None
    gateway.close()


def test_a_command_that_fetches_needs_a_store_and_somebody_to_ask(tmp_path: Path) -> None:
    """What it fetches would be lost; without a source there is nothing to fetch."""
    with (
        pytest.raises(ConfigurationError, match="name a store"),
        opened_gateway({"store": "none", "source": "synthetic"}),
    ):
        pass
    with (
        pytest.raises(ConfigurationError, match="name a --source"),
        opened_gateway({"store": str(tmp_path), "source": "none"}),
    ):
        pass
    assert not any(tmp_path.iterdir())  # and no store was made for it
    with opened_gateway({"store": str(tmp_path / "made-up"), "source": "synthetic"}) as gateway:
        assert gateway.bars.source_name == "synthetic"
