"""Draws the pictures of these pages from the made-up market: `make pictures`."""

from datetime import date
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from polytape.engines.calibration import CalibrationPlan, calibrate, calibrate_many
from polytape.engines.flow import EngineRun
from polytape.engines.registry import CLIENT_ENGINES, SCAN, EngineSpec
from polytape.engines.result import EngineRunResult
from polytape.model.bars import Bars
from polytape.model.basis import Basis
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic

HERE = Path(__file__).parent
MARKET = xnys()
AS_OF = parse_instant("2026-11-18 14:30 America/New_York", "as_of", MARKET)
SYMBOL = "AAPL"
# Those that a page shows; the scan's page calls it by what it is.
NAMES = {"scan": "confluence"}
SHOWN = ("scan", "fractals", "hvn", "camarilla", "zones", "vwap", "opening-range", "poc", "atr")
PICTURES = [spec for spec in CLIENT_ENGINES if spec.name in SHOWN]


def main() -> None:
    """All of them."""
    source = Synthetic(MARKET, lambda: AS_OF)
    for spec in PICTURES:
        result_of(spec, source).plot(path=HERE / f"{NAMES.get(spec.name, spec.name)}.png")
    result_of(SCAN, source).plot(path=HERE / "confluence-dark.png", style="dark")
    draw_calibration(source)


def since(source: Synthetic, series: Series, first: date) -> Bars:
    """The symbol's bars from a day on."""
    span = Span(MARKET.midnight(first), AS_OF)
    return source.bars(series_query(SYMBOL, series, span)).bars


def result_of(spec: EngineSpec, source: Synthetic) -> EngineRunResult:
    """An engine's result on its defaults."""

    def answer(query: BarsQuery) -> Bars:
        stored = source.bars(query.of_series(MARKET)).bars
        splits = source.splits(SYMBOL) or ()
        return query.answer(stored, splits, market=MARKET, today=date(2026, 11, 18))

    basis = Basis(source="synthetic", made_up=True, adjusted=True)
    run: EngineRun[Any] = EngineRun(spec.run(SYMBOL, AS_OF, MARKET, spec.options())).start()
    while run.queries is not None:
        run.send(map(answer, run.queries), [basis] * len(run.queries))
    result = run.result
    assert isinstance(result, EngineRunResult)
    return result


def draw_calibration(source: Synthetic) -> None:
    """Hold rates less those of random levels: on real bars, and on a market without memory."""
    minutes = since(source, Series.MINUTE, date(2026, 3, 2))
    days = since(source, Series.DAY, date(2025, 1, 2))
    made_up = calibrate(minutes, days, market=MARKET, symbol=SYMBOL)
    plan = CalibrationPlan(horizon_days=1, warm_up_days=1)
    real = calibrate_many(real_bars(), market=MARKET, plan=plan)
    figure = Figure(figsize=(13, 5), dpi=100)
    charts: Any = figure.subplots(1, 2, sharey=True)
    figure.subplots_adjust(left=0.02, right=0.95, top=0.84, bottom=0.15, wspace=0.12)
    for chart, made, name in (
        (charts[0], real, "real bars"),
        (charts[1], made_up, "made-up prices"),
    ):
        made.plot(chart)
        chart.set_title(name, loc="right", fontsize=9, y=1.0, pad=5)
    figure.savefig(HERE / "calibration.png")


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
