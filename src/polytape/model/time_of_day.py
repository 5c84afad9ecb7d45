"""Times of a day of the market as people write them: `10:30`."""

import re
from datetime import date, datetime, time, timedelta

from polytape.errors import ValidationError
from polytape.model.day_times import DayTime
from polytape.model.timestamps import to_datetime
from polytape.model.units import HOUR_US, MINUTE_US
from polytape.model.wall_clock import WallClock
from polytape.model.zones import NEW_YORK, in_zone

_FORM = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


def is_time_of_day(text: str) -> bool:
    """Whether a text reads as hours and minutes."""
    return _FORM.fullmatch(text.strip()) is not None


def parse_time_of_day(text: str, param: str, day: date, zone: WallClock) -> int:
    """The instant (microseconds UTC) at which clocks in `zone` show `HH:MM` on a day; on the night
    of a change of the clocks, so many hours after midnight. On a trade date that begins the evening
    before, 21:00 is that evening's.

    Raises: ValidationError naming `param`.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValidationError(param, text, "HH:MM, a time of the day in New York")
    length = int(match[1]) * HOUR_US + int(match[2]) * MINUTE_US
    evening_before = zone.midnight(day - timedelta(days=1)) + length
    return evening_before if evening_before in zone.day_span(day) else zone.midnight(day) + length


def instant_of(written: DayTime, param: str, day: date, zone: WallClock) -> datetime:
    """A time of a day: of clocks in `zone`, New York's, where it names no other.

    Raises: ValidationError naming `param` for a time that there is not; ZoneError.
    """
    instant = to_datetime(parse_time_of_day(written.time, param, day, zone))
    if written.zone:
        hour, minute = map(int, written.time.split(":"))
        instant = in_zone(datetime.combine(day, time(hour, minute)), written.zone)
    return instant.astimezone(NEW_YORK)
