"""Which session an instant belongs to, and why the market is closed then."""

from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from polytape.model.market import Market


class MarketState(NamedTuple):
    """`session_day` is the session of the instant's day, or the last one before a day without one;
    None before the first of all. `closed` says why nothing trades then; None while it does.
    """

    session_day: date | None
    closed: str | None


def market_state(instant: int, market: "Market") -> MarketState:
    """The state at an instant, microseconds UTC. Extended hours count as open."""
    day = market.date_of(instant)
    session = market.session(day)
    if session is None:
        before = market.session_before(day)
        return MarketState(None if before is None else before.day, market.why_closed(day))
    hours = session.extended
    if instant < hours.start:
        return MarketState(day, f"trading begins at {market.local(hours.start):%H:%M}")
    if instant >= hours.end:
        return MarketState(day, f"trading ended at {market.local(hours.end):%H:%M}")
    return MarketState(day, None)


def closed_text(closed: str | None, session_day: date | None, moment: datetime) -> str:
    """`closed: exchange holiday; levels of Wed 2026-11-25`; empty while the market is open.
    `moment` is the instant in the market's zone: levels of its own day are not named as another's.
    """
    if closed is None:
        return ""
    other = session_day is not None and session_day != moment.date()
    return f"closed: {closed}" + (f"; levels of {session_day:%a %Y-%m-%d}" if other else "")
