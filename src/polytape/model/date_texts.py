"""Texts of dates and instants. Light, for the command line: no numpy."""

import re
from datetime import date, datetime

from polytape.model.day_times import NoSuchTimeError, in_24_hours
from polytape.model.zones import in_zone

_DATE_FORMS = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})", re.ASCII),
    re.compile(r"(?P<y>\d{4})/(?P<m>\d{2})/(?P<d>\d{2})", re.ASCII),
    re.compile(r"(?P<m>\d{2})/(?P<d>\d{2})/(?P<y>\d{4})", re.ASCII),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})", re.ASCII),
)
_INSTANT_FORM = re.compile(
    r"(?P<clock>(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"[T ](?P<hour>\d{2})(?::?\d{2}(?::?\d{2}(?:[.,]\d{1,9})?)?)?"
    r"(?:Z|z| ?[+-]\d{2}(?::?\d{2})?)?)(?: (?P<zone>[A-Za-z_][A-Za-z0-9_/+\- ]*))?",
    re.ASCII,
)
LAST_HOUR = "23"
NO_SUCH_TIME = (
    "a time from 00:00 to 23:59 (24:00 is 00:00 of the next day), "
    "its offset from UTC below 24 hours"
)


def read_date_text(text: str) -> date | datetime | None:
    """A date, or an instant: a datetime, naive where the text names no zone. None for any other
    text, such as a word or a time without a date.

    Raises: ZoneError for a zone that there is not; NoSuchTimeError for a day or an hour that there
    is not.
    """
    for form in _DATE_FORMS:
        if match := form.fullmatch(text):
            return _day(match)
    match = _INSTANT_FORM.fullmatch(in_24_hours(text))
    if match is None:
        return None
    moment = _moment(match)
    if not match["zone"]:
        return moment
    return None if moment.tzinfo is not None else in_zone(moment, match["zone"])


def _day(match: re.Match[str]) -> date:
    year, month, day = int(match["y"]), int(match["m"]), int(match["d"])
    try:
        return date(year, month, day)
    except ValueError as error:
        raise NoSuchTimeError(
            f"there is no day {year:04}-{month:02}-{day:02}: write year, month and day, such as "
            "2024-07-31 (07/31/2024)"
        ) from error


def _moment(match: re.Match[str]) -> datetime:
    try:
        moment = datetime.fromisoformat(
            match["clock"].replace(" +", "+").replace(" -", "-").upper()
        )
    except ValueError as error:
        _day(match)  # be it the day that there is not
        raise NoSuchTimeError(NO_SUCH_TIME) from error
    if match["hour"] > LAST_HOUR:  # of 24:00 Pythons differ
        raise NoSuchTimeError(NO_SUCH_TIME)
    return moment
