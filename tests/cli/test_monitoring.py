"""From settings to what a gateway says of its work."""

import math
from pathlib import Path

import pytest
from click.testing import CliRunner

from polytape.cli import serving
from polytape.cli.serve import serve
from polytape.cli.wiring import make_gateway
from polytape.errors import ConfigurationError
from polytape.gateway.gateway import SLOW_REQUEST_S
from polytape.settings import Settings, load, tracing


@pytest.mark.parametrize(("setting", "seconds"), [(0.25, 0.25), (0.0, math.inf)])
def test_a_slow_request_is_one_of_the_settings(setting: float, seconds: float) -> None:
    """Nought is none: nothing takes for ever."""
    gateway = make_gateway(Settings(source="synthetic", store="none", slow_request_s=setting))
    assert gateway.slow_request_s == seconds
    assert gateway.tracer is None
    gateway.close()
    assert Settings().slow_request_s == SLOW_REQUEST_S


def test_tracing_is_switched_on_by_the_settings() -> None:
    gateway = make_gateway(Settings(source="synthetic", store="none", tracing=True))
    assert gateway.tracer is not None
    gateway.close()
    assert (tracing({"POLYTAPE_TRACING": "true"}), tracing({})) == (True, False)


@pytest.mark.parametrize(
    ("variable", "text", "allowed"),
    [("POLYTAPE_SLOW_REQUEST_S", "-1", "seconds, 0 or more"),
     ("POLYTAPE_TRACING", "perhaps", "true or false")],
)  # fmt: skip
def test_a_wrong_setting_is_named_with_what_is_allowed(
    variable: str, text: str, allowed: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"{variable}: {allowed}"):
        load({variable: text})


def test_the_options_of_serve_are_those_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An option goes before the environment."""
    given: list[Settings] = []
    monkeypatch.setattr(serving, "run_gateway", given.append)
    monkeypatch.setenv("POLYTAPE_SLOW_REQUEST_S", "9")
    monkeypatch.chdir(tmp_path)
    for arguments in (["--slow-request", "0.5", "--tracing"], []):
        assert CliRunner().invoke(serve, arguments).exit_code == 0
    assert [(one.slow_request_s, one.tracing) for one in given] == [(0.5, True), (9.0, False)]
