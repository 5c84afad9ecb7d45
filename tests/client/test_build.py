"""How a client is put together: arguments before config before settings."""

from pathlib import Path
from typing import Any

import pytest

from polytape.client.build import make_core, state_of
from polytape.client.config import PolygonClientConfig
from polytape.client.core import Core
from polytape.errors import ValidationError


class Own(PolygonClientConfig):
    BASE_URL = "http://own:1/api/v2"
    API_VERSION = "/api/v2"
    DEFAULT_TIMEOUT = 7
    MAX_RETRIES = 1
    RETRY_BACKOFF = 0.5
    TOTAL_DEADLINE = 9.0
    CACHE_SIZE = 3
    CACHE_TTL_MINUTES = 2.5


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's own settings decide here."""
    monkeypatch.chdir(tmp_path)
    for name in ("POLYTAPE_URL", "POLYTAPE_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def make(base_url: str | None = None, **options: Any) -> Core:
    settings: dict[str, Any] = {
        "timeout": None, "max_retries": None, "enable_caching": True, "config": None,
        "api_key": None,
    }  # fmt: skip
    return make_core(base_url, **(settings | options))


def test_without_a_word_it_is_this_machines_gateway() -> None:
    core = make()
    assert (core.base_url, core.version) == ("http://localhost:8200", "/api/v1")
    policy = core.connection.policy
    assert (policy.timeout_s, policy.max_retries) == (30.0, 3)
    assert (policy.backoff_s, policy.deadline_s) == (1.0, 120.0)
    assert core.connection.api_key is None
    assert core.cache is not None
    assert (core.cache.max_size, core.cache.ttl_minutes) == (100, 5)
    assert make(enable_caching=False).cache is None


@pytest.mark.parametrize("config", [Own, Own()])
def test_a_config_decides_and_an_argument_before_it(config: Any) -> None:
    core = make(config=config)
    assert (core.base_url, core.version) == ("http://own:1", "/api/v2")
    policy = core.connection.policy
    assert (policy.timeout_s, policy.max_retries) == (7.0, 1)
    assert (policy.backoff_s, policy.deadline_s) == (0.5, 9.0)
    assert core.cache is not None
    assert (core.cache.max_size, core.cache.ttl_minutes) == (3, 2.5)
    core = make("http://x:2/", config=config, timeout=3, max_retries=0)
    assert core.base_url == "http://x:2"
    assert (core.connection.policy.timeout_s, core.connection.policy.max_retries) == (3.0, 0)


def test_the_token_of_the_settings_goes_only_to_the_address_of_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POLYTAPE_URL", "http://mine:1")
    monkeypatch.setenv("POLYTAPE_TOKEN", "s3cret")
    core = make()
    assert (core.base_url, core.connection.api_key) == ("http://mine:1", "s3cret")
    assert make(api_key="other").connection.api_key == "other"
    assert make("http://else:1").connection.api_key is None
    assert make(config=Own).connection.api_key is None
    assert "s3cret" not in repr(core)


@pytest.mark.parametrize(
    ("options", "param"),
    [({"timeout": 0}, "timeout"), ({"timeout": True}, "timeout"), ({"timeout": float("inf")}, "timeout"),
     ({"timeout": float("nan")}, "timeout"), ({"max_retries": -1}, "max_retries"),
     ({"max_retries": True}, "max_retries"), ({"max_retries": 1.0}, "max_retries"),
     ({"api_key": " "}, "api_key"), ({"base_url": "no address"}, "base_url")],
)  # fmt: skip
def test_what_cannot_work_names_its_parameter(options: dict[str, Any], param: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make(**options)
    assert caught.value.param == param


def test_its_state_makes_an_equal_client() -> None:
    for core in (
        make("http://x:2", api_key="k", timeout=3, config=Own),
        make(enable_caching=False),
    ):
        again = make_core(**state_of(core))
        one, other = core.connection, again.connection
        assert (one.base_url, one.version, one.policy, one.api_key) == (
            other.base_url, other.version, other.policy, other.api_key
        )  # fmt: skip
        assert (again.cache is None) == (core.cache is None)
        if core.cache is not None:
            assert again.cache is not None
            assert again.cache is not core.cache
            assert (again.cache.max_size, again.cache.ttl) == (core.cache.max_size, core.cache.ttl)
