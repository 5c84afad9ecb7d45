"""Volume by price: what goes in comes out, as the slow twin and MarketProfile have it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from market_profile import MarketProfile
from scipy.signal import find_peaks

from polytape.engines.options import ValueAreaMethod
from polytape.engines.volume_profile import volume_profile
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from tests import naive
from tests.conftest import flat_bars
from tests.engines.bars import walks
from tests.model.test_resample import rows

methods = st.sampled_from(["two_row", "one_row"])


@given(walks(least=1), st.integers(1, 120))
def test_volume_is_conserved_and_is_the_slow_twins(bars: Bars, levels: int) -> None:
    found = volume_profile(bars, levels=levels)
    assert found.total == pytest.approx(float(bars.volume.sum()))
    assert (found.volumes >= 0).all()
    if found.step:
        slow = naive.profile(rows(bars), levels)
        assert found.volumes.sum() == pytest.approx(sum(slow))
        np.testing.assert_allclose(np.cumsum(found.volumes), np.cumsum(slow), atol=600)
        spread = bars.take(bars.high > bars.low)
        if len(spread) == len(bars):  # where no bar lies on the edge of two levels
            np.testing.assert_allclose(found.volumes, slow, rtol=1e-6, atol=1e-6)


@given(walks(least=5), methods)
def test_the_value_area_holds_its_share_and_the_point_of_control(
    bars: Bars, method: ValueAreaMethod
) -> None:
    assume(bars.volume.sum() > 0 and bars.high.max() > bars.low.min())
    found = volume_profile(bars, value_area_method=method, levels=40)
    assert found.poc is not None
    assert found.value_area_low is not None
    assert found.value_area_high is not None
    assert found.value_area_low <= found.poc <= found.value_area_high
    inside = (found.prices > found.value_area_low) & (found.prices < found.value_area_high)
    held = found.volumes[inside].sum()
    assert held >= 0.7 * found.total * (1 - 1e-9)
    largest = found.volumes == found.volumes.max()
    assert found.poc in found.prices[largest]


@given(st.integers(0, 2**32 - 1), st.integers(60, 300))
def test_it_is_marketprofiles_on_dense_profiles(seed: int, count: int) -> None:
    """One close a tick, every tick traded: there its rows and ours are the same."""
    chance = np.random.default_rng(seed)
    ticks = np.concatenate([np.arange(30), chance.integers(0, 30, count)])
    close = 100 + ticks.astype(float)
    volume = chance.integers(1, 10**6, len(ticks)).astype(float)
    stamps = np.arange(len(ticks)) * 60_000_000
    bars = Bars.of(stamps, close, close, close, close, volume)
    found = volume_profile(bars, price_step=1.0, value_area_method="one_row")
    frame = pd.DataFrame(
        {"Open": close, "High": close, "Low": close, "Close": close, "Volume": volume},
        index=pd.to_datetime(stamps, unit="us"),
    )
    theirs = MarketProfile(frame, tick_size=1.0)[frame.index[0] : frame.index[-1]]
    np.testing.assert_allclose(found.volumes, theirs.profile.to_numpy())
    # Its prices are a level's lower edge, ours the middle, and the area ends at the upper edge.
    assert found.poc == theirs.poc_price + 0.5
    assert (found.value_area_low, found.value_area_high) == (
        theirs.value_area[0], theirs.value_area[1] + 1.0
    )  # fmt: skip


@given(walks(least=20))
def test_nodes_are_scipys_peaks_above_the_percentile(bars: Bars) -> None:
    assume(bars.volume.sum() > 0 and bars.high.max() > bars.low.min())
    found = volume_profile(bars, levels=50)
    floor = 0.005 * found.volumes.max()
    peaks = find_peaks(found.volumes, prominence=floor, distance=3)[0]
    kept = [p for p in peaks if found.volumes[p] >= np.percentile(found.volumes, 80)]
    assert sorted(node.price for node in found.hvns) == [float(found.prices[p]) for p in kept]
    volumes = [node.volume for node in found.hvns]
    assert volumes == sorted(volumes, reverse=True)
    assert [node.rank for node in found.hvns] == list(range(1, len(kept) + 1))
    assert all(node.width > 0 for node in (*found.hvns, *found.lvns))
    quiet = [node.volume for node in found.lvns]
    assert quiet == sorted(quiet)


def test_scaled_prices_scale_the_profile() -> None:
    bars = flat_bars([0, 1, 2]).take(slice(3))
    bars = Bars.of([0, 1, 2], [10, 11, 12], [11, 13, 12.5], [10, 10.5, 12], [11, 12, 12], [5, 9, 4])
    one, two = volume_profile(bars), volume_profile(bars.scaled(np.full(3, 0.5), np.ones(3)))
    np.testing.assert_allclose(two.volumes, one.volumes, atol=1e-9)
    assert two.poc == pytest.approx(2 * (one.poc or 0))


@pytest.mark.parametrize(
    ("bars", "poc", "total"),
    [
        (Bars.empty(), None, 0.0),
        (flat_bars([0, 1, 2]), 10.0, 300.0),
        (flat_bars([0, 1, 2], volume=0.0), None, 0.0),
    ],
)
def test_no_bars_one_price_and_no_volume(bars: Bars, poc: float | None, total: float) -> None:
    found = volume_profile(bars)
    assert (found.poc, found.total, found.hvns) == (poc, total, ())
    assert "no volume" in repr(found) or "POC 10.00" in repr(found)


def test_a_bar_across_levels_is_spread_by_hand() -> None:
    bars = Bars.of([0, 1], [0.5, 3.5], [4.0, 4.0], [0.25, 3.5], [1, 4], [375.0, 100.0])
    found = volume_profile(bars, price_step=1.0)
    assert found.volumes.tolist() == pytest.approx([75, 100, 100, 200, 0])
    assert found.poc == 3.5


@pytest.mark.parametrize(
    ("options", "named"),
    [({"levels": 0}, "levels"), ({"price_step": 0}, "price_step"), ({"percentile": 101}, "percentile"),
     ({"distance": 0}, "distance"), ({"value_area": 0}, "value_area"),
     ({"value_area_method": "x"}, "value_area_method"), ({"price_step": 1e-9}, "at most")],
)  # fmt: skip
def test_wrong_options_are_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        volume_profile(Bars.of([0], [1], [2], [1], [1], [1]), **options)  # type: ignore[arg-type]
