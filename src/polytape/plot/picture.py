"""A result as a picture: on axes, as a figure that a notebook shows by itself, or in a file."""

import os
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polytape.engines.result import Shown
from polytape.errors import ConfigurationError, ValidationError, one_of
from polytape.extras import install_command
from polytape.plot.palette import palette_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE_INCHES, DPI = (12.0, 6.6), 110
# Left, bottom, width and height of the axes, as shares of the figure.
PLACE = (0.015, 0.175, 0.935, 0.735)


def draw(
    result: Shown,
    ax: object = None,
    path: "str | os.PathLike[str] | None" = None,
    style: object = "light",
) -> "Figure | Axes":
    """The axes, where some are given, else the figure; written to `path`, where one is given.

    Raises: ConfigurationError where matplotlib is missing; ValidationError for another style, for
    what is no axes, and for a path that cannot be written.
    """
    palette = palette_of(style)
    axes: Any = ax
    picture: Figure | Axes
    figure: Any = _new_figure() if ax is None else _figure_of(ax)
    if path is not None:
        _check(Path(path), figure)
    if axes is None:
        figure.set_facecolor(palette.ground)
        axes = figure.add_axes(PLACE)
    from polytape.plot.subjects import draw_on

    draw_on(result, axes, palette)
    if path is not None:
        _write(figure, Path(path))
    picture = figure if ax is None else axes
    return picture


def check_file(path: Path) -> None:
    """Raises: ValidationError where no picture can be written, ConfigurationError where matplotlib
    is missing.
    """
    _check(path, _new_figure())


def _new_figure() -> Any:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigurationError(f"pictures need {install_command('plot')}") from error
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI)
    FigureCanvasAgg(figure)  # no window, whether there is a display or not
    # Notebooks look for this; pyplot and `%matplotlib inline` are not needed.
    figure._repr_png_ = partial(_png, figure)  # type: ignore[attr-defined]
    return figure


def _figure_of(ax: object) -> Any:
    find = getattr(ax, "get_figure", None)
    if find is None or not hasattr(ax, "add_collection"):
        raise ValidationError("ax", ax, "matplotlib axes, or nothing; path= names a file")
    return find(root=True)


def _png(figure: Any) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _check(path: Path, figure: Any) -> None:
    endings = figure.canvas.get_supported_filetypes()
    if path.suffix.lower().removeprefix(".") not in endings:
        allowed = f"a file whose ending is {one_of([f'.{name}' for name in sorted(endings)])}"
        raise ValidationError("path", str(path), allowed)
    if not path.parent.is_dir():
        raise ValidationError("path", str(path), f"a file in a folder that is there: {path.parent}")


def _write(figure: Any, path: Path) -> None:
    try:
        figure.savefig(path)
    except OSError as error:
        allowed = f"a file that can be written ({error.strerror or error})"
        raise ValidationError("path", str(path), allowed) from error
