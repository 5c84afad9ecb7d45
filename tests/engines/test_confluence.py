"""Clusters, votes and zones: by hand, against the slow twin, in any order."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.confluence import THRESHOLDS, ConfluenceZone, _clusters, confluence
from polytape.engines.levels import WEIGHTS, Level, PriceContext, make_level
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.spans import Span
from polytape.model.units import DAY_US
from tests import naive

CONTEXT = PriceContext(price=100.0, atr_15min=1.0, atr_day=10.0, as_of=100 * DAY_US)
FAMILIES = {"hvn": "hvn", "cam": "camarilla"}
KINDS = {"hvn": "node", "camarilla": "pivot", "fractal": "high", "atr": "range"}


def item(type_: str, level: float, *, name: str | None = None, **of: Any) -> Level:
    family = FAMILIES.get(type_.split("-", maxsplit=1)[0], type_)
    of = {"kind": KINDS.get(family, "given")} | of
    return make_level(name or f"{type_} {level}", type_, family, level, context=CONTEXT, **of)


def high(type_: str, level: float, first: int = 0, last: int = 10) -> Level:
    """The high of some bars."""
    return item(type_, level, kind="high", span=Span(first, last), name=f"{type_} high {first}")


items = st.lists(
    st.builds(item, st.sampled_from(sorted(WEIGHTS)), st.integers(700, 1300).map(lambda n: n / 10)),
    max_size=40,
)


def test_a_zone_by_hand() -> None:
    """HVN 3.0, monthly pivot 3.0 and a swing 2.0: three families, +20 %, x1.2 for the swing."""
    parts = [item("hvn-30d", 101.0), item("cam-monthly", 101.2), item("fractal", 101.0)]
    (zone,) = confluence(parts, CONTEXT, swings=[101.1])
    assert zone.score == pytest.approx(8.0 * 1.2 * 1.2)
    assert (zone.level, zone.kind, zone.width) == ("L3", "resistance", 1.0)
    assert zone.low < 101.0 < zone.high
    assert zone.families == ("camarilla", "fractal", "hvn")
    assert zone.distance_atr == pytest.approx(zone.distance / 10)
    (calm,) = confluence(parts, CONTEXT)
    assert calm.score == pytest.approx(8.0 * 1.2)


def test_each_type_votes_once() -> None:
    """Ten swings at one price are one opinion."""
    swings = [item("fractal", 101.0 + n / 100) for n in range(10)]
    (zone,) = confluence([*swings, item("hvn-7d", 101.0)], CONTEXT)
    assert zone.score == pytest.approx((2.0 + 2.0) * 1.1)
    assert len(zone.parts) == 11


def test_only_parts_that_touch_the_drawn_zone_vote() -> None:
    """A monthly node 1.2 ATR from the densest price is in the cluster, and not in its zone."""
    near = [item("fractal", 101.0), item("hvn-7d", 101.0), item("cam-daily", 101.0)]
    far = item("hvn-30d", 102.2)
    (zone,) = confluence([*near, far], CONTEXT)
    assert zone.high < far.low
    assert zone.votes == ("cam-daily", "fractal", "hvn-7d")
    assert far not in zone.parts
    assert zone.score == pytest.approx((2.0 + 2.0 + 1.5) * 1.2)
    # And with too few that touch there is no zone.
    assert confluence([item("hvn-7d", 101.0), item("cam-daily", 102.2)], CONTEXT) == ()


def test_one_print_is_one_vote_whoever_names_it() -> None:
    """A swing that is the last day's high is no second witness of it; the weightiest stands."""
    names = [
        high("daily-zone", 103.0),
        high("market-structure", 103.0),
        high("fractal", 103.0, 4, 5),
    ]
    assert confluence(names, CONTEXT) == ()
    (zone,) = confluence([*names, item("hvn-7d", 103.1)], CONTEXT)
    assert zone.votes == ("fractal", "hvn-7d")
    (swing,) = [part for part in zone.parts if part.type == "fractal"]
    assert swing.same_as == ("daily-zone high 0", "market-structure high 0")
    assert repr(swing).endswith("103.00 (= daily-zone high 0, market-structure high 0)")


@pytest.mark.parametrize(
    "other",
    [
        high("fractal", 103.0, 10, 20),  # the same price on another day
        high("fractal", 103.01, 0, 5),  # another price of the day
        item("fractal", 103.0, kind="low", span=Span(0, 5)),  # the low of a bar
    ],
)
def test_another_bar_price_or_kind_is_another_print(other: Level) -> None:
    (zone,) = confluence([high("daily-zone", 103.0), other], CONTEXT)
    assert zone.votes == ("daily-zone", "fractal")


def test_nested_windows_share_one_vote_the_widest() -> None:
    """Three windows of one profile and a swing are two opinions."""
    nodes = [item(f"hvn-{days}d", 101.0 + days / 1000) for days in (7, 14, 30)]
    (zone,) = confluence([*nodes, item("fractal", 101.0)], CONTEXT)
    assert zone.votes == ("fractal", "hvn-30d")
    assert zone.score == pytest.approx((3.0 + 2.0) * 1.1)
    assert len(zone.parts) == 4


def test_the_older_numbers_are_an_option() -> None:
    """The score is the same; what it is called is not."""
    parts = [item("hvn-30d", 101.0), item("cam-monthly", 101.2), item("fractal", 101.0)]
    (classic,) = confluence(parts, CONTEXT, scale="classic")
    (zone,) = confluence(parts, CONTEXT)
    assert (classic.level, classic.score) == ("L4", zone.score)
    for scale in ("standard", "classic"):
        least = [least for least, _ in THRESHOLDS[scale]]
        assert least == sorted(least, reverse=True)


@given(items)
def test_every_part_touches_and_every_vote_is_a_part(given_: list[Level]) -> None:
    for zone in confluence(given_, CONTEXT):
        assert all(part.high >= zone.low and part.low <= zone.high for part in zone.parts)
        assert set(zone.votes) <= {part.type for part in zone.parts}
        assert sum(vote.startswith("hvn") for vote in zone.votes) <= 1
        assert len({part.family for part in zone.parts}) >= len(zone.families)


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
    found = [
        [i.level for i in cluster]
        for cluster in _clusters(sorted(given_, key=lambda one: one.order), 1.0)
    ]
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
        replace(i, level=i.level * factor, low=i.low * factor, high=i.high * factor) for i in given_
    ]
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
    assert repr(zone).startswith("L1 100.50-101.50 (resistance, score 6.1, +0.1 ATR): ")


@given(st.floats(98.0, 102.0))
def test_a_zone_says_inside_where_the_price_lies_in_it(price: float) -> None:
    """Between low and high, both included, by the same price that its distance is from."""
    levels = [item("hvn-30d", 100.0), item("cam-weekly", 100.0)]
    (zone,) = confluence(levels, replace(CONTEXT, price=price))
    inside = zone.low <= price <= zone.high
    assert zone.is_price_inside == zone.holds(price) == inside
    assert zone.heading.endswith(" ATR, inside)" if inside else " ATR)")
