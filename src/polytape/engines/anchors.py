"""Where a reading begins that is anchored: at a session, a week, a month, or at an instant."""

from datetime import timedelta

from polytape.engines.as_of import MAX_DAYS_BACK
from polytape.engines.validation import require
from polytape.model.date_words import naming_words, read_dates
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.timestamps import iso
from polytape.model.units import DAY_US

NAMES = ("anchor", "anchor")


def anchor_at(anchor: str, as_of: int, market: Market) -> int:
    """The instant at which a VWAP begins, both in microseconds UTC.

    "session" is the trading day of `as_of`, or the last one before it; a week begins on Sunday.
    Words and times without a date are read by `as_of`: "9:30" is that of its own day.

    Raises: ValidationError.
    """
    day = market.date_of(as_of)
    if anchor == "session":
        session = market.session(day) or market.session_before(day)
        return market.day_start(day if session is None else session.day)
    if anchor == "week":
        return market.day_start(day - timedelta(days=(day.weekday() + 1) % 7))
    if anchor == "month":
        return market.day_start(day.replace(day=1))
    read, _ = read_dates(anchor, None, as_of, market, NAMES)
    with naming_words(NAMES):
        instant = parse_instant(read, "anchor", market)
    sound = as_of - MAX_DAYS_BACK * DAY_US <= instant <= as_of
    require(
        "anchor", anchor, sound, f"up to as_of, {iso(as_of)}, at most {MAX_DAYS_BACK} days before"
    )
    return instant
