"""Intervals of rates cover, and what chance alone makes is not called a discovery."""

import math
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from polytape.engines.calibration import LEVELS
from polytape.engines.confluence import ZoneLevel
from polytape.engines.rates import (
    Calibration,
    Cases,
    Difference,
    LevelRates,
    Rate,
    rates_of,
)
from polytape.model.timestamps import to_datetime
from tests.engines.walks import walk_rates

SMALL, FULL = 16, 150


def cases(zones: list[int], held: list[int], of_random: float = 0.5) -> Cases:
    """Zones of which all were touched and decided, beside ten times as many random levels."""
    both = np.array([zones, [10 * count for count in zones]])
    counts = np.array([held, [round(10 * count * of_random) for count in zones]])
    return Cases(both, both, both, counts)


def made(one: Cases, block: int = 2, level: ZoneLevel = "L5") -> LevelRates:
    (rates,) = rates_of({level: one}, block, np.random.default_rng(0))
    return rates


def walks(count: int, steps: int) -> list[LevelRates]:
    return [rates for seed in range(count) for rates in walk_rates(seed, steps=steps)]


def covered(
    rates: Iterable[LevelRates], gap: Callable[[LevelRates], Difference]
) -> tuple[float, int]:
    """How many intervals of the difference hold the truth, which is 0; and of how many."""
    known = [gap(one) for one in rates if not math.isnan(gap(one).low)]
    return sum(one.low <= 0 <= one.high for one in known) / len(known), len(known)


def own_covered(rates: list[LevelRates]) -> float:
    """How many intervals of hold rates hold the rate of all markets."""
    hits = []
    for level in LEVELS:
        mine = [one.held for one in rates if one.level == level]
        truth = sum(one.count for one in mine) / sum(one.of for one in mine)
        hits += [one.low <= truth <= one.high for one in mine if not math.isnan(one.low)]
    return sum(hits) / len(hits)


def test_intervals_cover_on_random_walks() -> None:
    """The small sample of the test below; its seeds are fixed."""
    rates = walks(SMALL, 40)
    share, many = covered(rates, lambda one: one.hold_difference)
    assert many > 30
    assert share >= 0.91
    assert sum(one.hold_difference.stands_out for one in rates) <= 2


@pytest.mark.long
@pytest.mark.timeout(900)
def test_intervals_cover_on_many_random_walks() -> None:
    """95 % intervals hold the truth in 93 to 97 of 100; at most 5 % of markets show a discovery."""
    markets = [walk_rates(seed, steps=steps) for steps in (60, 120) for seed in range(FULL)]
    rates = [one for market in markets for one in market]
    assert 0.93 <= covered(rates, lambda one: one.hold_difference)[0] <= 0.97
    assert covered(rates, lambda one: one.touch_difference)[0] >= 0.93
    assert own_covered(rates) >= 0.92
    false = [any(one.hold_difference.stands_out for one in market) for market in markets]
    assert sum(false) <= 0.05 * len(markets)


def test_what_holds_better_is_found() -> None:
    """Levels that hold nine times of ten beside random ones of five, on forty days."""
    chance = np.random.default_rng(1)
    zones = [5] * 40
    rates = made(cases(zones, chance.binomial(5, 0.9, 40).tolist()))
    assert rates.hold_difference.stands_out
    assert rates.held.rate == pytest.approx(0.9, abs=0.05)
    assert rates.random_hold_rate.rate == pytest.approx(0.5, abs=0.05)
    none = made(cases(zones, chance.binomial(5, 0.5, 40).tolist()))
    assert not none.hold_difference.stands_out


def test_days_that_repeat_each_other_are_not_more_evidence() -> None:
    """The same cases in blocks of ten equal days: ten times the days, and no narrower interval."""
    chance = np.random.default_rng(2)
    held = 5 * chance.binomial(1, 0.6, 12)
    once = made(cases([5] * 12, held.tolist()), block=1)
    often = made(cases([5] * 120, np.repeat(held, 10).tolist()), block=10)
    widths = [one.hold_difference.high - one.hold_difference.low for one in (once, often)]
    assert widths[1] == pytest.approx(widths[0], rel=0.1)


def test_more_levels_widen_the_joint_interval_alone() -> None:
    chance = np.random.default_rng(3)
    one = cases([5] * 40, chance.binomial(5, 0.6, 40).tolist())
    alone = made(one).hold_difference
    five = rates_of(dict.fromkeys(LEVELS, one), 2, np.random.default_rng(0))
    for rates in five:
        gap = rates.hold_difference
        assert gap.joint_low < alone.joint_low
        assert gap.joint_low < gap.low < gap.rate < gap.high < gap.joint_high


@pytest.mark.parametrize("zones", [[5] * 5, [40, 0, 0, 0, 0, 0, 0, 0]])
def test_too_few_cases_or_blocks_have_no_interval(zones: list[int]) -> None:
    rates = made(cases(zones, zones))
    assert rates.held.rate == 1.0
    assert math.isnan(rates.held.low)
    assert math.isnan(rates.hold_difference.joint_low)
    assert not rates.hold_difference.stands_out


def test_levels_without_zones_are_left_out_and_undecided_ones_have_no_rate() -> None:
    none = cases([0, 0], [0, 0])
    assert rates_of({"L5": none}, 1, np.random.default_rng(0)) == ()
    touched = np.zeros((2, 2), dtype=np.int64)
    rates = made(Cases(np.ones((2, 2), dtype=np.int64), touched, touched, touched))
    assert (rates.touched.rate, rates.held.of) == (0.0, 0)
    assert math.isnan(rates.held.rate)


def test_a_calibration_reads_in_a_line_a_level() -> None:
    chance = np.random.default_rng(1)
    rates = made(cases([5] * 40, chance.binomial(5, 0.9, 40).tolist()))
    few = made(cases([5], [5]), level="L4")
    whole = Calibration("SPY", to_datetime(0), to_datetime(1), 40, 5, 10, "standard", (rates, few))
    lines = repr(whole).splitlines()
    assert lines[0].startswith("SPY: 40 steps of 5 days; ")
    assert all(len(line) <= 80 for line in lines)
    assert lines[1].startswith("  L5   200 zones  touched 100% (100%)  held 9")
    assert lines[2].endswith("  too few")
    assert whole.of("L5") == rates
    assert whole.of("L1") is None
    assert list(whole.to_frame()["level"]) == ["L5", "L4"]
    assert isinstance(rates.held, Rate)
