"""Instants that may be read in more than one way: how they are, said once where they are written.

The text of an instant without a zone is UTC in Python, New York's on the command line; one of a
time alone is New York's in both, and a datetime without a zone (`datetime`, `pandas.Timestamp`,
`numpy.datetime64`) UTC, as pandas has it. A date that stands for an instant is where that day
begins.
"""

import sys
import warnings
from datetime import UTC, date, datetime
from functools import lru_cache
from types import FrameType

import numpy as np

from polytape.errors import DateWarning, TimeZoneWarning
from polytape.model.date_texts import read_date_text
from polytape.model.date_words import is_word
from polytape.model.day_times import parse_day_time
from polytape.model.lookback import is_lookback, parse_lookback
from polytape.model.time_of_day import is_time_of_day
from polytape.model.zones import NEW_YORK

# The longest text of a date alone.
DATE_LETTERS = len("2024-07-03")
# Where a date stands for its whole trading day.
SPAN_NAMES = frozenset({"start", "end", "start_date", "end_date"})
# Who runs what a caller wrote, but did not write it.
RUNNERS = ("polytape", "asyncio", "concurrent", "threading")


def warn_without_zone(**values: object) -> None:
    """Warn of each value, by the name of its parameter, that is an instant without a zone, or the
    text of one, or that of a time of today or yesterday: a TimeZoneWarning at the line of the
    caller outside polytape.
    """
    for param, value in values.items():
        if isinstance(value, str):
            text = reading_of(value, param)
        else:
            text = reading_of_object(value, param)
        if text is not None:
            _warn(TimeZoneWarning(text))


def warn_of_dates(**values: object) -> None:
    """Warn of each value, by the name of its parameter, that is a date, or a word for one, where an
    instant is wanted: a DateWarning at the line of the caller outside polytape. Its text has not
    the date: Python says it once a line, be that in a loop over days.
    """
    for param, value in values.items():
        if _is_date(value):
            _warn(
                DateWarning(
                    f"{param} is a date here, which stands for where that day begins in New York, "
                    'before anything of its session is known. Write an instant: "2024-07-03 16:00 '
                    'ET" for the close of that day, "2024-07-03 00:00 ET" for its beginning.'
                )
            )


def reading_of_object(value: object, param: str) -> str | None:
    """How a datetime without a zone is read, and how to give it one; None for any other value. The
    text has not the instant: Python says it once a line, be that in a loop over days.
    """
    if isinstance(value, datetime):
        if value.tzinfo is not None or value != value:  # noqa: PLR0124 - NaT is not itself
            return None
        midnight = value.hour == value.minute == value.second == value.microsecond == 0
    elif isinstance(value, np.datetime64) and not _is_date(value) and not np.isnat(value):
        midnight = value == value.astype("datetime64[D]")
    else:
        return None
    return (
        f"{param} is a datetime without a zone: it is read as UTC, four or five hours before that "
        f"time in New York. {_midnight_of(param) if midnight else ''}"
        'Give it a zone: pandas.Timestamp("2024-07-03 10:30", tz="America/New_York"), '
        'or .tz_localize("UTC") for UTC.'
    )


def _midnight_of(param: str) -> str:
    """What is said of one at midnight, which `pandas.bdate_range` gives for a day."""
    evening = "Midnight UTC is the evening of the day before there"
    if param in SPAN_NAMES:
        return f"{evening}; its date, .date(), stands for that whole trading day. "
    return f"{evening}. "


def reading_of(value: str, param: str) -> str | None:
    """How the text of an instant without a zone is read, and how to name one; None for any other
    text.
    """
    # Dates and words, which most are, cost next to nothing.
    may_be = len(value) > DATE_LETTERS or ":" in value or "m" in value
    return _reading_of_text(value, param) if may_be else None


@lru_cache(maxsize=512)
def _reading_of_text(value: str, param: str) -> str | None:
    written = value.strip()
    try:
        read = read_date_text(written)
        day_time = parse_day_time(written) if read is None else None
    except ValueError:  # no such zone, day or hour: whoever parses it says what is allowed
        return None
    if day_time is not None:
        known = day_time.zone or not is_time_of_day(day_time.time)
        return None if known else _reading_of_day_time(written, day_time.day, param)
    if not isinstance(read, datetime) or read.tzinfo is not None:
        return None
    try:
        local = read.replace(tzinfo=UTC).astimezone(NEW_YORK)
    except OverflowError:  # the first hours of the year 1
        return None
    return (
        f"{param}={written!r} names no zone: it is read as {read:%Y-%m-%d %H:%M} UTC, which is "
        f'{local:%Y-%m-%d %H:%M} in New York. Write "{written} ET" for New York time, '
        f'"{written} UTC" for UTC.'
    )


def _reading_of_day_time(written: str, day: str, param: str) -> str:
    today = "the day of as_of" if param == "anchor" else "today"
    meant = {"today": f"of {today}", "yesterday": f"of the last session before {today}"}.get(
        day, f"of the session after {today}"
    )
    return (
        f"{param}={written!r} names no zone: it is read as New York time, {meant}. Write "
        f'"{written} ET" for it, "{written} UTC" for UTC.'
    )


def _is_date(value: object) -> bool:
    if isinstance(value, np.datetime64):
        return np.datetime_data(value.dtype)[0] in ("Y", "M", "W", "D")
    if not isinstance(value, str):
        return isinstance(value, date) and not isinstance(value, datetime)
    written = value.strip()
    try:
        read = read_date_text(written)
    except ValueError:
        return False
    if read is None:
        return _is_word_for_date(written.lower())
    return not isinstance(read, datetime)


def _is_word_for_date(word: str) -> bool:
    if is_lookback(word):
        return not parse_lookback(word).in_hours
    return is_word(word) and word != "now" and parse_day_time(word) is None


def _warn(warning: TimeZoneWarning | DateWarning) -> None:
    """Warn at the innermost frame that is nobody's but the caller's."""
    inner: FrameType = sys._getframe(1)  # noqa: SLF001 - `warnings` skips modules from 3.12 on
    frame: FrameType | None = inner
    while frame is not None and _is_runner(frame):
        frame = frame.f_back
    place = frame or inner
    module = place.f_globals.get("__name__", "<string>")
    registry = place.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(
        warning,
        type(warning),
        place.f_code.co_filename,
        place.f_lineno,
        module=module,
        registry=registry,
    )


def _is_runner(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in RUNNERS
