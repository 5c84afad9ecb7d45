"""Where a reading begins that is anchored: at a session, a week, a month, or at an instant."""

from datetime import timedelta

from polytape.engines.as_of import MAX_DAYS_BACK
from polytape.engines.validation import require
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.units import DAY_US


def anchor_at(anchor: str, as_of: int, market: Market) -> int:
    """The instant at which a VWAP begins, both in microseconds UTC.

    "session" is the trading day of `as_of`, or the last one before it; a week begins on Sunday.

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
    instant = parse_instant(anchor, "anchor", market)
    sound = as_of - MAX_DAYS_BACK * DAY_US <= instant <= as_of
    require("anchor", anchor, sound, f"before as_of, at most {MAX_DAYS_BACK} days")
    return instant
