"""Clusters, votes and zones: by hand, against the slow twin, in any order."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.confluence import ConfluenceZone, _clusters, confluence
from polytape.engines.levels import WEIGHTS, Level, PriceContext, make_level
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.units import DAY_US
from tests import naive

CONTEXT = PriceContext(price=100.0, atr_15min=1.0, atr_day=10.0, as_of=100 * DAY_US)
FAMILIES = {"hvn": "hvn", "cam": "camarilla"}


def item(type_: str, level: float, *, name: str | None = None, inputs: str | None = None) -> Level:
    family = FAMILIES.get(type_.split("-", maxsplit=1)[0], type_)
    return make_level(
        name or f"{type_} {level}", type_, family, level, context=CONTEXT, inputs=inputs
    )


items = st.lists(
    st.builds(item, st.sampled_from(sorted(WEIGHTS)), st.integers(700, 1300).map(lambda n: n / 10)),
    max_size=40,
)


def test_a_zone_by_hand() -> None:
    """HVN 3.0, monthly pivot 3.0 and a swing 2.0: three families, +20 %, x1.2 for the swing."""
    parts = [item("hvn-30d", 101.0), item("cam-monthly", 101.2), item("fractal", 101.0)]
    (zone,) = confluence(parts, CONTEXT, swings=[101.1])
    assert zone.score == pytest.approx(8.0 * 1.2 * 1.2)
    assert (zone.level, zone.kind, zone.width) == ("L4", "resistance", 1.0)
    assert zone.low < 101.0 < zone.high
    assert zone.families == ("camarilla", "fractal", "hvn")
    assert zone.distance_atr == pytest.approx(zone.distance / 10)
    (calm,) = confluence(parts, CONTEXT)
    assert calm.score == pytest.approx(8.0 * 1.2)


def test_each_type_votes_once_and_shared_inputs_are_one_item() -> None:
    swings = [item("fractal", 101.0 + n / 100) for n in range(10)]
    (zone,) = confluence([*swings, item("hvn-7d", 101.0)], CONTEXT)
    assert zone.score == pytest.approx((2.0 + 2.0) * 1.1)
    assert len(zone.parts) == 11
    high = [item("daily-zone", 103.0, inputs="PDH"), item("market-structure", 103.0, inputs="PDH")]
    assert confluence(high, CONTEXT) == ()  # one price is one source, whoever names it
    (zone,) = confluence([*high, item("hvn-7d", 103.1)], CONTEXT)
    assert zone.votes == ("daily-zone", "hvn-7d")


def test_one_family_is_no_confluence() -> None:
    assert (
        confluence([item("hvn-7d", 101), item("hvn-14d", 101), item("hvn-30d", 101)], CONTEXT) == ()
    )
    assert confluence([], CONTEXT) == ()


def test_what_is_far_away_does_not_count() -> None:
    near = [item("hvn-30d", 119.9), item("cam-weekly", 119.8)]
    far = [item("hvn-30d", 120.1), item("cam-weekly", 120.2)]
    assert len(confluence(near, CONTEXT)) == 1
    assert confluence(far, CONTEXT) == ()


@given(items)
def test_clusters_are_the_slow_twins(given_: list[Level]) -> None:
    found = [[i.level for i in cluster] for cluster in _clusters(sorted(given_), 1.0)]
    slow = naive.clusters([(i.level, i.weight) for i in given_], 1.0)
    assert found == slow


@given(items, st.randoms())
def test_the_order_of_the_items_changes_nothing(given_: list[Level], chance: random.Random) -> None:
    mixed = list(given_)
    chance.shuffle(mixed)
    assert confluence(mixed, CONTEXT, swings=[100.0]) == confluence(given_, CONTEXT, swings=[100.0])


@given(items)
def test_zones_are_one_atr_wide_sorted_and_apart(given_: list[Level]) -> None:
    zones = confluence(given_, CONTEXT)
    scores = [zone.score for zone in zones]
    assert scores == sorted(scores, reverse=True)
    for zone in zones:
        assert zone.high - zone.low == pytest.approx(1.0)
        assert len(zone.families) >= 2
        assert len(zone.votes) >= 2
        assert zone.kind == ("support" if zone.centre < 100 else "resistance")
    centres = sorted(zone.centre for zone in zones)
    assert all(gap >= 0.5 - 1e-9 for gap in np.diff(centres))


@given(items, st.sampled_from([0.5, 4.0]))
def test_scaled_prices_scale_zones(given_: list[Level], factor: float) -> None:
    context = PriceContext(100 * factor, 1 * factor, 10 * factor, CONTEXT.as_of)
    scaled = [
        Level(i.level * factor, i.low * factor, i.high * factor, i.name, i.type, i.family, i.weight,
             i.strength, i.inputs)
        for i in given_
    ]  # fmt: skip
    one, two = confluence(given_, CONTEXT), confluence(scaled, context)
    assert [z.centre * factor for z in one] == pytest.approx([z.centre for z in two])
    assert [z.score for z in one] == pytest.approx([z.score for z in two])


@pytest.mark.parametrize(("age", "recency"), [(1, 2.0), (7, 1.5), (15, 1.2), (25, 1.0)])
def test_the_last_bar_that_lay_in_a_zone_gives_its_recency(age: int, recency: float) -> None:
    stamp = CONTEXT.as_of - age * DAY_US
    parts = [item("hvn-30d", 101.0), item("cam-weekly", 101.0)]
    bars = Bars.of(
        [stamp - 10, stamp], [101, 101], [101.2, 101.4], [100.9, 100.9], [101, 101], [5, 7]
    )
    (zone,) = confluence(parts, CONTEXT, bars=bars)
    assert (zone.touches, zone.recency) == (2, recency)
    assert zone.candle is not None
    assert (zone.candle.volume, zone.candle.overlap) == (7.0, 1.0)
    (bare,) = confluence(parts, CONTEXT, bars=bars.take(slice(0)))
    assert (bare.touches, bare.recency, bare.candle) == (0, None, None)


def test_a_fifth_of_a_bars_range_is_a_touch() -> None:
    parts = [item("hvn-30d", 101.0), item("cam-weekly", 101.0)]
    (zone,) = confluence(parts, CONTEXT)
    top = zone.high

    def touches(low: float, high: float) -> int:
        bars = Bars.of([0], [low], [high], [low], [high], [1])
        (found,) = confluence(parts, CONTEXT, bars=bars)
        return found.touches

    assert touches(top - 0.21, top + 0.79) == 1
    assert touches(top - 0.19, top + 0.81) == 0
    assert touches(top - 0.1, top - 0.1) == 1
    assert touches(top + 0.1, top + 0.1) == 0


def test_an_atr_of_zero_is_named() -> None:
    with pytest.raises(ValidationError, match="atr_15min"):
        confluence([], PriceContext(100.0, 0.0, 1.0, 0))


def test_a_zone_reads_well() -> None:
    (zone,) = confluence([item("hvn-30d", 101.0), item("cam-weekly", 101.0)], CONTEXT)
    assert isinstance(zone, ConfluenceZone)
    assert repr(zone).startswith("L3 100.50-101.50 (resistance, score 6.1, +0.1 ATR): ")
