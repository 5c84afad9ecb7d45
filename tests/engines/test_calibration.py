"""Calibration: nothing of it comes from after its instants, random levels hold at their base rate."""

from datetime import date

import pytest

from polytape.engines.calibration import _watch, calibrate
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
    seen = _watch("L3", 100.0, 110.0, 1.0, path(*closes))
    assert (seen.touched, seen.bounced) == (touched, held)
    mirrored = _watch("L3", 100.0, 90.0, 1.0, path(*(200 - close for close in closes)))
    assert (mirrored.touched, mirrored.bounced) == (touched, held)


@pytest.fixture(scope="module")
def made(synthetic: Synthetic, market: Market) -> Calibration:
    return walked(synthetic, market)


def walked(
    synthetic: Synthetic, market: Market, last: date = date(2026, 11, 18), **how: int
) -> Calibration:
    minutes_of, days_of = day_span(date(2026, 8, 10), last), day_span(date(2025, 7, 1), last)
    minutes = synthetic.bars(series_query("AAPL", Series.MINUTE, minutes_of)).bars
    days = synthetic.bars(series_query("AAPL", Series.DAY, days_of)).bars
    return calibrate(minutes, days, market=market, symbol="AAPL", every_days=2, **how)


def test_rates_stand_beside_random_levels(made: Calibration) -> None:
    assert made.steps > 15
    named = [one.level for one in made.levels]
    assert named[-1] == "random"
    assert {"L3", "L5"} & set(named)
    for one in made.levels:
        assert one.touched.count <= one.zones
        assert one.held.of <= one.touched.count
        assert one.held.of == 0 or one.held.low <= one.held.rate <= one.held.high
    zones = sum(one.zones for one in made.levels if one.level != "random")
    assert made.levels[-1].zones == zones
    # On a walk without memory no level holds better than chance by much.
    random = made.levels[-1].held
    assert random.low < 0.75
    assert list(made.to_frame()["level"]) == named
    assert "held" in repr(made)


def test_the_same_seed_gives_the_same_and_no_history_gives_nothing(
    synthetic: Synthetic, market: Market, made: Calibration
) -> None:
    assert walked(synthetic, market) == made
    empty = calibrate(Bars.empty(), Bars.empty(), market=market)
    assert (empty.steps, empty.levels) == (0, ())
    with pytest.raises(ValidationError, match="horizon_days"):
        calibrate(Bars.empty(), Bars.empty(), market=market, horizon_days=0)


def test_steps_whose_watch_has_ended_are_not_changed_by_later_bars(
    synthetic: Synthetic, market: Market
) -> None:
    early = walked(synthetic, market, date(2026, 10, 20))
    late = walked(synthetic, market, date(2026, 11, 18))
    assert early.steps < late.steps
    for one in early.levels[:-1]:
        (same,) = [other for other in late.levels if other.level == one.level]
        assert same.zones >= one.zones
        assert same.touched.count >= one.touched.count
