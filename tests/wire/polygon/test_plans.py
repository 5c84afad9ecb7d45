"""The vendor's plans: how far back each reaches, and how soon it publishes."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.wire.polygon.plans import DELAY_US, FIRST_DAY, PLANS, PlanName, plan_edge
from tests.conftest import MARKET

NOW = parse_instant("2026-11-23 11:30 America/New_York", "now", MARKET)


@pytest.mark.parametrize(
    ("name", "first"),
    [("basic", date(2024, 11, 23)), ("starter", date(2021, 11, 23)),
     ("developer", date(2016, 11, 23)), ("advanced", FIRST_DAY)],
)  # fmt: skip
def test_a_history_begins_at_a_midnight_so_many_years_ago(name: PlanName, first: date) -> None:
    """The day itself is in it."""
    assert PLANS[name].earliest(NOW, MARKET) == MARKET.midnight(first)


def test_two_years_before_a_leap_day_is_the_28th() -> None:
    """There is no 29 February two years ago."""
    leap = parse_instant("2024-02-29 12:00 America/New_York", "now", MARKET)
    assert MARKET.date_of(plan_edge(2, leap, MARKET)) == date(2022, 2, 28)


@given(st.sampled_from([2, 5, 10]), st.dates(date(2003, 9, 10), date(2060, 1, 1)))
def test_no_history_reaches_before_the_vendors_first_day(years: int, today: date) -> None:
    """And none begins in the future."""
    now = MARKET.midnight(today)
    assert MARKET.midnight(FIRST_DAY) <= plan_edge(years, now, MARKET) <= now


def test_the_free_plan_publishes_a_day_once_it_has_ended() -> None:
    """The others at once, or a quarter of an hour later."""
    midnight = MARKET.midnight(date(2026, 11, 23))
    assert PLANS["basic"].published_until(NOW, MARKET) == midnight
    assert PLANS["basic"].published_until(midnight, MARKET) == midnight
    assert PLANS["starter"].published_until(NOW, MARKET) == NOW - DELAY_US
    assert PLANS["advanced"].published_until(NOW, MARKET) == NOW


def test_each_plan_has_its_own_name_and_a_budget() -> None:
    """`--plan NAME` means the plan of that name."""
    assert all(plan.name == name for name, plan in PLANS.items())
    assert all(plan.limit > 0 and plan.window_s > 0 for plan in PLANS.values())
    assert (PLANS["basic"].limit, PLANS["basic"].window_s) == (5, 60.0)


@pytest.mark.parametrize("clock", ["19:30", "20:30", "23:59"])
def test_the_vendors_day_is_the_calendars(clock: str) -> None:
    """A trade date that begins at 20:00 changes nothing of what a plan holds and publishes."""
    long = xnys(long_day_from=date(2026, 11, 2))
    now = parse_instant(f"2026-11-23 {clock} America/New_York", "now", MARKET)
    for plan in PLANS.values():
        assert plan.earliest(now, long) == plan.earliest(now, MARKET) <= now
        assert plan.published_until(now, long) == plan.published_until(now, MARKET) <= now
