"""Zones as callers write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.zones import NEW_YORK, ZoneError, in_zone, parse_zone

# On the wall, without the hour that is skipped where the clock is set forward.
clocks = st.datetimes(datetime(1975, 1, 1), datetime(2090, 1, 1)).filter(lambda at: at.hour != 2)  # noqa: DTZ001


@pytest.mark.parametrize("name", ["ET", "et", "NY", "ny", "New York", "NEW YORK", "new_york"])
def test_new_york_has_short_names(name: str) -> None:
    """In any case."""
    assert parse_zone(f" {name} ") is NEW_YORK


@pytest.mark.parametrize(
    ("name", "zone"),
    [("UTC", "UTC"), ("utc", "UTC"), ("Europe/Berlin", "Europe/Berlin"), ("US/Eastern", "US/Eastern")],
)  # fmt: skip
def test_others_are_as_the_database_names_them(name: str, zone: str) -> None:
    """And UTC in any case."""
    assert parse_zone(name) == ZoneInfo(zone)


@pytest.mark.parametrize(
    ("name", "says"),
    [("Mars/Olympus", "no zone 'Mars/Olympus': .*America/New_York.*ET"), ("PM", "no zone"),
     ("America", "no zone"), ("../UTC", "no zone"), ("", "no zone"), ("x" * 300, "no zone"),
     ("EST", "winter only: ET or America/New_York"), ("edt", "EDT .*summer only.*Etc/GMT.4")],
)  # fmt: skip
def test_what_is_no_zone_is_told_what_would_do(name: str, says: str) -> None:
    """EST and EDT are none without a date."""
    with pytest.raises(ZoneError, match=says):
        parse_zone(name)


@given(clocks)
def test_est_and_edt_mean_what_new_yorks_clock_is_on(moment: datetime) -> None:
    """One of them is New York's time, the other one is refused; of an hour that the clock shows
    twice each is one, and the later one is EST.
    """
    read = {}
    for name in ("EST", "EDT"):
        try:
            read[name] = in_zone(moment, name)
        except ZoneError as error:
            assert "ET or America/New_York" in str(error)  # noqa: PT017
    local = in_zone(moment, "ET")
    assert local.astimezone(UTC) in {one.astimezone(UTC) for one in read.values()}
    assert all(one.tzname() == name for name, one in read.items())
    assert len(read) == 1 + (local.utcoffset() != local.replace(fold=1).utcoffset())


@pytest.mark.parametrize(
    ("zone", "skipped"), [("ET", "2026-03-08 02:30"), ("Europe/Berlin", "2026-03-29 02:00")]
)
def test_a_time_that_the_clock_skips_is_refused(zone: str, skipped: str) -> None:
    """And not read as another one; a minute before the change, and its end, are times."""
    moment = datetime.fromisoformat(skipped)
    with pytest.raises(ZoneError, match=f"there is no {moment:%H:%M} on {moment:%Y-%m-%d}"):
        in_zone(moment, zone)
    for hour, minute in ((1, 59), (3, 0)):
        moment = moment.replace(hour=hour, minute=minute)
        assert in_zone(moment, zone).astimezone(UTC).minute == minute


def test_the_hour_that_the_clock_shows_twice() -> None:
    """First on EDT, then on EST."""
    shown = datetime(2024, 11, 3, 1, 30)  # noqa: DTZ001 - on the wall
    assert in_zone(shown, "EDT").astimezone(UTC).hour == 5
    assert in_zone(shown, "EST").astimezone(UTC).hour == 6
