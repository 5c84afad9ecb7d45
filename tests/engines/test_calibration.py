"""Calibration: nothing of it comes from after its instants, random levels hold at their base rate."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from polytape.engines.calibration import (
    BLOCK_HORIZONS,
    CalibrationPlan,
    calibrate,
    calibrate_many,
    watch,
)
from polytape.engines.rates import Calibration
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import series_query
from polytape.model.timeframes import Series
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import day_span


def path(*closes: float) -> Bars:
    column = list(closes)
    return Bars.of(range(len(column)), column, column, column, column, [1.0] * len(column))


@pytest.mark.parametrize(
    ("closes", "touched", "held"),
    [
        ((105, 103, 102), False, None),  # never there
        ((105, 100.4, 101.6), True, True),  # to the zone's edge at 100.5, and one ATR away again
        ((105, 100.4, 99.5, 98.4), True, False),  # through it by an ATR beyond its far edge
        ((105, 100.4, 99.5, 100.9), True, None),  # undecided
        ((105, 98.0, 102), True, False),  # through at once
    ],
)
def test_what_held_means(closes: tuple[float, ...], touched: bool, held: bool | None) -> None:
    """Support at 100, an ATR of 1: the zone is 99.5 to 100.5."""
    for price, column in ((110.0, closes), (90.0, [200 - close for close in closes])):
        reached, kept, broke = watch(np.array([100.0]), price, 1.0, path(*column))
        assert reached.tolist() == [touched]
        assert (kept.tolist(), broke.tolist()) == ([held is True], [held is False])


@pytest.fixture(scope="module")
def made(synthetic: Synthetic, market: Market) -> Calibration:
    return walked(synthetic, market)


PLAN = CalibrationPlan(every_days=2, draws=3)


def bars_of(synthetic: Synthetic, symbol: str, last: date) -> tuple[Bars, Bars]:
    minutes, days = day_span(date(2026, 8, 10), last), day_span(date(2025, 7, 1), last)
    return (
        synthetic.bars(series_query(symbol, Series.MINUTE, minutes)).bars,
        synthetic.bars(series_query(symbol, Series.DAY, days)).bars,
    )


def walked(
    synthetic: Synthetic, market: Market, last: date = date(2026, 10, 30), **how: Any
) -> Calibration:
    plan = replace(PLAN, **how)
    bars = bars_of(synthetic, "AAPL", last)
    return calibrate(*bars, market=market, symbol="AAPL", plan=plan)


def test_rates_stand_beside_random_levels_of_their_own_level(made: Calibration) -> None:
    assert made.steps > 15
    assert (made.symbols, made.scale, made.block_days) == (
        ("AAPL",),
        "standard",
        BLOCK_HORIZONS * 5,
    )
    assert {"L1", "L2"} <= {one.level for one in made.levels}
    for one in made.levels:
        assert one.touched.count <= one.zones
        assert one.held.of <= one.touched.count
        assert one.random_touch_rate.of <= 3 * one.zones
        assert not one.hold_difference.stands_out  # a market without memory
    assert list(made.to_frame()["level"]) == [one.level for one in made.levels]
    assert "held" in repr(made)


def test_the_same_seed_gives_the_same_and_no_history_gives_nothing(
    synthetic: Synthetic, market: Market, made: Calibration
) -> None:
    assert repr(walked(synthetic, market)) == repr(made)
    empty = calibrate(Bars.empty(), Bars.empty(), market=market)
    assert (empty.steps, empty.levels) == (0, ())


@pytest.mark.parametrize("name", ["horizon_days", "every_days", "draws", "warm_up_days"])
def test_a_plan_names_what_is_wrong_with_it(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        replace(PLAN, **{name: 0})  # type: ignore[arg-type]


def test_symbols_that_are_walked_together_share_their_days(
    synthetic: Synthetic, market: Market
) -> None:
    last = date(2026, 9, 25)
    bars = {name: bars_of(synthetic, name, last) for name in ("AAPL", "KO")}
    both = calibrate_many(bars, market=market, plan=PLAN)
    alone = [calibrate(*one, market=market, symbol=name, plan=PLAN) for name, one in bars.items()]
    assert both.symbols == ("AAPL", "KO")
    assert [one.steps for one in alone] == [both.steps] * 2
    for level in ("L1", "L2"):
        zones = [of.zones for one in alone if (of := one.of(level)) is not None]
        together = both.of(level)
        assert together is not None
        assert together.zones == sum(zones)


def test_the_levels_are_those_of_the_scale(synthetic: Synthetic, market: Market) -> None:
    classic = walked(synthetic, market, date(2026, 9, 25), levels="classic")
    standard = walked(synthetic, market, date(2026, 9, 25))
    zones = [sum(one.zones for one in made.levels) for made in (classic, standard)]
    assert zones[0] == zones[1]
    assert classic.of("L1") is None
    assert classic.scale == "classic"


def test_steps_whose_watch_has_ended_are_not_changed_by_later_bars(
    synthetic: Synthetic, market: Market
) -> None:
    early = walked(synthetic, market, date(2026, 9, 25))
    late = walked(synthetic, market, date(2026, 10, 2))
    assert early.steps < late.steps
    for one in early.levels:
        (same,) = [other for other in late.levels if other.level == one.level]
        assert same.zones >= one.zones
        assert same.touched.count >= one.touched.count
