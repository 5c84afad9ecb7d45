"""`--plot FILE` of every engine's command: checked before the work, drawn after it."""

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from polytape.cli.gateway import noting_waits, open_client, warn_if_made_up
from polytape.cli.output import note
from polytape.cli.output_file import PICTURES, form_of
from polytape.errors import ConfigurationError, ValidationError
from polytape.extras import install_command

if TYPE_CHECKING:
    from polytape.engines.registry import EngineSpec
    from polytape.engines.result import EngineRunResult, Shown
    from polytape.engines.session import SessionData

plot_option = click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Draw it into FILE.png, .svg, .pdf or .jpg, too.",
    metavar="FILE",
)
dark_option = click.option("--dark", is_flag=True, help="Draw on a dark ground.")


def check(plot: Path | None) -> None:
    """Raises: BadParameter where no picture can be written, ConfigurationError where matplotlib is
    missing.
    """
    if plot is None:
        return
    form_of(plot, PICTURES, "--plot")
    if find_spec("matplotlib") is None:
        raise ConfigurationError(f"--plot needs {install_command('plot')}")


def run(
    spec: "EngineSpec", symbol: str, as_of: str | None, options: dict[str, Any], url: str | None
) -> "EngineRunResult":
    """An engine's result with the bars that its picture needs, made in this process from a
    gateway's bars.

    Raises: ConnectionError where none answers, DataFetchError where it has no such bars.
    """
    from polytape.client import engines

    with open_client(url) as client, noting_waits(url):
        engine = getattr(engines, str(spec.client_class))(client)
        result: EngineRunResult = getattr(engine, spec.method)(symbol, as_of, **options)
        warn_if_made_up(client.gateway_status)
    return result


def session_at(symbol: str, moment: datetime, url: str | None) -> "SessionData":
    """Session data with the bars that its picture needs. Raises: as `run`."""
    with open_client(url) as client, noting_waits(url):
        return client.session(symbol, moment)


def draw(result: "Shown", path: Path, *, dark: bool = False) -> None:
    """Draw a result into a file. Raises: ConfigurationError naming the path."""
    try:
        result.plot(path=path, style="dark" if dark else "light")
    except ValidationError as error:
        raise ConfigurationError(f"{path} cannot be drawn: {error}") from error
    note(f"drawn into {path}")
