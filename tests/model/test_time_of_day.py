"""`10:30` is that time of a day in New York."""

from datetime import date

import pytest

from polytape.errors import ValidationError
from polytape.model.instants import parse_instant
from polytape.model.time_of_day import is_time_of_day, parse_time_of_day
from tests.conftest import MARKET


@pytest.mark.parametrize("day", [date(2024, 1, 2), date(2024, 7, 2)])
@pytest.mark.parametrize("text", ["00:00", "9:30", "09:30", " 16:00 ", "23:59"])
def test_a_time_is_an_instant_of_its_day(day: date, text: str) -> None:
    """In winter and in summer."""
    clock = text.strip().rjust(5, "0")
    expected = parse_instant(f"{day} {clock} America/New_York", "at", MARKET)
    assert is_time_of_day(text)
    assert parse_time_of_day(text, "at", day, MARKET) == expected


@pytest.mark.parametrize("text", ["", "24:00", "9", "9:60", "9:3", "09:30:00", "-1:00", "noon"])
def test_what_is_no_time_is_named(text: str) -> None:
    """With what is expected."""
    assert not is_time_of_day(text)
    with pytest.raises(ValidationError, match="HH:MM"):
        parse_time_of_day(text, "from", date(2024, 7, 2), MARKET)
