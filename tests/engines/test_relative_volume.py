"""Relative volume against a slow twin."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.relative_volume import usual_volume
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from tests import naive
from tests.conftest import MARKET, flat_bars
from tests.engines.live.arrivals import DAYS, minutes


def slow_mean(bars: Bars, day: date, sessions: int, at: int) -> float | None:
    """Session by session, bar by bar."""
    clock = naive.local(at).time()
    by_day: dict[date, float] = {}
    for stamp, volume in zip(bars.timestamp.tolist(), bars.volume.tolist(), strict=True):
        local = naive.local(stamp)
        if local.date() < day and local.weekday() < 5:
            by_day.setdefault(local.date(), 0.0)
            by_day[local.date()] += volume if local.time() < clock else 0.0
    last = sorted(by_day)[-sessions:]
    total = sum(by_day[one] for one in last)
    return total / len(last) if total else None


@given(minutes(), st.sampled_from(DAYS), st.integers(1, 4), st.integers(4 * 60, 20 * 60))
def test_it_is_the_slow_twins(bars: Bars, day: date, sessions: int, minute: int) -> None:
    """By the clock on the wall, whatever the season."""
    usual = usual_volume(bars, day, sessions=sessions)
    at = MARKET.midnight(day) + minute * 60_000_000
    slow = slow_mean(bars, day, sessions, at)
    assert usual.at(at) == (None if slow is None else pytest.approx(slow))
    assert usual.relative(30.0, at) == (None if slow is None else pytest.approx(30 / slow))
    assert all(one < day for one in usual.days)
    assert len(usual.days) <= sessions


def test_a_minute_counts_once_it_has_ended() -> None:
    """And no day's but those before."""
    stamps = [
        parse_instant(f"{text} America/New_York", "at", MARKET)
        for text in ("2024-07-01 09:30", "2024-07-01 09:31", "2024-07-02 09:30")
    ]
    usual = usual_volume(flat_bars(stamps, volume=50.0), date(2024, 7, 2))
    bell = stamps[2]
    assert usual.at(bell) is None
    assert [usual.at(bell + n * 60_000_000) for n in (1, 2, 300)] == [50.0, 100.0, 100.0]
    assert usual.relative(200.0, bell + 60_000_000) == 4.0
    assert usual.days == (date(2024, 7, 1),)


def test_without_earlier_sessions_there_is_none() -> None:
    """Not infinity, and not one."""
    usual = usual_volume(Bars.empty(), date(2024, 7, 2))
    assert usual.relative(5.0, MARKET.midnight(date(2024, 7, 2)) + 1) is None


@pytest.mark.parametrize("sessions", [0, -1, 1.5, True])
def test_a_wrong_number_of_sessions_is_refused(sessions: int) -> None:
    """By its name."""
    with pytest.raises(ValidationError, match="sessions"):
        usual_volume(Bars.empty(), date(2024, 7, 2), sessions=sessions)
