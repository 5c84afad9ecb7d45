"""Profiles on whole ticks against a twin that goes level by level."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.flow import run_with
from polytape.engines.hvn_run import hvn_flow
from polytape.engines.options import HvnOptions
from polytape.engines.ticks import on_step, tick_profile, tick_step
from polytape.engines.volume_profile import volume_profile
from polytape.errors import ValidationError
from polytape.model.bar import bar_rows
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.upstream.synthetic.source import Synthetic
from tests.engines.bars import walks
from tests.engines.test_scanner import answers, at


def slow_profile(bars: Bars, step: float) -> dict[int, float]:
    """The volume of each level, counted in steps."""
    volumes: dict[int, float] = defaultdict(float)
    for row in bar_rows(bars):
        first, last = round(row.low / step), round(row.high / step)
        for level in range(first, last + 1):
            volumes[level] += row.volume / (last - first + 1)
    return volumes


@given(walks(least=1), st.sampled_from([0.01, 0.02, 0.05, 0.25]))
def test_it_is_the_slow_twins(bars: Bars, step: float) -> None:
    """Level by level; nothing is lost and nothing added."""
    profile, slow = tick_profile(bars, price_step=step), slow_profile(bars, step)
    assert profile.total == pytest.approx(bars.volume.sum())
    levels = np.rint(profile.prices / step).astype(int).tolist()
    expected = [slow.get(level, 0.0) for level in levels]
    np.testing.assert_allclose(profile.volumes, expected, atol=1e-9 * max(1.0, profile.total))
    assert levels == list(range(min(slow), max(slow) + 1))
    if profile.poc is not None:
        level = round(profile.poc / step)
        assert slow[level] == pytest.approx(max(slow.values()))
        assert profile.poc == on_step(level, step)
        assert profile.value_area_low is not None
        assert profile.value_area_high is not None
        assert profile.value_area_low < profile.poc < profile.value_area_high


@given(walks(least=1), st.integers(0, 120))
def test_levels_of_two_windows_are_the_same_prices(bars: Bars, cut: int) -> None:
    """And their volumes add up, which those of 100 levels from low to high do not."""
    parts = [part for part in (bars.take(slice(cut)), bars.take(slice(cut, None))) if len(part)]
    whole = tick_profile(bars, price_step=0.05)
    summed: dict[float, float] = defaultdict(float)
    for part in parts:
        profile = tick_profile(part, price_step=0.05)
        for price, volume in zip(profile.prices.tolist(), profile.volumes.tolist(), strict=True):
            summed[price] += volume
    assert set(summed) <= set(whole.prices.tolist())
    for price, volume in zip(whole.prices.tolist(), whole.volumes.tolist(), strict=True):
        assert summed.get(price, 0.0) == pytest.approx(volume, abs=1e-6)


def test_a_point_of_control_is_a_price_that_can_be_traded() -> None:
    """That of `volume_profile` lies half a step beside it."""
    bars = Bars.of([1, 2], [10.07, 10.07], [10.07, 10.08], [10.07, 10.07], [10.07, 10.08], [50, 9])
    assert tick_profile(bars, price_step=0.01).poc == 10.07
    assert volume_profile(bars, price_step=0.01).poc != 10.07


@pytest.mark.parametrize(
    ("price", "step"),
    [(0.5, 0.0001), (0.99, 0.0002), (1.0, 0.01), (49.0, 0.01), (50.0, 0.01), (51.0, 0.02),
     (100.0, 0.02), (101.0, 0.05), (250.0, 0.05), (550.0, 0.2), (700_000.0, 200.0)],
)  # fmt: skip
def test_a_step_is_a_whole_number_of_ticks(price: float, step: float) -> None:
    """1, 2 or 5 times a power of ten of them, about 2 parts in 10,000."""
    assert tick_step(price) == step


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_that_is_none_has_no_step(price: float) -> None:
    """It is refused by name."""
    with pytest.raises(ValidationError, match="price"):
        tick_step(price)


def test_too_many_levels_are_refused_and_no_bars_are_not() -> None:
    """With the step's name."""
    wide = Bars.of([1], [1.0], [9_000.0], [1.0], [1.0], [1.0])
    with pytest.raises(ValidationError, match="price_step"):
        tick_profile(wide, price_step=0.01)
    with pytest.raises(ValidationError, match="price_step"):
        tick_profile(wide, price_step=-0.01)
    assert tick_profile(Bars.empty()).poc is None
    quiet = tick_profile(Bars.of([1], [5.0], [5.0], [5.0], [5.0], [0.0]))
    assert (quiet.poc, quiet.total) == (None, 0.0)


def test_every_window_of_the_engine_has_the_same_levels(
    synthetic: Synthetic, market: Market
) -> None:
    """By one step for all, from the last price."""
    options = HvnOptions(on_ticks=True, timeframe="1min", windows=(3, 7))
    flow = hvn_flow("AAPL", at("2026-11-18 11:30"), market, options)
    run = run_with(flow, answers(synthetic, market))
    short, long = run.profiles[3], run.profiles[7]
    assert short.step == long.step == 0.1
    assert set(short.prices.tolist()) <= set(long.prices.tolist())
    assert all(node.price in short.prices for node in short.hvns)
    empty = run_with(
        hvn_flow("AAPL", at("2026-11-18 11:30"), market, options), lambda _: Bars.empty()
    )
    assert empty.notes == ("no volume in 3 days", "no volume in 7 days")
