"""Zones by hand, and the night's high and low."""

from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import msgspec
import pytest

from polytape.engines.flow import run_with
from polytape.engines.options import ZoneOptions
from polytape.engines.zone_run import zone_flow
from polytape.engines.zones import (
    Anchors,
    ZoneInputs,
    atr_zones,
    daily_zones,
    overnight,
    structure_zones,
    weekly_zones,
)
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.plot.tables import table_of
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET
from tests.engines.test_scanner import answers, at


def by_name(zones: object) -> dict[str, tuple[float, float, float, str]]:
    return {z.name: (z.low, z.level, z.high, z.side) for z in zones}  # type: ignore[attr-defined]


def test_zones_worked_by_hand() -> None:
    day, week = Anchors(105.0, 95.0, 101.0), Anchors(110.0, 90.0, 100.0)
    assert by_name(weekly_zones(100.0, 0.5, week=week)) == {
        "PWH": (109.0, 110.0, 111.0, "resistance"),
        "PWL": (89.0, 90.0, 91.0, "support"),
        "PWC": (99.0, 100.0, 101.0, "resistance"),
    }
    assert by_name(weekly_zones(100.0, 0.5, levels=[99, 120.5])) == {
        "WL1": (98.0, 99.0, 100.0, "support"), "WL2": (119.5, 120.5, 121.5, "resistance"),
    }  # fmt: skip
    assert by_name(daily_zones(100.0, 0.5, day=day))["PDL"] == (94.75, 95.0, 95.25, "support")
    given_ = daily_zones(100.0, 0.5, levels=[103], day=day)
    assert (given_[0].type, given_[0].name, len(given_)) == ("daily-level", "DL1", 1)
    assert by_name(atr_zones(100.0, 4.0, 0.25)) == {
        "ATR high": (103.75, 104.0, 104.25, "resistance"),
        "ATR low": (95.75, 96.0, 96.25, "support"),
    }
    night = Anchors(102.0, 99.0)
    found = structure_zones(100.0, 0.2, day=day, overnight=night)
    assert [zone.name for zone in found] == ["PDH", "PDL", "PDC", "ONH", "ONL"]
    assert by_name(found)["ONL"] == (98.9, 99.0, 99.1, "support")
    # The same price by two ways is known to be one.
    assert found[0].inputs == daily_zones(100.0, 0.5, day=day)[0].inputs


def test_unknown_anchors_make_no_zones() -> None:
    assert weekly_zones(100.0, 0.5) == daily_zones(100.0, 0.5) == structure_zones(100.0, 0.2) == ()


@pytest.mark.parametrize("levels", [[], [1] * 5, [0.0], [float("nan")], ["x"], [-1]])
def test_wrong_levels_are_named(levels: list[float]) -> None:
    with pytest.raises(ValidationError, match=r"weekly_levels.*1 to 4 prices above 0"):
        weekly_zones(100.0, 0.5, levels=levels)
    with pytest.raises(ValidationError, match="atr_15min"):
        weekly_zones(100.0, float("nan"), levels=[1.0])


def test_the_night_runs_from_the_bell_to_the_open_or_the_instant(market: Market) -> None:
    """The day before closes early, at 13:00: the night begins there."""
    stamps = ["2015-12-24 12:59", "2015-12-24 13:00", "2015-12-24 15:30", "2015-12-28 08:00",
              "2015-12-28 09:29", "2015-12-28 09:30"]  # fmt: skip
    highs = [90.0, 50.0, 60.0, 40.0, 70.0, 99.0]
    minutes = Bars.of(
        [parse_instant(f"{at} America/New_York", "at", MARKET) for at in stamps],
        highs, highs, [h - 5 for h in highs], highs, [1.0] * 6,
    )  # fmt: skip

    def night(text: str) -> Anchors:
        at = parse_instant(f"{text} America/New_York", "at", MARKET)
        return overnight(minutes, at, market)

    assert night("2015-12-28 11:00") == Anchors(70.0, 35.0)
    assert night("2015-12-28 09:00") == Anchors(60.0, 35.0)
    assert night("2015-12-26 12:00") == Anchors(60.0, 45.0)
    assert overnight(Bars.empty(), minutes.timestamp[-1], market) == Anchors()
    assert market.session(date(2015, 12, 24)) is not None


def test_every_multiplier_widens_its_own_zones() -> None:
    """And moves no level."""
    day, week = Anchors(105.0, 95.0, 101.0), Anchors(110.0, 90.0, 100.0)
    inputs = ZoneInputs(100.0, 0.2, 0.5, 4.0, day, week, Anchors(102.0, 99.0))
    usual = {zone.name + zone.family: zone for zone in inputs.zones(ZoneOptions())}
    families = {"weekly": 4.0, "daily": 1.0, "atr": 2.0, "market-structure": 1.0}
    assert {zone.family for zone in usual.values()} == set(families)
    for family, doubled in families.items():
        name = family.removeprefix("market-")
        options = msgspec.convert({f"{name}_multiplier": doubled}, ZoneOptions)
        for zone in inputs.zones(options):
            before = usual[zone.name + zone.family]
            times = 2.0 if zone.family == family else 1.0
            assert zone.level == before.level
            assert zone.high - zone.low == pytest.approx(times * (before.high - before.low))


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "2", True, None])
def test_a_multiplier_that_makes_no_zone_is_named(value: Any) -> None:
    for name, call in (
        ("weekly", partial(weekly_zones, 100.0, 0.5)),
        ("daily", partial(daily_zones, 100.0, 0.5)),
        ("atr", partial(atr_zones, 100.0, 4.0, 0.5)),
        ("structure", partial(structure_zones, 100.0, 0.5)),
    ):
        with pytest.raises(ValidationError, match=f"{name}_multiplier"):
            call(multiplier=value)


def test_a_zone_that_holds_the_price_says_inside(synthetic: Synthetic, market: Market) -> None:
    """In its line of the text and of a notebook's table; its edges count."""
    run = run_with(
        zone_flow("AAPL", at("2026-11-18 11:30"), market, ZoneOptions()), answers(synthetic, market)
    )
    zone = run.zones[0]
    for price, inside in ((zone.low, True), (zone.high, True), (zone.high + 0.01, False)):
        moved = replace(run, zones=(zone,), price=price)
        assert repr(moved).splitlines()[1].endswith(" inside") == inside
        assert table_of(moved).rows[0][-1] == zone.side + " inside" * inside
