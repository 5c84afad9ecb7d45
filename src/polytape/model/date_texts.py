"""Texts of dates and instants. Light, for the command line: no numpy."""

import re
from datetime import date, datetime

from polytape.model.zones import in_zone

_DATE_FORMS = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"),
    re.compile(r"(?P<y>\d{4})/(?P<m>\d{2})/(?P<d>\d{2})"),
    re.compile(r"(?P<m>\d{2})/(?P<d>\d{2})/(?P<y>\d{4})"),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
)
_INSTANT_FORM = re.compile(
    r"(?P<clock>\d{4}-\d{2}-\d{2}[T ]\d{2}(?::?\d{2}(?::?\d{2}(?:[.,]\d{1,9})?)?)?"
    r"(?:Z|z| ?[+-]\d{2}(?::?\d{2})?)?)(?: (?P<zone>[A-Za-z_][A-Za-z0-9_/+\- ]*))?"
)


def read_date_text(text: str) -> date | datetime | None:
    """A date, or an instant: a datetime, naive where the text names no zone. None for any other
    text, such as a word.

    Raises: ZoneError for a zone that there is not; ValueError for a day or an hour that there is
    not.
    """
    for form in _DATE_FORMS:
        if match := form.fullmatch(text):
            return date(int(match["y"]), int(match["m"]), int(match["d"]))
    match = _INSTANT_FORM.fullmatch(text)
    if match is None:
        return None
    moment = datetime.fromisoformat(match["clock"].replace(" +", "+").replace(" -", "-").upper())
    if not match["zone"]:
        return moment
    return None if moment.tzinfo is not None else in_zone(moment, match["zone"])
