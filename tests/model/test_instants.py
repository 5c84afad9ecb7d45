"""Dates and instants in every form that callers write."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import ValidationError
from polytape.model.instants import (
    CLOCKS_DIFFER_US,
    must_have_begun,
    parse_day_or_instant,
    parse_instant,
    parse_past,
    parse_span,
)
from polytape.model.timestamps import iso, to_datetime, to_us
from tests.conftest import MARKET

DAY = date(2024, 1, 31)
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
FORMS = ["%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%Y%m%d"]


@given(days, st.sampled_from(FORMS))
def test_every_date_form_means_the_same_day(day: date, form: str) -> None:
    assert parse_day_or_instant(f" {day:{form}} ", "start_date") == day


@pytest.mark.parametrize("value", [DAY, np.datetime64("2024-01-31"), "20240131"])
def test_a_date_is_a_day(value: object) -> None:
    assert parse_day_or_instant(value, "start_date") == DAY


NOON_NY = to_us(datetime(2024, 1, 31, 17, tzinfo=UTC))


@pytest.mark.parametrize(
    "value",
    [
        datetime(2024, 1, 31, 17, tzinfo=UTC),
        datetime(2024, 1, 31, 17),  # noqa: DTZ001 - naive on purpose: it means UTC
        datetime(2024, 1, 31, 12, tzinfo=ZoneInfo("America/New_York")),
        datetime(2024, 1, 31, 22, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        pd.Timestamp("2024-01-31 17:00"),
        pd.Timestamp("2024-01-31 12:00", tz="America/New_York"),
        np.datetime64("2024-01-31T17:00"),
        np.datetime64("2024-01-31T17:00:00.000000000"),
        "2024-01-31T17:00:00Z", "2024-01-31 17:00", "2024-01-31T12:00:00-05:00",
        "2024-01-31 12:00 America/New_York", "2024-01-31T17:00:00.000Z", "2024-01-31 12:00 -05:00",
        "2024-01-31T12:00-0500", "2024-01-31T17", "2024-01-31 12:00 ET", "2024-01-31 12:00 new york",
        "2024-01-31 12:00 EST", "2024-01-31 17:00 utc",
    ],
)  # fmt: skip
def test_an_instant_is_an_instant_whatever_its_form(value: object) -> None:
    assert parse_instant(value, "at", MARKET) == NOON_NY


@pytest.mark.parametrize(
    "bad",
    ["", "yesterday", "2024-13-01", "2024-02-30", "31/01/2024", "2024-1-31", "1/31/2024", None, 5,
     1706745600000, float("nan"), pd.NaT, np.datetime64("NaT"), "2024-01-31T25:00",
     "2024-01-31 12:00 Mars/Olympus", "2024-01-31T12:00Z Europe/Berlin", "2024-W01-1", "0001-01-01",
     "9999-12-31", True, "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00",
     np.datetime64(2**62, "us"), "2024-01-02 09:30 America", "2024-01-02 09:30 Etc", "2024-01-31T12:00:00+99:00"],
)  # fmt: skip
def test_what_is_no_date_is_named(bad: object) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_day_or_instant(bad, "end_date")
    assert caught.value.param == "end_date"


@pytest.mark.parametrize("zone", ["EDT", "Mars/Olympus", "CST"])
def test_a_zone_that_is_none_then_names_those_that_would_do(zone: str) -> None:
    """What is wrong is the zone, not the form of the date."""
    with pytest.raises(ValidationError, match=f"^at=.*{zone}.*America/New_York") as caught:
        parse_instant(f"2024-01-31 12:00 {zone}", "at", MARKET)
    assert "ET" in caught.value.allowed
    assert "YYYY" not in caught.value.allowed


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("2023-02-29", "there is no day 2023-02-29"), ("2100-02-29", "there is no day 2100-02-29"),
        ("31/01/2024", "there is no day 2024-31-01: write year, month and day"),
        ("2024-01-31 24:00", "24:00 is 00:00 of the next day"),
        ("2024-01-31 13:30 pm", "one from 1:00 to 12:59 with am or pm"),
        ("2024-01-31T12:00+99:00", "its offset from UTC below 24 hours"),
        ("2200-01-01", "between 1900 and 2199"), ("\uff12024-01-31", "YYYY-MM-DD"),
    ],
)  # fmt: skip
def test_a_day_or_a_time_that_there_is_not_says_so(written: str, says: str) -> None:
    """What is wrong is not the form. Digits are those of ASCII: other servers know no others."""
    with pytest.raises(ValidationError, match=says):
        parse_instant(written, "at", MARKET)


def test_leap_days_and_times_with_am_or_pm_are_read() -> None:
    """In Python and over HTTP as on the command line."""
    assert parse_day_or_instant("2024-02-29", "at") == date(2024, 2, 29)
    assert parse_instant("2024-01-31 12:00 pm ET", "at", MARKET) == NOON_NY


@given(st.text(max_size=30))
def test_any_text_is_a_date_or_a_validation_error(text: str) -> None:
    try:
        parse_day_or_instant(text, "start_date")
    except ValidationError as error:
        assert error.param == "start_date"  # noqa: PT017


def test_dates_take_whole_new_york_days_on_both_sides() -> None:
    span = parse_span("2024-03-08", "2024-03-11", MARKET)  # over the change to summer time
    assert (iso(span.start), iso(span.end)) == ("2024-03-08T05:00:00Z", "2024-03-12T04:00:00Z")


def test_an_instant_as_end_is_exclusive() -> None:
    span = parse_span("2024-03-08", "2024-03-08T15:00:00Z", MARKET)
    assert iso(span.end) == "2024-03-08T15:00:00Z"


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(ValidationError, match="end_date"):
        parse_span("2024-03-08", "2024-03-07", MARKET)
    assert not parse_span("2024-03-08T10:00", "2024-03-08T10:00", MARKET)


@given(st.integers(-10_000_000, 10_000_000))
def test_an_instant_of_the_past_is_none_of_the_future(ahead: int) -> None:
    now = MARKET.midnight(DAY)
    moment = to_datetime(now + ahead)
    if ahead > CLOCKS_DIFFER_US:
        with pytest.raises(
            ValidationError, match=r"^as_of=.* up to now, 2024-01-31T05:00:00Z: this one is"
        ):
            parse_past(moment, "as_of", MARKET, now)
    else:
        assert parse_past(moment, "as_of", MARKET, now) == now + min(ahead, 0)


@pytest.mark.parametrize(("ahead_h", "today"), [(-1, False), (1, True), (23, True)])
def test_a_start_without_an_end_is_no_later_than_what_is_known(ahead_h: int, today: bool) -> None:
    """Now, or the end of the day that runs; the error names the start, which is at fault."""
    now = MARKET.midnight(DAY)
    must_have_begun(to_datetime(now + ahead_h * 3_600_000_000), "start", MARKET, now, today=today)
    for later, whole in ((1, False), (24, True)):
        moment = to_datetime(now + later * 3_600_000_000)
        with pytest.raises(ValidationError, match=r"^start=.* up to now, 2024-01-31T05:00:00Z, "):
            must_have_begun(moment, "start", MARKET, now, today=whole)


def test_a_day_that_has_begun_is_past_and_the_next_is_not() -> None:
    now = MARKET.midnight(DAY) + 1
    assert parse_past(DAY, "as_of", MARKET, now) == now - 1
    with pytest.raises(ValidationError, match="as_of"):
        parse_past(DAY + timedelta(days=1), "as_of", MARKET, now)
