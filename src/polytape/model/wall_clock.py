"""The wall clock of a zone, on arrays: the only place that knows UTC offsets.

An exchange's day is the calendar day of its zone, so a bar's date is never its UTC date: in winter
the last hour of New York's extended trading lies on the next UTC day.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from polytape.model.arrays import Ints
from polytape.model.spans import Span, SpanSet
from polytape.model.timestamps import day_number, number_day, to_datetime, to_us
from polytape.model.units import DAY_US, SECOND_US

# The transitions of every zone are built for these years.
FIRST_YEAR, LAST_YEAR = 1967, 2100


@dataclass(frozen=True, eq=False)
class WallClock:
    """What clocks on the wall show in `zone`. Instants are microseconds UTC, wall-clock times
    microseconds as if the wall clock were UTC, days are counted from 1970-01-01.
    """

    zone: ZoneInfo

    def midnight(self, day: date) -> int:
        """The instant (microseconds UTC) at which `day` begins."""
        return int(self.to_utc(np.array([day_number(day) * DAY_US]))[0])

    def date_of(self, instant: int) -> date:
        """The day of an instant in microseconds UTC."""
        return number_day(int(self.days_of(np.array([instant]))[0]))

    def day_start(self, day: date) -> int:
        """The instant (microseconds UTC) from which on `date_of` is `day`."""
        return int(self.day_starts(np.array([day_number(day)]))[0])

    def day_starts(self, days: Ints) -> Ints:
        """The same for days since 1970: here their midnights."""
        return self.to_utc(days * DAY_US)

    def day_span(self, day: date) -> Span:
        """A day as a span in microseconds UTC: 23 to 25 hours."""
        return Span(self.day_start(day), self.day_start(day + timedelta(days=1)))

    def whole_days(self, instants: Ints) -> SpanSet:
        """The days that some instants (microseconds UTC) fall on."""
        days = np.unique(self.days_of(instants)).tolist()
        return SpanSet.of(self.day_span(number_day(day)) for day in days)

    def local(self, instant: int) -> datetime:
        """The aware datetime of an instant in microseconds UTC, in this zone."""
        return to_datetime(instant).astimezone(self.zone)

    def days_of(self, instants: Ints) -> Ints:
        """The day of each instant (microseconds UTC), in days since 1970: here the calendar's."""
        return np.floor_divide(self.to_local(instants), DAY_US)

    def to_local(self, instants: Ints) -> Ints:
        """The wall-clock time of each instant (microseconds UTC)."""
        return instants + self._offsets(instants)

    def to_utc(self, local: Ints) -> Ints:
        """The instant (microseconds UTC) of each wall-clock time.

        Where the clock is set back, a time that occurs twice means its second occurrence; where it
        is set forward, a skipped time lies as far after the change as the clock shows.
        """
        changes, offsets = _transitions(self.zone)
        shown_from = changes + offsets[1:]
        return local - offsets[np.searchsorted(shown_from, local, side="right")]

    def _offsets(self, instants: Ints) -> Ints:
        changes, offsets = _transitions(self.zone)
        return offsets[np.searchsorted(changes, instants, side="right")]


@cache
def _transitions(zone: ZoneInfo) -> tuple[Ints, Ints]:
    """(instants at which the offset changes, offset before the first and after each).

    Built from the zone database by bisection inside each month: two changes never share a month.
    """
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    marks = [to_us(datetime(y, m, 1, tzinfo=UTC)) for y in years for m in range(1, 13)]
    changes: list[int] = []
    offsets = [_offset(marks[0], zone)]
    for left, right in pairwise(marks):
        if _offset(right, zone) != offsets[-1]:
            changes.append(_bisect(left, right, zone))
            offsets.append(_offset(right, zone))
    return np.array(changes, np.int64), np.array(offsets, np.int64)


def _bisect(left: int, right: int, zone: ZoneInfo) -> int:
    before = _offset(left, zone)
    while right - left > SECOND_US:
        middle = (left + right) // 2 // SECOND_US * SECOND_US
        left, right = (middle, right) if _offset(middle, zone) == before else (left, middle)
    return right


def _offset(instant: int, zone: ZoneInfo) -> int:
    offset = to_datetime(instant).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)
