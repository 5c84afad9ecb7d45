"""The session's volume profile bar by bar is the batch's."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.live.profile import LiveProfile
from polytape.engines.volume_profile import VolumeProfile, volume_profile
from polytape.engines.vwap import session_bars
from polytape.errors import ValidationError
from polytape.model.bar import Bar, bar_rows
from polytape.upstream.flatfiles.source import FlatFiles
from tests.conftest import flat_bars
from tests.engines.live.arrivals import arrivals, minutes, prefixes
from tests.engines.live.test_fractals import real_minutes

grids = st.sampled_from(
    [{}, {"levels": 1}, {"levels": 7}, {"price_step": 0.05}, {"price_step": 0.5}]
)
methods = st.sampled_from(["two_row", "one_row"])


def same(live: VolumeProfile, batch: VolumeProfile) -> bool:
    """Whether all fields are equal, to the last bit."""
    pairs = [(getattr(live, f.name), getattr(batch, f.name)) for f in dataclasses.fields(live)]
    return all(
        np.array_equal(one, other, equal_nan=True)
        if isinstance(one, np.ndarray | float)
        else one == other
        for one, other in pairs
    )


@given(arrivals(minutes()), grids, methods, st.booleans(), st.data())
def test_whenever_it_is_read_it_is_the_batchs_of_the_days_bars(
    order: list[Bar], grid: dict[str, float], method: str, extended: bool, data: st.DataObject
) -> None:
    """Point of control, value area and nodes too, in whatever order bars come."""
    live = LiveProfile(**grid, value_area_method=method, include_extended=extended)  # type: ignore[arg-type]
    every = data.draw(st.integers(1, 5))
    for count, (bar, bars) in enumerate(prefixes(order)):
        live.push(bar)
        if count % every == 0:
            today = session_bars(bars, include_extended=extended)
            batch = volume_profile(today, **grid, value_area_method=method)  # type: ignore[arg-type]
            assert same(live.value, batch)


@given(minutes(most=60))
def test_volume_is_conserved(bars: object) -> None:
    """What the day's bars traded is what the levels have."""
    live = LiveProfile()
    live.extend(bars)
    assert live.value.total == pytest.approx(float(session_bars(bars).volume.sum()))


def test_reading_it_adds_each_bar_once_while_the_levels_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The batch is not run again."""
    from polytape.engines.live import profile

    added: list[Bar] = []
    add = profile._LevelSums._add

    def counting(self: profile._LevelSums, bar: Bar) -> None:
        added.append(bar)
        add(self, bar)

    monkeypatch.setattr(profile._LevelSums, "_add", counting)
    live = LiveProfile(price_step=0.01)
    first = Bar(60_000_000, 10.0, 12.0, 8.0, 10.0, 100.0)
    for minute in range(1, 300):
        live.push(dataclasses.replace(first, timestamp=minute * 60_000_000))
        assert live.value.bars == minute
    assert len(added) == 299
    live.push(dataclasses.replace(first, timestamp=60_000_000, volume=1.0))
    assert live.value.total == pytest.approx(298 * 100 + 1)
    assert len(added) == 299 + 299


def test_too_many_levels_are_refused_as_by_the_batch() -> None:
    """When it is read."""
    live = LiveProfile(price_step=1e-6)
    live.extend(flat_bars([60]))
    assert live.value.bars == 1
    live.push(Bar(120, 10.0, 12.0, 8.0, 10.0, 100.0))
    with pytest.raises(ValidationError, match="price_step"):
        _ = live.value
    with pytest.raises(ValidationError, match="levels"):
        LiveProfile(levels=0)


@pytest.mark.realdata
def test_real_bars(real: FlatFiles) -> None:
    """Two days of a real symbol, read after each hour."""
    live, bars = LiveProfile(include_extended=False), real_minutes(real)
    for count, bar in enumerate(bar_rows(bars), 1):
        live.push(bar)
        if count % 60 == 0 or count == len(bars):
            today = session_bars(bars.take(slice(count)), include_extended=False)
            assert same(live.value, volume_profile(today))
