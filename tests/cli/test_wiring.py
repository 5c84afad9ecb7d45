"""From settings to a gateway: it does not face a network without a token."""

from pathlib import Path

import pytest

from polytape.cli.wiring import make_app, make_gateway, opened_gateway
from polytape.errors import ConfigurationError
from polytape.settings import Secret, Settings


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
    with opened_gateway({"store": str(tmp_path / "made-up"), "source": "synthetic"}) as gateway:
        assert gateway.bars.source_name == "synthetic"
