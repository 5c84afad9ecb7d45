"""The single engines on bars at hand: what they ask for, what they make, what they say they lack."""

from datetime import date
from typing import Any

import pytest

from polytape.engines.as_of import AsOfBars, days_back, days_query, minutes_query
from polytape.engines.atr import atr
from polytape.engines.camarilla import camarilla_of
from polytape.engines.camarilla_run import camarilla_flow
from polytape.engines.flow import EngineRun, run_with
from polytape.engines.fractal_run import fractal_flow
from polytape.engines.fractals import fractals
from polytape.engines.hvn_run import hvn_flow
from polytape.engines.options import (
    CamarillaOptions,
    FractalOptions,
    HvnOptions,
    Period,
    ZoneOptions,
)
from polytape.engines.volume_profile import volume_profile
from polytape.engines.zone_run import zone_flow, zones_at
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.resample import resample
from polytape.model.timeframes import Timeframe
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET
from tests.engines.test_scanner import answers, at

AS_OF = at("2026-11-18 11:30")


@pytest.fixture(scope="module")
def known(synthetic: Synthetic, market: Market) -> AsOfBars:
    answer = answers(synthetic, market)
    minutes, days = minutes_query("AAPL", AS_OF, market), days_query("AAPL", AS_OF, market)
    return AsOfBars(answer(minutes), answer(days), AS_OF, market)


@pytest.mark.parametrize(
    ("flow", "options", "minutes", "days"),
    [
        (fractal_flow, FractalOptions(days_back=3), 3 + 15, None),
        (hvn_flow, HvnOptions(windows=(14, 2, 5)), 14, None),
        (camarilla_flow, CamarillaOptions(), None, 400),
        (zone_flow, ZoneOptions(), 30, 400),
    ],
)
def test_an_engine_asks_for_no_more_than_it_needs(
    flow: Any, options: Any, minutes: int | None, days: int | None, market: Market
) -> None:
    run: EngineRun[Any] = EngineRun(flow("AAPL", AS_OF, market, options)).start()
    expected = []
    if minutes is not None:
        expected.append(minutes_query("AAPL", AS_OF, market, minutes))
    if days is not None:
        expected.append(days_query("AAPL", AS_OF, market, days))
    assert run.queries == tuple(expected)


def test_fractals_are_those_of_the_complete_bars(known: AsOfBars, market: Market) -> None:
    options = FractalOptions(
        fractal_length=5,
        min_atr_distance=0.5,
        atr_period=9,
        atr_method="sma",
        check_price_overlap=False,
    )
    run = run_with(fractal_flow("AAPL", AS_OF, market, options), lambda _: known.minutes)
    alone = fractals(
        known.quarters,
        fractal_length=5,
        min_atr_distance=0.5,
        atr_period=9,
        atr_method="sma",
        check_price_overlap=False,
    )
    assert run.fractals == alone
    assert run.notes == ()
    assert (run.timeframe, run.as_of.isoformat()) == ("15min", "2026-11-18T16:30:00+00:00")
    assert list(run.to_frame()["price"]) == [swing.price for swing in alone.swings]
    assert repr(run).startswith("AAPL 15min at Wed 2026-11-18 11:30 New York: Fractals: ")
    lacking = run_with(fractal_flow("AAPL", AS_OF, market, options),
                       lambda _: known.minutes.last(60))  # fmt: skip
    assert lacking.notes == ("4 bars, 12 are needed",)


def test_each_window_has_its_profile(known: AsOfBars, market: Market) -> None:
    how: dict[str, Any] = {
        "levels": 40, "percentile": 60.0, "prominence": 0.2, "distance": 9, "value_area": 0.5,
        "value_area_method": "one_row",
    }  # fmt: skip
    options = HvnOptions(windows=(14, 3), include_extended=False, **how)
    run = run_with(hvn_flow("AAPL", AS_OF, market, options), lambda _: known.minutes)
    assert list(run.profiles) == [3, 14]
    fives = resample(known.minutes, Timeframe.MIN_5, market=market, include_extended=False)
    for days, profile in run.profiles.items():
        alone = volume_profile(fives.within(days_back(AS_OF, MARKET, days)), **how)
        assert profile.to_dict() == alone.to_dict()
    assert list(run.to_frame()["window"]) == [
        days for days, profile in run.profiles.items() for _ in profile.hvns
    ]
    stepped = HvnOptions(windows=(3,), price_step=0.25)
    (profile,) = run_with(
        hvn_flow("AAPL", AS_OF, market, stepped), lambda _: known.minutes
    ).profiles.values()
    assert profile.step == 0.25
    empty = run_with(hvn_flow("AAPL", AS_OF, market, options), lambda _: Bars.empty())
    assert empty.notes == ("no volume in 3 days", "no volume in 14 days")


def test_each_period_has_its_pivots(known: AsOfBars, market: Market) -> None:
    options = CamarillaOptions(periods=("week", "day"), variant="range")
    run = run_with(camarilla_flow("AAPL", AS_OF, market, options), lambda _: known.days)
    periods: tuple[Period, ...] = ("week", "day")
    assert run.pivots == {
        period: camarilla_of(known.days, period, AS_OF, market, variant="range")
        for period in periods
    }
    assert run.notes == ()
    assert list(run.to_frame()["period"].unique()) == ["week", "day"]


def test_pivots_that_cannot_be_made_are_said(known: AsOfBars, market: Market) -> None:
    flow = camarilla_flow("AAPL", AS_OF, market, CamarillaOptions())
    short = run_with(flow, lambda _: known.days.last(2))
    assert set(short.pivots) == {"day"}
    assert short.notes == ("no completed week in the daily bars",
                           "no completed month in the daily bars")  # fmt: skip
    wrong = CamarillaOptions(periods=("year",))  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="period"):
        run_with(camarilla_flow("AAPL", AS_OF, market, wrong), lambda _: known.days)


def test_zones_name_the_atrs_that_they_are_made_by(known: AsOfBars) -> None:
    run = zones_at("AAPL", known)
    assert run.price == known.minutes.close[-1]
    assert run.atr_5min == atr(known.fives).last
    assert run.atr_15min == atr(known.quarters).last
    assert run.atr_day == atr(known.days).last
    assert {zone.family for zone in run.zones} == {"weekly", "daily", "atr", "market-structure"}
    assert run.rows() == run.zones
    assert run.notes == ()


@pytest.mark.parametrize(
    ("minutes", "days", "families", "lacks"),
    [
        (0, 300, set(), {"no minute bar before Wed 2026-11-18 11:30 New York", "atr_5min needs 15 complete bars, there are 0",
                         "atr_15min needs 15 complete bars, there are 0"}),
        (100, 300, {"atr", "market-structure"}, {"atr_15min needs 15 complete bars, there are 7"}),
        (600, 7, {"weekly", "daily", "market-structure"}, {"atr_day needs 15 complete bars, there are 7"}),
        (600, 5, {"daily", "market-structure"}, {"atr_day needs 15 complete bars, there are 5",
                                                 "no PWH, PWL, PWC: no daily bar of 2026-11-09, 2026-11-10"}),
        (600, 0, {"market-structure"}, {"atr_day needs 15 complete bars, there are 0", "no daily bar before it"}),
    ],
)  # fmt: skip
def test_zones_that_cannot_be_made_are_left_out_and_said(
    known: AsOfBars, minutes: int, days: int, families: set[str], lacks: set[str]
) -> None:
    """Minutes alone still give the night's high and low."""
    some = AsOfBars(known.minutes.take(slice(len(known.minutes) - minutes, None)),
                    known.days.take(slice(len(known.days) - days, None)), AS_OF, known.market)  # fmt: skip
    run = zones_at("AAPL", some)
    assert {zone.family for zone in run.zones} == families
    assert set(run.notes) == lacks


def test_the_flow_of_the_zones_makes_them_of_both_series(known: AsOfBars, market: Market) -> None:
    options = ZoneOptions(weekly_levels=(300.0,))

    def answer(query: Any) -> Bars:
        return known.days if query.timeframe is Timeframe.DAY else known.minutes

    run = run_with(zone_flow("AAPL", AS_OF, market, options), answer)
    assert run == zones_at("AAPL", known, ZoneOptions((300.0,)))
    assert [zone.name for zone in run.zones if zone.family == "weekly"] == ["WL1"]


@pytest.mark.parametrize("flow", [fractal_flow, hvn_flow])
@pytest.mark.parametrize("timeframe", ["1day", "1week", "7min", ""])
def test_intraday_engines_name_a_timeframe_that_is_none(
    flow: Any, timeframe: str, market: Market
) -> None:
    options = (FractalOptions if flow is fractal_flow else HvnOptions)(timeframe=timeframe)
    with pytest.raises(ValidationError, match="timeframe"):
        EngineRun(flow("AAPL", AS_OF, market, options)).start()


def test_an_instant_on_a_closed_day_is_of_the_days_before(known: AsOfBars, market: Market) -> None:
    sunday = at("2026-11-15 12:00")
    days = known.days.take(known.days.timestamp < sunday)
    run = run_with(camarilla_flow("AAPL", sunday, market, CamarillaOptions()), lambda _: days)
    assert run.pivots["day"].end == date(2026, 11, 13)
    assert (run.pivots["week"].start, run.pivots["week"].end) == (
        date(2026, 11, 9), date(2026, 11, 13),
    )  # fmt: skip
    assert run.notes == ()


def test_zones_over_a_hole_say_which_day_it_is(known: AsOfBars) -> None:
    """Amid the history: the ATRs keep their value over it, and are said to run over it; a week that
    lacks it has no levels. The last bars are all there.
    """
    hole = MARKET.day_span(date(2026, 11, 12))
    minutes, days = (
        bars.take((bars.timestamp < hole.start) | (bars.timestamp >= hole.end))
        for bars in (known.minutes, known.days)
    )
    run = zones_at("AAPL", AsOfBars(minutes, days, AS_OF, known.market))
    over = "no bar of 2026-11-12: the range runs over the hole"
    week = "no PWH, PWL, PWC: no daily bar of 2026-11-12"
    assert run.notes == (f"atr_5min, atr_15min, atr_day: {over}", week)
    assert run.atr_day == atr(days).last
    assert {zone.family for zone in run.zones} == {"daily", "atr", "market-structure"}
    own = zones_at("AAPL", AsOfBars(minutes, days, AS_OF, known.market), ZoneOptions((300.0,)))
    assert week not in own.notes


def test_zones_of_minutes_that_end_days_before_say_so(known: AsOfBars) -> None:
    before = MARKET.midnight(date(2026, 11, 17))
    old = known.minutes.take(known.minutes.timestamp < before)
    run = zones_at("AAPL", AsOfBars(old, known.days, AS_OF, known.market))
    assert run.notes == (
        "the last minute bar is of 2026-11-16, the last session was on 2026-11-17",
    )
