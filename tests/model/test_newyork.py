"""The vectorised wall clock against the zone database."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polytape.model import newyork

ZONE = ZoneInfo("America/New_York")
moments = st.datetimes(datetime(1968, 1, 1), datetime(2099, 1, 1))  # noqa: DTZ001


@given(moments)
def test_local_time_is_the_zone_databases(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    wall = moment.astimezone(ZONE).replace(tzinfo=UTC)
    local = newyork.to_local(np.array([newyork.to_us(moment)]))
    assert int(local[0]) == newyork.to_us(wall)


@given(st.dates(date(1968, 1, 2), date(2099, 1, 1)))
def test_midnight_is_midnight_and_begins_its_day(day: date) -> None:
    start = newyork.midnight(day)
    assert newyork.to_datetime(start).astimezone(ZONE).replace(tzinfo=None) == datetime.combine(
        day, datetime.min.time()
    )
    assert newyork.date_of(start) == day
    assert newyork.date_of(start - 1) == day - timedelta(days=1)


@given(moments)
def test_local_and_back_is_the_same_but_for_the_hour_that_occurs_twice(naive: datetime) -> None:
    stamp = np.array([newyork.to_us(naive.replace(tzinfo=UTC))])
    back = newyork.to_utc(newyork.to_local(stamp))
    assert int(back[0] - stamp[0]) in (0, 3_600_000_000, -3_600_000_000)
    if naive.replace(tzinfo=UTC).astimezone(ZONE).hour not in (0, 1, 2, 3):
        assert back[0] == stamp[0]
