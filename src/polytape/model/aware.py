"""Instants that callers ask a result about. No clock stands beside it, nor a market's hours: words
and dates are refused.
"""

from datetime import datetime
from typing import TypeAlias

import numpy as np

from polytape.errors import ValidationError
from polytape.model import instants
from polytape.model.timestamps import to_datetime
from polytape.model.zone_warning import warn_without_zone

# As callers write it; `pandas.Timestamp` is a datetime.
Instant: TypeAlias = str | datetime | np.datetime64
ALLOWED = (
    'an instant: a datetime with a zone, or a text such as "2024-07-03 10:30 ET"; no date and no '
    "word, as a result has no clock"
)


def aware(value: object, param: str) -> datetime:
    """An instant as an aware datetime. Without a zone it is UTC, of which a TimeZoneWarning is
    given, as everywhere.

    Raises: ValidationError naming `param`.
    """
    # Most are one already; NaT is not itself.
    if isinstance(value, datetime) and value.tzinfo is not None and value == value:  # noqa: PLR0124
        return value
    try:
        read = instants.parse_day_or_instant(value, param)
    except ValidationError as error:
        if error.allowed != instants.ALLOWED:
            raise
        raise ValidationError(param, value, ALLOWED) from error
    if not isinstance(read, int):
        raise ValidationError(param, value, ALLOWED)
    warn_without_zone(**{param: value})
    return to_datetime(read)
