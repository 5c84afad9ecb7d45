"""Instants as numbers, datetimes and texts."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.timestamps import day_number, iso, number_day, to_datetime, to_us

zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=zones)  # noqa: DTZ001


@given(moments)
def test_an_instant_and_back_is_the_same_moment_in_utc(moment: datetime) -> None:
    back = to_datetime(to_us(moment))
    assert back == moment
    assert back.tzinfo is UTC


@given(st.integers(-(2**51), 2**52))
def test_a_datetime_and_back_is_the_same_instant(instant: int) -> None:
    assert to_us(to_datetime(instant)) == instant
    assert to_datetime(np.int64(instant)) == to_datetime(instant)  # type: ignore[arg-type]


@given(st.integers(-(2**51), 2**52))
def test_the_text_of_an_instant_reads_back_to_it(instant: int) -> None:
    text = iso(instant)
    assert text.endswith("Z")
    assert to_us(datetime.fromisoformat(text)) == instant
    assert ("." in text) == (instant % 1_000_000 != 0)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_704_205_800_000_000, "2024-01-02T14:30:00Z"),
        (1_704_205_800_250_000, "2024-01-02T14:30:00.250000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
    ],
)
def test_texts_are_iso_8601(instant: int, text: str) -> None:
    assert iso(instant) == text


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_days_are_counted_from_1970_as_numpy_counts_them(day: date) -> None:
    assert day_number(day) == int(np.datetime64(day, "D").astype(np.int64))
    assert number_day(day_number(day)) == day
    assert number_day(np.int64(day_number(day))) == day  # type: ignore[arg-type]
