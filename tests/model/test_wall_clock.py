"""The vectorised wall clock against the zone database."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.timestamps import day_number, iso, to_datetime, to_us
from polytape.model.units import DAY_US, HOUR_US
from polytape.model.wall_clock import WallClock
from tests.conftest import MARKET

# Whole hours, a zone without changes of the clock and half an hour off, one that changes by half an
# hour, and one east of Greenwich whose midnight is skipped.
NAMES = ("America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Beirut")
clocks = st.sampled_from([WallClock(ZoneInfo(name)) for name in NAMES])
moments = st.datetimes(datetime(1968, 1, 1), datetime(2099, 1, 1))  # noqa: DTZ001
days = st.dates(date(1968, 1, 2), date(2099, 1, 1))


def wall_us(wall: datetime) -> int:
    """What a wall shows, as if it were UTC."""
    return to_us(wall.replace(tzinfo=UTC, fold=0))


@given(clocks, moments)
def test_local_time_is_the_zone_databases(clock: WallClock, naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    wall = moment.astimezone(clock.zone)
    assert int(clock.to_local(np.array([to_us(moment)]))[0]) == wall_us(wall)
    assert clock.local(to_us(moment)) == wall
    assert clock.local(to_us(moment)).utcoffset() == wall.utcoffset()
    assert int(clock.days_of(np.array([to_us(moment)]))[0]) == day_number(wall.date())
    assert clock.date_of(to_us(moment)) == wall.date()


@given(clocks, moments)
def test_a_wall_clock_time_is_the_zone_databases_instant(clock: WallClock, naive: datetime) -> None:
    """The second one of a time that occurs twice; one that is skipped is read as if the clock had
    not been changed yet.
    """
    skipped = naive.replace(tzinfo=clock.zone)
    second = naive.replace(tzinfo=clock.zone, fold=1)
    exists = second.astimezone(UTC).astimezone(clock.zone).replace(tzinfo=None, fold=0) == naive
    found = int(clock.to_utc(np.array([wall_us(naive)]))[0])
    assert found == to_us(second if exists else skipped)


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2024-11-03T00:59", "2024-11-03T04:59:00Z"),
        ("2024-11-03T01:30", "2024-11-03T06:30:00Z"),  # occurs twice: the second one
        ("2024-03-10T01:59", "2024-03-10T06:59:00Z"),
        ("2024-03-10T02:30", "2024-03-10T07:30:00Z"),  # skipped: half an hour behind the change
        ("2024-03-10T03:00", "2024-03-10T07:00:00Z"),
    ],
)
def test_the_hours_round_a_change_of_the_clock(wall: str, instant: str) -> None:
    local = np.array([wall_us(datetime.fromisoformat(wall))])
    assert iso(int(MARKET.to_utc(local)[0])) == instant


@pytest.mark.parametrize(
    ("instant", "wall"),
    [
        ("2024-11-03T05:59:59.999999Z", "2024-11-03T01:59:59.999999"),
        ("2024-11-03T06:00Z", "2024-11-03T01:00"),
        ("2024-03-10T06:59:59.999999Z", "2024-03-10T01:59:59.999999"),
        ("2024-03-10T07:00Z", "2024-03-10T03:00"),
    ],
)
def test_the_clock_is_changed_at_its_instant(instant: str, wall: str) -> None:
    stamp = np.array([to_us(datetime.fromisoformat(instant))])
    assert int(MARKET.to_local(stamp)[0]) == wall_us(datetime.fromisoformat(wall))


@given(days)
def test_midnight_is_midnight_and_begins_its_day(day: date) -> None:
    start = MARKET.midnight(day)
    wall = to_datetime(start).astimezone(MARKET.zone).replace(tzinfo=None)
    assert wall == datetime.combine(day, datetime.min.time())
    assert MARKET.date_of(start) == day
    assert MARKET.date_of(start - 1) == day - timedelta(days=1)


@given(clocks, days)
def test_a_day_is_one_span_that_ends_where_the_next_begins(clock: WallClock, day: date) -> None:
    span, after = clock.day_span(day), clock.day_span(day + timedelta(days=1))
    assert span.end == after.start
    assert span.start == clock.midnight(day)
    assert 23 * HOUR_US <= span.end - span.start <= 25 * HOUR_US


def test_the_length_of_a_day_tells_the_changes_of_the_clock() -> None:
    year = [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]
    spans = {day: MARKET.day_span(day) for day in year}
    odd = {day: span.end - span.start for day, span in spans.items()
           if span.end - span.start != DAY_US}  # fmt: skip
    assert odd == {date(2024, 3, 10): 23 * HOUR_US, date(2024, 11, 3): 25 * HOUR_US}


@given(moments)
def test_local_and_back_is_the_same_but_for_the_hour_that_occurs_twice(naive: datetime) -> None:
    stamp = np.array([to_us(naive.replace(tzinfo=UTC))])
    back = MARKET.to_utc(MARKET.to_local(stamp))
    assert int(back[0] - stamp[0]) in (0, HOUR_US)
    if naive.replace(tzinfo=UTC).astimezone(MARKET.zone).hour not in (0, 1, 2, 3):
        assert back[0] == stamp[0]


@given(clocks, st.lists(moments, max_size=20))
def test_many_instants_are_each_alone(clock: WallClock, listed: list[datetime]) -> None:
    stamps = np.array([to_us(naive.replace(tzinfo=UTC)) for naive in listed], np.int64)
    for convert in (clock.to_local, clock.to_utc, clock.days_of):
        alone = [int(convert(np.array([stamp]))[0]) for stamp in stamps.tolist()]
        assert convert(stamps).tolist() == alone
