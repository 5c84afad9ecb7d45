"""A scan as a picture: candles without the gaps of closed hours, zones, swings, volume by price."""

from typing import TYPE_CHECKING

import numpy as np

from polytape.engines.result import SHOWN_IN
from polytape.errors import ConfigurationError
from polytape.model.bars import Bars
from polytape.model.timestamps import to_datetime
from polytape.model.wall_clock import WallClock

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from polytape.engines.confluence import HoldRate
    from polytape.engines.scan_result import ScanResult

SHOWN_BARS = 400
UP, DOWN, INK, QUIET = "#1a7f5a", "#c0392b", "#222222", "#999999"
SIDES = {"support": "#2b6cb0", "resistance": "#b7791f"}
LABEL_BOX = {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1}
DEPTH = {"L1": 0.08, "L2": 0.12, "L3": 0.18, "L4": 0.25, "L5": 0.32}


def draw_scan(result: "ScanResult", path: str | None) -> "Figure":
    """The figure; written to `path` where one is given, in the form that its ending names.

    Raises: ConfigurationError where matplotlib is missing; ValueError for an unknown ending.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigurationError("pictures need pip install 'polytape[plot]'") from error
    figure = Figure(figsize=(13, 7), dpi=110, layout="constrained")
    chart, side = figure.subplots(1, 2, width_ratios=(7, 1), sharey=True)
    bars = (result.bars or Bars.empty()).last(SHOWN_BARS)
    low, high = _range(result, bars)
    _candles(chart, bars)
    _zones(chart, result, len(bars))
    _swings(chart, result, bars)
    _profile(side, result)
    _frame(chart, side, result, bars)
    chart.set_ylim(low, high)
    if path is not None:
        figure.savefig(path)
    return figure


def _candles(chart: "Axes", bars: Bars) -> None:
    places = np.arange(len(bars))
    rising = bars.close >= bars.open
    for color, which in ((UP, rising), (DOWN, ~rising)):
        x, part = places[which], bars.take(which)
        chart.vlines(x, part.low, part.high, color=color, linewidth=0.7)
        body = np.maximum(np.abs(part.close - part.open), 1e-9)
        chart.bar(x, body, 0.7, np.minimum(part.open, part.close), color=color, linewidth=0)


def _zones(chart: "Axes", result: "ScanResult", width: int) -> None:
    taken: list[float] = []
    spread = (result.atr_15min or 0.0) * 0.9
    for zone in sorted(result.zones, key=lambda zone: zone.centre):
        color = SIDES[zone.kind]
        chart.axhspan(zone.low, zone.high, color=color, alpha=DEPTH[zone.level], linewidth=0)
        at = zone.centre if not taken else max(zone.centre, taken[-1] + spread)
        taken.append(at)
        text = f"{zone.level}  {zone.centre:.2f}  {', '.join(zone.votes)}{_rate(zone.rate)}"
        chart.text(1, at, text, color=color, fontsize=7.5, va="center", ha="left", bbox=LABEL_BOX)
    if result.price is not None:
        chart.axhline(result.price, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        text = f" {result.price:.2f}"
        chart.text(width, result.price, text, color=INK, fontsize=8, va="bottom", ha="right")


def _rate(rate: "HoldRate | None") -> str:
    """`  held 71 %, random 68 %`; empty where nothing is known."""
    if rate is None or rate.share != rate.share:
        return ""
    return f"  held {rate.share:.0%}, random {rate.random:.0%}"


def _swings(chart: "Axes", result: "ScanResult", bars: Bars) -> None:
    for swing in result.swings:
        stamp = int(swing.datetime.timestamp() * 1_000_000)
        at = int(np.searchsorted(bars.timestamp, stamp))
        if at < len(bars) and int(bars.timestamp[at]) == stamp:
            marker = "v" if swing.kind == "high" else "^"
            chart.plot(at, swing.price, marker, color=INK, markersize=5)


def _profile(side: "Axes", result: "ScanResult") -> None:
    profile = result.profile
    if profile is None or profile.poc is None:
        side.set_axis_off()
        return
    side.barh(profile.prices, profile.volumes, profile.step * 0.9, color="#9db4c8")
    side.axhline(profile.poc, color=DOWN, linewidth=1)
    for price in (profile.value_area_low, profile.value_area_high):
        if price is not None:
            side.axhline(price, color=QUIET, linewidth=0.8, linestyle=":")
    for node in profile.hvns:
        side.plot(node.volume, node.price, "o", color=INK, markersize=3)


def _frame(chart: "Axes", side: "Axes", result: "ScanResult", bars: Bars) -> None:
    days = WallClock(SHOWN_IN).days_of(bars.timestamp)
    starts = np.flatnonzero(np.diff(days, prepend=-1)) if len(bars) else np.array([], np.int64)
    chart.set_xticks(starts)
    stamps = [to_datetime(int(bars.timestamp[at])).astimezone(SHOWN_IN) for at in starts]
    chart.set_xticklabels([f"{moment:%a %d %b}" for moment in stamps], fontsize=8, ha="left")
    chart.set_xlim(-1, max(len(bars), 1))
    chart.grid(axis="x", color="#e5e5e5", linewidth=0.6)
    chart.set_axisbelow(True)
    at = result.as_of.astimezone(SHOWN_IN)
    known_on = f"as known on {at:%a %Y-%m-%d %H:%M} New York"
    title = f"{result.symbol} 15min {known_on}, {result.structure}"
    chart.set_title(title, loc="left", fontsize=11)
    side.set_title("30 days by price", fontsize=8)
    side.set_xticks([])
    for axes in (chart, side):
        for name in ("top", "right"):
            axes.spines[name].set_visible(False)
    missing = [f"{name}: {why}" for name, why in result.errors.items()] + list(result.notes)
    missing += filter(None, [result.basis_line()])
    if missing:
        chart.set_xlabel("; ".join(missing), fontsize=7.5, color=QUIET, loc="left")


def _range(result: "ScanResult", bars: Bars) -> tuple[float, float]:
    """The prices from the lowest to the highest of the bars and zones, with some air."""
    lows = [float(bars.low.min())] if len(bars) else []
    highs = [float(bars.high.max())] if len(bars) else []
    lows += [zone.low for zone in result.zones]
    highs += [zone.high for zone in result.zones]
    if not lows:
        return 0.0, 1.0
    air = (max(highs) - min(lows)) * 0.03 or 1.0
    return min(lows) - air, max(highs) + air
