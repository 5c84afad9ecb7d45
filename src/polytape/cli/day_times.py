"""Times of a day where instants go, as traders write them: `10:30`, `yesterday 10:30`, `11:30 pm`.

Light: what reads them by a clock and the calendar is loaded for them only.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import NamedTuple

from polytape.errors import ValidationError
from polytape.model.zones import NEW_YORK, in_zone

# A time with am or pm, behind a day or alone, before a zone or none.
_HALF_DAY = re.compile(
    r"(?P<day>.*?)\b(?P<hour>\d{1,2})(?P<rest>:\d{2}(?::\d{2})?)?"
    r" ?(?P<half>[ap])\.?m\b\.?(?P<zone>.*)",
    re.IGNORECASE,
)
_DAY_TIME = re.compile(
    r"(?:(?P<day>today|yesterday) +)?(?P<time>\d{1,2}:\d{2})(?P<zone> [A-Za-z_][\w/+\- ]*)?",
    re.IGNORECASE,
)
CLOCK_HOURS = 'a time of 24 hours ("23:30"), or one from 1:00 to 12:59 with am or pm ("11:30 pm")'
NOON = 12


class DayTime(NamedTuple):
    """A time of today's or yesterday's session; `zone` is "" for New York."""

    day: str
    time: str
    zone: str


def in_24_hours(text: str, option: str) -> str:
    """The text with a time of 24 hours in place of one with am or pm.

    Raises: ValidationError for hours that there are not.
    """
    match = _HALF_DAY.fullmatch(text)
    if match is None:
        return text
    hour = int(match["hour"])
    if not 1 <= hour <= NOON:
        raise ValidationError(option, text, CLOCK_HOURS)
    hour = hour % NOON + (NOON if match["half"] in "pP" else 0)
    return f"{match['day']}{hour:02}{match['rest'] or ':00'}{match['zone']}"


def parse_day_time(text: str) -> DayTime | None:
    """The parts of a time without a date; None for any other text."""
    match = _DAY_TIME.fullmatch(text)
    if match is None:
        return None
    day, zone = (match["day"] or "today").lower(), (match["zone"] or "").strip()
    return DayTime(day, match["time"], zone)


def instant_of(written: DayTime, option: str, now: Callable[[], int]) -> datetime:
    """The instant, in New York's zone: `now` (microseconds UTC) says which day it is there.

    Raises: ValidationError for an hour that there is not; ZoneError.
    """
    from polytape.cli.clock import this_market
    from polytape.model.date_words import read_dates
    from polytape.model.time_of_day import parse_time_of_day
    from polytape.model.timestamps import to_datetime

    market = this_market()
    day, _ = read_dates(written.day, None, now(), market, (option, option))
    assert isinstance(day, date)
    instant = to_datetime(parse_time_of_day(written.time, option, day, market))
    if written.zone:
        hour, minute = map(int, written.time.split(":"))
        instant = in_zone(datetime.combine(day, time(hour, minute)), written.zone)
    return instant.astimezone(NEW_YORK)
