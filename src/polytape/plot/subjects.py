"""What each engine's result is a picture of."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from polytape.engines.atr_run import AtrRun
from polytape.engines.bad_print_run import BadPrintRun
from polytape.engines.drawn import Drawn
from polytape.engines.hvn_run import HvnRun
from polytape.engines.rates import Calibration
from polytape.engines.result import Shown
from polytape.engines.scan_result import ScanResult
from polytape.model.bars import Bars
from polytape.model.basis import Basis
from polytape.model.timeframes import Timeframe
from polytape.plot import overlays, usual_range
from polytape.plot.canvas import Canvas
from polytape.plot.palette import Palette
from polytape.plot.rates import draw_rates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# By the name of the result: what the title says, and what is drawn over the candles.
SUBJECTS: dict[str, tuple[str, Callable[[Any, Canvas], None]]] = {
    "ScanResult": ("zones of confluence", overlays.scan),
    "FractalRun": ("swings", overlays.swings),
    "FractalHistoryRun": ("swings shown", overlays.swing_history),
    "HvnRun": ("volume by price", overlays.profiles),
    "CamarillaRun": ("pivots", overlays.pivots),
    "ZoneRun": ("zones", overlays.zones),
    "VwapRun": ("volume-weighted average price", overlays.vwap),
    "OpeningRangeRun": ("opening ranges", overlays.ranges),
    "GapRun": ("open gaps", overlays.gaps),
    "PocRun": ("points of control", overlays.points_of_control),
    "AtrRun": ("usual range by time of day", usual_range.draw_atr),
    "BadPrintRun": ("bad prints", overlays.bad_prints),
    "SessionData": ("prices and ranges of the session", overlays.session),
}


def draw_on(result: Shown, ax: "Axes", palette: Palette) -> None:
    """Draw a result on axes."""
    if isinstance(result, Calibration):
        draw_rates(result, ax, palette)
    else:
        _draw_run(result, ax, palette)


def _draw_run(result: Shown, ax: "Axes", palette: Palette) -> None:
    subject, overlay = SUBJECTS[type(result).__name__]
    drawn = _drawn(result)
    canvas = Canvas(ax, palette, drawn.bars, drawn.timeframe, price=getattr(result, "price", None))
    overlay(result, canvas)
    canvas.notes += result.remarks()
    if not len(drawn.bars) and not isinstance(result, AtrRun):
        canvas.notes.insert(0, "no bars to draw")
    symbol: str = getattr(result, "symbol")  # noqa: B009 - a field of every run
    title = f"{symbol}  {_timeframe(result, drawn)}  {_subject(result, subject)}"
    basis: Basis | None = getattr(result, "basis", None)
    made_up = basis is not None and basis.made_up
    canvas.finish(title, result.facts(), made_up=made_up)


def _subject(result: Shown, subject: str) -> str:
    if isinstance(result, HvnRun | BadPrintRun):
        return f"{subject} of {result.timeframe} bars"
    if since := getattr(result, "since_text", ""):
        return f"{subject} {since}"
    structure = getattr(getattr(result, "fractals", result), "structure", None)
    return subject if structure is None else f"{subject}, {structure}"


def _timeframe(result: Shown, drawn: Drawn) -> str:
    return result.timeframe if isinstance(result, AtrRun) else drawn.timeframe.value


def _drawn(result: Shown) -> Drawn:
    if isinstance(result, ScanResult):
        return Drawn.of(result.bars or Bars.empty(), Timeframe.MIN_15)
    drawn: Drawn | None = getattr(result, "drawn", None)
    return drawn or Drawn(Bars.empty(), Timeframe.MIN_15)
