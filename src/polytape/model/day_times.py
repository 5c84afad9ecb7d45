"""Times of a day where instants go, as traders write them: `10:30`, `yesterday 10:30`, `11:30 pm`.

Light, for the command line: `date_words` reads them by a clock and the calendar.
"""

import re
from typing import NamedTuple

# A time with am or pm, behind a day or alone, before a zone or none.
_HALF_DAY = re.compile(
    r"(?P<day>.*?)\b(?P<hour>\d{1,2})(?P<rest>:\d{2}(?::\d{2})?)?"
    r" ?(?P<half>[ap])\.?m\b\.?(?P<zone>.*)",
    re.IGNORECASE | re.ASCII,
)
_DAY_TIME = re.compile(
    r"(?:(?P<day>today|yesterday|tomorrow) +)?(?P<time>\d{1,2}:\d{2})"
    r"(?P<zone> [A-Za-z_][\w/+\- ]*)?",
    re.IGNORECASE | re.ASCII,
)
CLOCK_HOURS = 'a time of 24 hours ("23:30"), or one from 1:00 to 12:59 with am or pm ("11:30 pm")'
NOON = 12


class NoSuchTimeError(ValueError):
    """A day or a time that there is not. Its text says what would do."""


class DayTime(NamedTuple):
    """A time of today, or of the session before or after; `zone` is "" for New York."""

    day: str
    time: str
    zone: str


def in_24_hours(text: str) -> str:
    """The text with a time of 24 hours in place of one with am or pm.

    Raises: NoSuchTimeError for hours that there are not.
    """
    match = _HALF_DAY.fullmatch(text) if "m" in text or "M" in text else None
    if match is None:
        return text
    hour = int(match["hour"])
    if not 1 <= hour <= NOON:
        raise NoSuchTimeError(CLOCK_HOURS)
    hour = hour % NOON + (NOON if match["half"] in "pP" else 0)
    return f"{match['day']}{hour:02}{match['rest'] or ':00'}{match['zone']}"


def parse_day_time(text: str) -> DayTime | None:
    """The parts of a time without a date; None for any other text.

    Raises: NoSuchTimeError for hours that there are not.
    """
    match = _DAY_TIME.fullmatch(in_24_hours(text.strip()))
    if match is None:
        return None
    day, zone = (match["day"] or "today").lower(), (match["zone"] or "").strip()
    return DayTime(day, match["time"], zone)
