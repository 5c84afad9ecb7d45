"""Words where dates go: by the time that is given, never by a clock."""

import re
from datetime import UTC, date, datetime

import pytest

from polytape.errors import ValidationError
from polytape.model.date_words import begin_of, is_word, read_dates
from polytape.model.instants import parse_instant
from tests.conftest import MARKET

NAMES = ("start", "end")
# The Friday after Independence Day, 10:00 in New York.
FRIDAY = parse_instant("2024-07-05T14:00:00Z", "now", MARKET)


def read(start: object, end: object = "today", now: int = FRIDAY) -> tuple[object, object]:
    return read_dates(start, end, now, MARKET, NAMES)


@pytest.mark.parametrize(
    ("word", "day"),
    [
        ("today", date(2024, 7, 5)),
        ("tomorrow", date(2024, 7, 8)),
        (" Yesterday ", date(2024, 7, 3)),  # the 4th is a holiday
        ("ytd", date(2024, 1, 1)),
        ("1d", date(2024, 7, 5)),
        ("5d", date(2024, 6, 28)),
        ("2w", date(2024, 6, 21)),
        ("1mo", date(2024, 6, 4)),
        ("1y", date(2023, 7, 5)),
        ("90min", datetime(2024, 7, 5, 12, 30, tzinfo=UTC)),
        ("now", datetime(2024, 7, 5, 14, tzinfo=UTC)),
    ],
)
def test_a_word_is_a_day_of_the_market_or_an_instant(word: str, day: object) -> None:
    """Days are trading days, and the time is an argument."""
    assert is_word(word)
    assert read(word) == (day, date(2024, 7, 5))


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("10:30", "2024-07-05T14:30:00Z"),
        ("today 9:30 am", "2024-07-05T13:30:00Z"),
        ("Yesterday 10:30", "2024-07-03T14:30:00Z"),  # the 4th is a holiday
        ("2:30 pm ET", "2024-07-05T18:30:00Z"),
        ("10:30 Europe/Berlin", "2024-07-05T08:30:00Z"),
        ("10:30 UTC", "2024-07-05T10:30:00Z"),
    ],
)
def test_a_time_of_no_date_is_that_of_a_day(written: str, utc: str) -> None:
    """Today's or the last session's, in New York unless it names a zone; as a start and as an end."""
    assert is_word(written)
    start, end = read(written, written)
    assert isinstance(start, datetime)
    assert (start, end) == (datetime.fromisoformat(utc), start)


@pytest.mark.parametrize(
    ("written", "says"),
    [("25:00", "HH:MM"), ("13:30 pm", "with am or pm"), ("10:30 PDQ", "no zone 'PDQ'"),
     ("10:75", "HH:MM"), ("10:30 EST", "EST is not in force")],
)  # fmt: skip
def test_a_time_that_there_is_not_is_refused(written: str, says: str) -> None:
    """By the name of its own parameter."""
    for dates, name in (((written, "today"), "start"), (("1mo", written), "end")):
        with pytest.raises(ValidationError, match=re.escape(says)) as refused:
            read(*dates)
        assert refused.value.param == name


def test_a_word_means_another_day_on_another_day() -> None:
    saturday = parse_instant("2024-07-06T14:00:00Z", "now", MARKET)
    assert read("yesterday", "today", saturday) == (date(2024, 7, 5), date(2024, 7, 6))


@pytest.mark.parametrize("value", ["2024-07-05", "20240705", "07/05/2024", date(2024, 7, 5), None])
def test_what_is_no_word_is_left_as_it_is(value: object) -> None:
    assert not is_word(value)
    assert read(value, value) == (value, value)


@pytest.mark.parametrize("end", ["5d", "ytd"])
def test_a_length_is_no_end(end: str) -> None:
    with pytest.raises(ValidationError, match=r"end=.*counted back from it"):
        read("1mo", end)


@pytest.mark.parametrize(
    ("period", "end", "begin"),
    [
        ("5d", date(2024, 7, 3), date(2024, 6, 27)),
        ("1mo", "2024-03-31", date(2024, 2, 29)),
        ("ytd", "2023-03-31", date(2023, 1, 1)),
        ("2h", date(2024, 7, 5), datetime(2024, 7, 5, 12, tzinfo=UTC)),  # that day runs
        ("2h", date(2024, 7, 2), datetime(2024, 7, 3, 2, tzinfo=UTC)),  # that one has ended
        ("30min", datetime(2024, 7, 2, 14, tzinfo=UTC), datetime(2024, 7, 2, 13, 30, tzinfo=UTC)),
    ],
)
def test_a_period_ends_with_its_end(period: str, end: object, begin: object) -> None:
    assert begin_of(period, end, FRIDAY, MARKET) == begin


@pytest.mark.parametrize("period", ["", "5x", 5, "today", None])
def test_a_period_is_a_length(period: object) -> None:
    with pytest.raises(ValidationError, match=r"period=.*90min.*ytd"):
        begin_of(period, "2024-07-05", FRIDAY, MARKET)
