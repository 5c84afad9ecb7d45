"""Draws the pictures of these pages from the made-up market: `make pictures`."""

from datetime import date
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from polytape.engines.calibration import calibrate
from polytape.engines.camarilla import Camarilla, camarilla_of
from polytape.engines.fractals import fractals
from polytape.engines.result import run_with
from polytape.engines.runs import AsOfBars, window, zones_at
from polytape.engines.scanner import scan_run
from polytape.engines.volume_profile import volume_profile
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.newyork import midnight
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.plot.scan import DOWN, INK, QUIET, SIDES, _candles
from polytape.upstream.synthetic.source import Synthetic

HERE = Path(__file__).parent
AS_OF = parse_instant("2026-11-18 14:30 America/New_York", "as_of")
SYMBOL = "AAPL"


def main() -> None:
    """All of them."""
    market = xnys()
    source = Synthetic(market, lambda: AS_OF)
    minutes = source.bars(SYMBOL, Series.MINUTE, Span(midnight(date(2026, 10, 19)), AS_OF)).bars
    days = source.bars(SYMBOL, Series.DAY, Span(midnight(date(2025, 10, 1)), AS_OF)).bars
    known = AsOfBars(minutes, days, AS_OF, market)
    draw_fractals(known)
    draw_profile(known)
    draw_camarilla(known)
    draw_zones(known)
    draw_scan(source)
    draw_calibration(source)


def canvas(bars: Bars, title: str) -> tuple[Figure, Axes]:
    """Candles of some bars."""
    figure = Figure(figsize=(11, 5), dpi=100, layout="constrained")
    chart: Any = figure.subplots()
    _candles(chart, bars)
    chart.set_title(title, loc="left", fontsize=11)
    chart.set_xticks([])
    for name in ("top", "right"):
        chart.spines[name].set_visible(False)
    return figure, chart


def draw_fractals(known: AsOfBars) -> None:
    """Swings joined to a zigzag."""
    bars = known.quarters.last(300)
    found = fractals(bars)
    figure, chart = canvas(bars, f"fractals: {found.structure}, confirmed five bars later")
    chart.plot([s.index for s in found.swings], [s.price for s in found.swings], color=QUIET, lw=1)
    for swing in found.swings:
        shape = ("v" if swing.kind == "high" else "^") if swing.settled else "o"
        chart.plot(swing.index, swing.price, shape, color=INK, markersize=7)
    figure.savefig(HERE / "fractals.png")


def draw_profile(known: AsOfBars) -> None:
    """A profile with its nodes."""
    made = volume_profile(window(known.fives, AS_OF, 14))
    figure = Figure(figsize=(11, 5), dpi=100, layout="constrained")
    chart: Any = figure.subplots()
    chart.barh(made.prices, made.volumes, made.step * 0.9, color="#9db4c8")
    chart.axhline(made.poc, color=DOWN, lw=1.2)
    chart.text(
        made.volumes.max(), made.poc, "point of control", color=DOWN, ha="right", va="bottom"
    )
    for price, name in ((made.value_area_high, "value area high"), (made.value_area_low, "low")):
        chart.axhline(price, color=QUIET, linestyle=":")
        chart.text(
            made.volumes.max(), price, name, color=QUIET, ha="right", va="bottom", fontsize=8
        )
    for node in made.hvns:
        chart.plot(node.volume, node.price, "o", color=INK)
        chart.annotate(f" HVN {node.rank}", (node.volume, node.price), fontsize=8)
    for node in made.lvns[:4]:
        chart.plot(node.volume, node.price, "o", markerfacecolor="white", color=INK)
    chart.set_title("volume by price, 14 days of 5-minute bars", loc="left", fontsize=11)
    chart.set_xticks([])
    figure.savefig(HERE / "hvn.png")


def draw_camarilla(known: AsOfBars) -> None:
    """The day's levels over the day's bars."""
    made = camarilla_of(known.days, "day", AS_OF, known.market)
    assert isinstance(made, Camarilla)
    bars = known.quarters.within(Span(midnight(date(2026, 11, 17)), AS_OF))
    figure, chart = canvas(bars, f"camarilla of {made.end}")
    for name, price in made.levels.items():
        color = INK if name == "PP" else SIDES["resistance" if name[0] == "R" else "support"]
        chart.hlines(price, 0, len(bars) - 1, color=color, lw=0.8 if name[1] in "12P" else 1.5)
        chart.text(len(bars), price, f" {name} {price:.2f}", color=color, fontsize=8, va="center")
    figure.savefig(HERE / "camarilla.png")


def draw_zones(known: AsOfBars) -> None:
    """Every zone by its name."""
    run = zones_at(SYMBOL, known)
    bars = known.quarters.last(130)
    figure, chart = canvas(bars, "weekly, daily, ATR and structure zones")
    for zone in run.zones:
        width = zone.high - zone.low
        chart.barh(zone.level, len(bars), width, color=SIDES[zone.side], alpha=0.18, lw=0)
        chart.text(len(bars), zone.level, f" {zone.name}", fontsize=8, va="center")
    figure.savefig(HERE / "zones.png")


def draw_scan(source: Synthetic) -> None:
    """A whole scan."""

    def answer(question: BarsQuery) -> Bars:
        base = source.bars(SYMBOL, question.timeframe.series, question.series_span).bars
        splits = source.splits(SYMBOL) or ()
        return question.answer(base, splits, market=xnys(), today=date(2026, 11, 18))

    run_with(scan_run(SYMBOL, AS_OF, market=xnys()), answer).plot(str(HERE / "confluence.png"))


def draw_calibration(source: Synthetic) -> None:
    """Touch and hold rates with their intervals."""
    span = Span(midnight(date(2026, 3, 2)), AS_OF)
    minutes = source.bars(SYMBOL, Series.MINUTE, span).bars
    days = source.bars(SYMBOL, Series.DAY, Span(midnight(date(2025, 1, 2)), AS_OF)).bars
    made = calibrate(minutes, days, market=xnys(), symbol=SYMBOL)
    figure = Figure(figsize=(11, 4), dpi=100, layout="constrained")
    chart: Any = figure.subplots()
    for at, one in enumerate(made.levels):
        held = one.held
        color = DOWN if one.level == "random" else SIDES["support"]
        chart.errorbar(at, held.rate, [[held.rate - held.low], [held.high - held.rate]], fmt="o",
                       color=color, capsize=4)  # fmt: skip
        chart.annotate(f"  {held.count} of {held.of}", (at, held.rate), fontsize=8)
    chart.set_xticks(range(len(made.levels)), [one.level for one in made.levels])
    chart.set_ylim(0, 1)
    chart.set_title("zones that held, of those touched, 95 % intervals (a market without memory)",
                    loc="left", fontsize=11)  # fmt: skip
    figure.savefig(HERE / "calibration.png")


if __name__ == "__main__":
    main()
