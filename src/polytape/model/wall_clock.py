"""The wall clock of a zone, on arrays: the only place that knows UTC offsets.

An exchange's day is the calendar day of its zone, so a bar's date is never its UTC date: in winter
the last hour of New York's extended trading lies on the next UTC day.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from polytape.model.arrays import Bools, Ints
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
        """The instant (microseconds UTC) at which `day` begins by the calendar."""
        return self._instant_of(day_number(day) * DAY_US)

    def calendar_date(self, instant: int) -> date:
        """What a calendar on the wall shows at an instant in microseconds UTC. For what others keep
        by the calendar: `date_of` is the day of a bar.
        """
        return number_day(self._wall_of(instant) // DAY_US)

    def date_of(self, instant: int) -> date:
        """The day of an instant in microseconds UTC."""
        return number_day(self._day_of(instant))

    def day_start(self, day: date) -> int:
        """The instant (microseconds UTC) from which on `date_of` is `day`."""
        return self._start_of(day_number(day))

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

    def first_shown(self, local: Ints) -> Ints:
        """The instant at which the clock first shows each wall-clock time or, where it is skipped,
        a later one.
        """
        changes, offsets = _transitions(self.zone)
        # The clock goes from one change to the next, and shows what is before the next one's end.
        at = np.searchsorted(changes + offsets[:-1], local, side="right")
        earliest: Ints = np.append(np.iinfo(np.int64).min, changes)[at]
        shown: Ints = np.maximum(local - offsets[at], earliest)
        return shown

    def changed(self, first: Ints, last: Ints) -> Bools:
        """Whether the clock was changed after an instant and up to another one: microseconds UTC,
        both in order.
        """
        changes, _ = _transitions(self.zone)
        before, by_then = np.searchsorted(changes, (int(first.min()), int(last.max())), "right")
        if before == by_then:
            return np.zeros(len(first), np.bool_)
        changed: Bools = self._offsets(first) != self._offsets(last)
        return changed

    def _day_of(self, instant: int) -> int:
        """`days_of` for one instant, without arrays: these take longer than the sum."""
        return self._wall_of(instant) // DAY_US

    def _start_of(self, day: int) -> int:
        """`day_starts` for one day since 1970."""
        return self._instant_of(day * DAY_US)

    def _wall_of(self, instant: int) -> int:
        """`to_local` for one instant."""
        changes, _, offsets = _steps(self.zone)
        return instant + offsets[bisect_right(changes, instant)]

    def _instant_of(self, local: int) -> int:
        """`to_utc` for one wall-clock time."""
        _, shown_from, offsets = _steps(self.zone)
        return local - offsets[bisect_right(shown_from, local)]

    def _offsets(self, instants: Ints) -> Ints:
        changes, offsets = _transitions(self.zone)
        if not len(instants):
            return instants
        # Only the changes between the first and the last instant matter: two of a year.
        edges = (instants.min(), instants.max())
        left, right = np.searchsorted(changes, edges, side="right").tolist()
        at = np.searchsorted(changes[left:right], instants, side="right")
        return offsets[left : right + 1][at]


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


@cache
def _steps(zone: ZoneInfo) -> tuple[list[int], list[int], list[int]]:
    """The same as plain numbers: changes, what the clock shows from each on, and offsets."""
    changes, offsets = _transitions(zone)
    return changes.tolist(), (changes + offsets[1:]).tolist(), offsets.tolist()


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
