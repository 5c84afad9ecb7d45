"""Zones as callers write them. Light: no numpy."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NEW_YORK = ZoneInfo("America/New_York")
ALLOWED = "a zone such as America/New_York (ET for short), UTC or Europe/Berlin"
# New York's all year. EST and EDT are not: each is the name of its clock for one part of the year.
_OURS = frozenset({"et", "ny", "new york", "new_york"})
_OFFSETS = {"est": timedelta(hours=-5), "edt": timedelta(hours=-4)}


class ZoneError(ValueError):
    """A zone that there is not, or one that is not in force at that date. Its text says what would
    do.
    """


def parse_zone(name: str) -> ZoneInfo:
    """A zone by its name: `ET`, `NY` and `New York`, in any case, are America/New_York.

    Raises: ZoneError, for EST and EDT too: without a date nobody can say whether they are in force.
    """
    text = name.strip()
    short = text.lower()
    if short in _OURS:
        return NEW_YORK
    if short in _OFFSETS:
        half, hours = ("winter", 5) if short == "est" else ("summer", 4)
        raise ZoneError(
            f"{text.upper()} is New York's time in {half} only: ET or America/New_York is its time "
            f"all year, Etc/GMT+{hours} always {hours} hours behind UTC"
        )
    try:
        return ZoneInfo("UTC" if short == "utc" else text)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise ZoneError(f"there is no zone {text!r}: write {ALLOWED}") from error


def on_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """A time of the wall clock in a zone; one that it shows twice is the first of the two.

    Raises: ZoneError for one that it skips, where it is set forward.
    """
    local = moment.replace(tzinfo=zone)
    if local.utcoffset() == local.replace(fold=1).utcoffset():  # at no change of the clock
        return local
    shown = local.astimezone(UTC).astimezone(zone)
    if shown.replace(tzinfo=None, fold=0) != moment:
        raise ZoneError(
            f"there is no {moment:%H:%M} on {moment:%Y-%m-%d} in {zone.key}: the clock is set "
            f"forward past it, such as to {shown:%H:%M}"
        )
    return local


def in_zone(moment: datetime, name: str) -> datetime:
    """A time of the wall clock as the instant that it is in a zone. EST and EDT also say which of
    two it is, where the clock shows a time twice.

    Raises: ZoneError, for EST and EDT where New York's clock is not on it, and for a time that the
    clock does not show.
    """
    offset = _OFFSETS.get(name.strip().lower())
    if offset is None:
        return on_clock(moment, parse_zone(name))
    for fold in (0, 1):
        local = moment.replace(tzinfo=NEW_YORK, fold=fold)
        if local.utcoffset() == offset:
            return local
    raise ZoneError(
        f"{name.strip().upper()} is not in force in New York on {moment:%Y-%m-%d}: write ET or "
        "America/New_York, its time all year"
    )
