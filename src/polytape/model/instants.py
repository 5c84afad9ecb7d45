"""Dates and instants as callers write them.

A date is that whole trading day of the market (New York's, for US stocks), both ends included. A
datetime is an instant; without a zone it is UTC, as in pandas (the command line reads it as New
York's). `ET`, `NY` and `New York` are America/New_York; `EST` and `EDT` are while in force.
"""

from datetime import UTC, date, datetime

import numpy as np

from polytape.errors import ValidationError
from polytape.model.date_texts import read_date_text
from polytape.model.day_times import NoSuchTimeError
from polytape.model.spans import Span
from polytape.model.timestamps import iso, to_datetime, to_us
from polytape.model.units import SECOND_US
from polytape.model.wall_clock import WallClock
from polytape.model.zones import ZoneError

ALLOWED = (
    "a date (a date, YYYY-MM-DD, YYYY/MM/DD, MM/DD/YYYY, YYYYMMDD) "
    "or an instant (a datetime, ISO 8601 with or without zone)"
)

# By so much two machines' clocks differ: an instant that is "now" on the one is no future.
CLOCKS_DIFFER_US = 2 * SECOND_US
# Room for the day that a date's end lies after it, and for any zone's offset.
_YEARS = range(1900, 2200)


def parse_day_or_instant(value: object, param: str) -> date | int:
    """A `date` for a whole trading day, an int (microseconds UTC) for an instant.

    Raises: ValidationError naming `param`.
    """
    try:
        parsed = _parse(value)
        year = _year(parsed)
    except (ZoneError, NoSuchTimeError) as error:
        raise ValidationError(param, value, str(error)) from error
    except (ValueError, OverflowError, OSError) as error:
        raise ValidationError(param, value, ALLOWED) from error
    if parsed is None:
        raise ValidationError(param, value, ALLOWED)
    if year not in _YEARS:
        raise ValidationError(param, value, "a date between 1900 and 2199")
    return parsed


def parse_instant(value: object, param: str, market: WallClock) -> int:
    """An instant in microseconds UTC; a date means where it begins in the market's zone: at
    midnight, or the evening before where the market's hours say so.

    Raises: ValidationError naming `param`.
    """
    parsed = parse_day_or_instant(value, param)
    return parsed if isinstance(parsed, int) else market.day_start(parsed)


def parse_past(value: object, param: str, market: WallClock, now: int) -> int:
    """An instant that is not in the future, as `parse_instant` reads it; one at most two seconds
    ahead of `now` is `now`. Microseconds UTC.

    Raises: ValidationError naming `param`.
    """
    instant = parse_instant(value, param, market)
    if instant > now + CLOCKS_DIFFER_US:
        raise ValidationError(
            param,
            value,
            f"an instant up to now, {_seconds(now)}: this one is {_seconds(instant)}, and nothing "
            "after now is known",
        )
    return min(instant, now)


def must_have_begun(
    start: object, param: str, market: WallClock, now: int, *, today: bool = False
) -> None:
    """A start without an end, up to `now` (microseconds UTC) or, with `today`, to the end of the
    day that runs, is no later than that.

    Raises: ValidationError naming `param`.
    """
    instant = parse_instant(start, param, market)
    if instant >= (market.day_span(market.date_of(now)).end if today else now + 1):
        raise ValidationError(
            param,
            start,
            f"a beginning up to now, {_seconds(now)}, where no end is named: this one is "
            f"{_seconds(instant)}, and nothing after now is known",
        )


def parse_span(
    start: object,
    end: object,
    market: WallClock,
    names: tuple[str, str] = ("start_date", "end_date"),
) -> Span:
    """The half-open span of `start_date` and `end_date`, microseconds UTC; errors call them by
    `names`.

    A date stands for its whole trading day, on either side; an instant as `end_date` is exclusive.

    Raises: ValidationError where the end lies before the start, or one of them cannot be read.
    """
    first = parse_instant(start, names[0], market)
    last = parse_day_or_instant(end, names[1])
    whole_day = isinstance(last, date)
    until = market.day_span(last).end if isinstance(last, date) else last
    if until < first or (whole_day and until == first):
        raise ValidationError(names[1], end, f"must not be before {names[0]} ({iso(first)})")
    return Span(first, until)


def _seconds(instant: int) -> str:
    return iso(instant // SECOND_US * SECOND_US)


def _year(parsed: date | int | None) -> int | None:
    if parsed is None:
        return None
    return to_datetime(parsed).year if isinstance(parsed, int) else parsed.year


def _parse(value: object) -> date | int | None:
    if isinstance(value, np.datetime64):
        return _parse_numpy(value)
    if isinstance(value, datetime):  # pandas.Timestamp too
        return _from_datetime(value) if value == value else None  # noqa: PLR0124 - NaT is not itself
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return _parse_text(value.strip())
    return None


def _parse_numpy(value: np.datetime64) -> date | int | None:
    if np.isnat(value):
        return None
    if np.datetime_data(value.dtype)[0] in ("Y", "M", "W", "D"):
        return date.fromisoformat(str(value.astype("datetime64[D]")))
    return int(value.astype("datetime64[us]").astype(np.int64))


def _from_datetime(value: datetime) -> int:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return to_us(aware)


def _parse_text(text: str) -> date | int | None:
    read = read_date_text(text)
    return _from_datetime(read) if isinstance(read, datetime) else read
