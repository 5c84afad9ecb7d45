"""New York wall-clock time, vectorised: the only place that knows its UTC offsets.

The exchange's day is the New York calendar day, so a bar's date is never its UTC date: in winter
the last hour of extended trading lies on the next UTC day.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from polytape.model.units import DAY_US, HOUR_US, SECOND_US, Ints

NEW_YORK = ZoneInfo("America/New_York")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1)


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def to_datetime(instant: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=int(instant))


def iso(instant: int) -> str:
    """`2024-01-02T14:30:00Z`; fractions of a second only where there are any."""
    return to_datetime(instant).isoformat().replace("+00:00", "Z")


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH_DAY).days


def number_day(number: int) -> date:
    """The date that lies `number` days after 1970-01-01."""
    return EPOCH_DAY + timedelta(days=int(number))


def midnight(day: date) -> int:
    """The instant at which `day` begins in New York."""
    return int(to_utc(np.array([day_number(day) * DAY_US]))[0])


def date_of(instant: int) -> date:
    """The New York calendar day of an instant."""
    return number_day(int(days_of(np.array([instant]))[0]))


def days_of(instants: Ints) -> Ints:
    """The New York calendar day of each instant, in days since 1970."""
    return np.floor_divide(to_local(instants), DAY_US)


def to_local(instants: Ints) -> Ints:
    """Wall-clock microseconds (as if the wall clock were UTC) of each instant."""
    return instants + _offsets(instants)


def to_utc(local: Ints) -> Ints:
    """Instants of wall-clock microseconds. An hour that occurs twice is its first occurrence's
    sibling on the side the clock came from; an hour that is skipped maps past the gap.
    """
    guess = local - _offsets(local + 5 * HOUR_US)
    return local - _offsets(guess)


def _offsets(instants: Ints) -> Ints:
    changes, offsets = _transitions()
    return offsets[np.searchsorted(changes, instants, side="right")]


@cache
def _transitions() -> tuple[Ints, Ints]:
    """(instants at which the offset changes, offset before the first and after each), 1967-2100.

    Built from the zone database by bisection inside each month: two changes never share a month.
    """
    months = [datetime(y, m, 1, tzinfo=UTC) for y in range(1967, 2101) for m in range(1, 13)]
    marks = [to_us(moment) for moment in months]
    changes: list[int] = []
    offsets = [_offset(marks[0])]
    for left, right in pairwise(marks):
        if _offset(right) != offsets[-1]:
            changes.append(_bisect(left, right))
            offsets.append(_offset(right))
    return np.array(changes, np.int64), np.array(offsets, np.int64)


def _bisect(left: int, right: int) -> int:
    before = _offset(left)
    while right - left > SECOND_US:
        middle = (left + right) // 2 // SECOND_US * SECOND_US
        left, right = (middle, right) if _offset(middle) == before else (left, middle)
    return right


def _offset(instant: int) -> int:
    offset = to_datetime(instant).astimezone(NEW_YORK).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)
