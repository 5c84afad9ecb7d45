"""Draws the pictures of these pages from the made-up market: `make pictures`."""

from datetime import date
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from polytape.engines.as_of import AsOfBars, days_back
from polytape.engines.calibration import CalibrationPlan, calibrate, calibrate_many
from polytape.engines.camarilla import Camarilla, camarilla_of
from polytape.engines.flow import run_with
from polytape.engines.fractals import fractals
from polytape.engines.options import ScanOptions
from polytape.engines.rates import Calibration
from polytape.engines.scanner import scan_flow
from polytape.engines.volume_profile import volume_profile
from polytape.engines.zone_run import zones_at
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.plot.scan import DOWN, INK, QUIET, SIDES, _candles
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic

HERE = Path(__file__).parent
MARKET = xnys()
AS_OF = parse_instant("2026-11-18 14:30 America/New_York", "as_of", MARKET)
SYMBOL = "AAPL"


def main() -> None:
    """All of them."""
    source = Synthetic(MARKET, lambda: AS_OF)
    minutes = since(source, Series.MINUTE, date(2026, 10, 19))
    known = AsOfBars(minutes, since(source, Series.DAY, date(2025, 10, 1)), AS_OF, MARKET)
    draw_fractals(known)
    draw_profile(known)
    draw_camarilla(known)
    draw_zones(known)
    draw_scan(source)
    draw_calibration(source)


def since(source: Synthetic, series: Series, first: date) -> Bars:
    """The symbol's bars from a day on."""
    span = Span(MARKET.midnight(first), AS_OF)
    return source.bars(series_query(SYMBOL, series, span)).bars


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
    made = volume_profile(known.fives.within(days_back(AS_OF, MARKET, 14)))
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
    bars = known.quarters.within(Span(MARKET.midnight(date(2026, 11, 17)), AS_OF))
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

    def answer(query: BarsQuery) -> Bars:
        stored = source.bars(query.of_series(MARKET)).bars
        splits = source.splits(SYMBOL) or ()
        return query.answer(stored, splits, market=MARKET, today=date(2026, 11, 18))

    flow = scan_flow(SYMBOL, AS_OF, MARKET, ScanOptions())
    run_with(flow, answer).plot(str(HERE / "confluence.png"))


def draw_calibration(source: Synthetic) -> None:
    """Hold rates less those of random levels: on real bars, and on a market without memory."""
    minutes = since(source, Series.MINUTE, date(2026, 3, 2))
    days = since(source, Series.DAY, date(2025, 1, 2))
    made_up = calibrate(minutes, days, market=MARKET, symbol=SYMBOL)
    plan = CalibrationPlan(horizon_days=1, warm_up_days=1)
    real = calibrate_many(real_bars(), market=MARKET, plan=plan)
    figure = Figure(figsize=(11, 4), dpi=100, layout="constrained")
    charts: Any = figure.subplots(1, 2, sharey=True)
    for chart, made, name in (
        (charts[0], real, f"real bars, {real.symbol}, October 2013: {real.steps} days"),
        (charts[1], made_up, f"a market without memory: {made_up.steps} days"),
    ):
        draw_differences(chart, made)
        chart.set_title(name, loc="left", fontsize=10)
    charts[0].set_ylabel("held, less random levels (points)", fontsize=9)
    figure.savefig(HERE / "calibration.png")


def draw_differences(chart: Axes, made: Calibration) -> None:
    """A point a level, with its joint interval where there is one."""
    chart.axhline(0, color=QUIET, lw=0.8)
    for at, one in enumerate(made.levels):
        gap, cases = one.hold_difference, f"  {one.held.count} of {one.held.of}"
        color = DOWN if gap.stands_out else SIDES["support"]
        if one.held.of:
            chart.plot(at, 100 * gap.rate, "o", color=color, fillstyle="full")
            chart.vlines(at, 100 * gap.joint_low, 100 * gap.joint_high, color=color)
            chart.annotate(cases, (at, 100 * gap.rate), fontsize=8)
        else:
            chart.annotate("none touched", (at, 2), fontsize=8, ha="center", color=QUIET)
    chart.set_xticks(range(len(made.levels)), [one.level for one in made.levels])
    chart.set_xlim(-0.5, len(made.levels) - 0.3)


def real_bars() -> dict[str, tuple[Bars, Bars]]:
    """Minutes and days of the flat files beside the checkout, by symbol."""
    source = FlatFiles(HERE.parents[2] / "shared/data/flatfiles", MARKET)
    last = MARKET.midnight(date(2013, 10, 12))
    minutes, days = (Span(MARKET.midnight(date(2013, *day)), last) for day in ((10, 4), (8, 1)))
    return {
        symbol: (
            source.bars(series_query(symbol, Series.MINUTE, minutes)).bars,
            source.bars(series_query(symbol, Series.DAY, days)).bars,
        )
        for symbol in ("AIG", "BAC", "IBM", "SPY")
    }


if __name__ == "__main__":
    main()
