"""Instants (microseconds since 1970-01-01 UTC) to datetimes and texts, and back."""

from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1)


def to_us(moment: datetime) -> int:
    """The instant, microseconds UTC, of an aware datetime."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def to_datetime(instant: int) -> datetime:
    """The aware UTC datetime of an instant in microseconds UTC."""
    return EPOCH + timedelta(microseconds=int(instant))


def iso(instant: int) -> str:
    """An instant in microseconds UTC as `2024-01-02T14:30:00Z`; fractions of a second only where
    there are any.
    """
    return to_datetime(instant).isoformat().replace("+00:00", "Z")


def day_number(day: date) -> int:
    """Days from 1970-01-01 to `day`."""
    return (day - EPOCH_DAY).days


def number_day(number: int) -> date:
    """The date that lies `number` days after 1970-01-01."""
    return EPOCH_DAY + timedelta(days=int(number))
