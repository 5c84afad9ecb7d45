"""Texts of instants that name no zone: how they are read, said once where they are written.

Python reads them as UTC, the command line as New York's. Of datetime objects nothing is said:
pandas reads those without a zone as UTC, too.
"""

import sys
import warnings
from datetime import UTC, datetime
from functools import lru_cache
from types import FrameType

from polytape.errors import TimeZoneWarning
from polytape.model.date_texts import read_date_text
from polytape.model.zones import NEW_YORK

# The longest text of a date alone.
DATE_LETTERS = len("2024-07-03")
# Who runs what a caller wrote, but did not write it.
RUNNERS = ("polytape", "asyncio", "concurrent", "threading")


def warn_without_zone(**values: object) -> None:
    """Warn of each value, by the name of its parameter, that is the text of an instant without a
    zone: a TimeZoneWarning at the line of the caller outside polytape.
    """
    for param, value in values.items():
        # Dates, words and other types, which most are, cost next to nothing.
        if isinstance(value, str) and len(value) > DATE_LETTERS:
            text = reading_of(value, param)
            if text is not None:
                _warn(TimeZoneWarning(text))


@lru_cache(maxsize=512)
def reading_of(value: str, param: str) -> str | None:
    """How the text of an instant without a zone is read, and how to name one; None for any other
    text.
    """
    written = value.strip()
    try:
        read = read_date_text(written)
    except ValueError:  # no such zone, day or hour: whoever parses it says what is allowed
        return None
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


def _warn(warning: TimeZoneWarning) -> None:
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
        TimeZoneWarning,
        place.f_code.co_filename,
        place.f_lineno,
        module=module,
        registry=registry,
    )


def _is_runner(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in RUNNERS
