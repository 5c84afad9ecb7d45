"""The environment, read once: what is wrong names its variable, and no secret shows."""

import copy
import pickle
from datetime import date
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from polytape.errors import ConfigurationError
from polytape.settings import (
    PlanOption,
    Secret,
    Settings,
    SourceName,
    access_folder,
    load,
    long_day_from,
)


def test_nothing_set_is_the_default() -> None:
    """A gateway on loopback that has yet to be told whose bars it serves."""
    settings = load({})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.source) == ("127.0.0.1", 8200, "auto")
    assert settings.url == "http://localhost:8200"
    assert settings.api_key is None


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("POLYTAPE_PORT", " 80 ", "port", 80), ("POLYTAPE_SEED", "-3", "seed", -3),
        ("POLYTAPE_LONG_DAY_FROM", "2026-12-07", "long_day_from", date(2026, 12, 7)),
        ("POLYTAPE_SPLITS", "a/b.csv", "splits", Path("a/b.csv")),
        ("POLYTAPE_DATA", "s3://flatfiles", "data", "s3://flatfiles"),
        ("POLYTAPE_STORE", "none", "store", "none"), ("POLYTAPE_STORE", "null", "store", "null"),
        ("POLYTAPE_VENDOR_URL", "http://x", "vendor_url", "http://x"),
        ("POLYTAPE_TOKEN", "s3cret", "token", Secret("s3cret")),
        ("POLYTAPE_REDIS", "redis://x", "redis", Secret("redis://x")),
    ],
)  # fmt: skip
def test_each_variable_has_its_type(variable: str, text: str, name: str, value: object) -> None:
    """Blanks around it are nobody's intention."""
    assert getattr(load({variable: text}), name) == value


@pytest.mark.parametrize("name", get_args(SourceName))
def test_every_source_can_be_named(name: str) -> None:
    """As the options of the command."""
    assert load({"POLYTAPE_SOURCE": name}).source == name


@pytest.mark.parametrize("name", get_args(PlanOption))
def test_every_plan_can_be_named(name: str) -> None:
    """They are those of the table of plans."""
    from polytape.wire.polygon.plans import PLANS

    assert load({"POLYTAPE_PLAN": name}).plan == name
    assert set(get_args(PlanOption)) == set(PLANS)


@pytest.mark.parametrize("field", Settings.__struct_fields__)
def test_an_empty_variable_is_none_at_all(field: str) -> None:
    """`POLYTAPE_TOKEN=` is not a token that every request carries."""
    names = {"api_key": "POLYGON_API_KEY"}
    variable = names.get(field, f"POLYTAPE_{field.upper()}")
    for blank in ("", "  "):
        assert load({variable: blank}) == Settings()


@pytest.mark.parametrize(
    ("variable", "text", "allowed"),
    [
        ("POLYTAPE_PORT", "99999", "a port from 0 to 65535"),
        ("POLYTAPE_PORT", "http", "a port from 0 to 65535"),
        ("POLYTAPE_SEED", "1.5", "a whole number"),
        ("POLYTAPE_LONG_DAY_FROM", "soon", "a date, such as 2026-12-07"),
        ("POLYTAPE_SOURCE", "yahoo", "one of auto,"),
        ("POLYTAPE_PLAN", "gold", "one of basic,"),
    ],
)  # fmt: skip
def test_a_wrong_value_names_its_variable_and_what_is_allowed(
    variable: str, text: str, allowed: str
) -> None:
    """Never the value itself: it may be a secret that stands in the wrong place."""
    with pytest.raises(ConfigurationError) as caught:
        load({variable: text})
    assert str(caught.value).startswith(f"{variable}: {allowed}")
    assert text not in str(caught.value).replace("65535", "")
    assert caught.value.__cause__ is None


def test_the_vendors_key_has_either_brands_name() -> None:
    """The first that is set counts; ours has no prefix of our own."""
    for variables, key in (
        ({"POLYGON_API_KEY": "p", "MASSIVE_API_KEY": "m"}, "p"),
        ({"POLYGON_API_KEY": " ", "MASSIVE_API_KEY": "m"}, "m"),
    ):
        settings = load(variables)
        assert settings.api_key is not None
        assert settings.api_key.reveal() == key
    assert load({"POLYTAPE_API_KEY": "x"}).api_key is None


def test_what_is_given_stands_above_the_environment() -> None:
    """None means that it was not given."""
    environment = {"POLYTAPE_PORT": "1", "POLYTAPE_STORE": "here"}
    settings = load(environment, port=2, store=None, seed=5)
    assert (settings.port, settings.store, settings.seed) == (2, "here", 5)


def test_the_environment_is_the_processs_own_where_none_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody else reads it."""
    monkeypatch.setenv("POLYTAPE_PORT", "1234")
    assert load().port == 1234


def test_a_secret_is_shown_only_on_purpose() -> None:
    """Not by printing, formatting or the repr of what holds it."""
    secret = Secret("hidden")
    settings = load({"POLYTAPE_TOKEN": "hidden", "POLYGON_API_KEY": "hidden"})
    shown: list[Any] = [secret, settings, [secret], {"token": secret}]
    assert all("hidden" not in f"{one} {one!r}" for one in shown)
    assert secret.reveal() == "hidden"
    assert (secret == Secret("hidden"), secret == Secret("x")) == (True, False)
    assert len({secret, Secret("hidden")}) == 1
    assert copy.deepcopy(settings) == settings
    for whole in (secret, settings):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(whole)
    with pytest.raises(TypeError):
        msgspec.json.encode(settings)


def test_settings_cannot_be_changed() -> None:
    """What a gateway was started with stays."""
    with pytest.raises(AttributeError):
        load({}).port = 1  # type: ignore[misc]


def test_the_hours_are_read_alone() -> None:
    """Whoever wants the market is not stopped by what is wrong with another setting."""
    assert long_day_from({}) is None
    wrong_port = {"POLYTAPE_PORT": "http", "POLYTAPE_LONG_DAY_FROM": "2026-12-07"}
    assert long_day_from(wrong_port) == date(2026, 12, 7)
    with pytest.raises(ConfigurationError, match="POLYTAPE_LONG_DAY_FROM: a date"):
        long_day_from({"POLYTAPE_LONG_DAY_FROM": "7 December"})


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({}, "linux", Path.home() / ".local/state/polytape"),
        ({"XDG_STATE_HOME": "/s"}, "linux", Path("/s/polytape")),
        ({"XDG_STATE_HOME": "s"}, "linux", Path.home() / ".local/state/polytape"),
        ({}, "darwin", Path.home() / "Library/Application Support/polytape"),
        ({"XDG_STATE_HOME": "/s"}, "darwin", Path("/s/polytape")),
        ({"LOCALAPPDATA": "/l", "XDG_STATE_HOME": "/s"}, "win32", Path("/l/polytape")),
        ({}, "win32", Path.home() / "AppData/Local/polytape"),
        ({"POLYTAPE_ACCESS_FOLDER": "~/mine"}, "linux", Path.home() / "mine"),
        ({"POLYTAPE_ACCESS_FOLDER": "/mine", "XDG_STATE_HOME": "/s"}, "win32", Path("/mine")),
    ],
)  # fmt: skip
def test_tokens_lie_where_the_platform_keeps_state(
    environment: dict[str, str], platform: str, folder: Path
) -> None:
    """Or where the setting says; a relative XDG path is to be ignored."""
    assert access_folder(environment, platform) == folder
