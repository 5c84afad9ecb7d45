"""Whatever goes wrong is one line on stderr and an exit code: 1 for an error, 2 for wrong usage."""

from collections.abc import Callable

import click
import pytest

from polytape.cli.app import EXTRAS, app
from polytape.errors import (
    ConfigurationError,
    ConnectionError,
    NotFoundError,
    PolygonClientError,
    ValidationError,
)
from polytape.extras import install_command
from tests.cli.conftest import Run

Fails = Callable[[BaseException], None]


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Fails:
    """Make the command line raise."""

    def replace(error: BaseException) -> None:
        def main(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(app, "main", main)

    return replace


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (NotFoundError("no symbol X", status=404), 1, "no symbol X (HTTP 404)"),
        (ConfigurationError("no source\nof bars"), 1, "no source of bars"),
        (ValidationError("limit", 0, "above 0"), 2, "limit=0 is not valid: above 0"),
        (PolygonClientError("x"), 1, "x"),
        (ModuleNotFoundError("no", name="litestar.types"), 1,
         "litestar.types is not installed: " + install_command("gateway")),
        (ModuleNotFoundError("no", name="matplotlib"), 1,
         "matplotlib is not installed: " + install_command("plot")),
        (ModuleNotFoundError("no", name="other"), 1,
         "other is not installed: " + install_command("all")),
        (click.UsageError("Wrong"), 2, "Wrong (polytape --help tells more)"),
        (click.Abort(), 130, "stopped"), (KeyboardInterrupt(), 130, "stopped"),
        (ConnectionError("no", url="http://x/api/v1/bars"), 1,
         "no (is a gateway running there? polytape serve starts one)"),
        (ConnectionError("no", url="https://vendor/v2/aggs"), 1, "no"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)  # fmt: skip
def test_an_error_is_one_line(
    polytape: Run, fails: Fails, error: BaseException, code: int, line: str
) -> None:
    """It names the next step where there is one."""
    fails(error)
    assert polytape("price", "AAPL") == (code, "", f"polytape: {line}\n")


def test_a_bug_is_not_hidden(polytape: Run, fails: Fails) -> None:
    """What we did not mean to raise has its traceback."""
    fails(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        polytape("price", "AAPL")


@pytest.mark.parametrize("library", EXTRAS)
def test_every_extra_is_one_of_the_package(library: str) -> None:
    """What the error says to install can be installed."""
    from importlib.metadata import metadata

    assert EXTRAS[library] in (metadata("polytape").get_all("Provides-Extra") or [])


def test_no_command_prints_the_help_and_is_wrong_usage(polytape: Run) -> None:
    """On stdout: it is what was asked for."""
    code, out, err = polytape()
    assert (code, err) == (2, "")
    assert out.startswith("Usage: polytape")
    for group, command in (("cache", "clear"), ("history", "backfill"), ("token", "add")):
        code, out, err = polytape(group)
        assert (code, err) == (2, "")
        assert out.startswith(f"Usage: polytape {group}")
        assert f"\n  {command} " in out
