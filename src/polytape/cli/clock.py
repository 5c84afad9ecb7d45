"""The machine's clock, and the market as it is known today."""

import time

from polytape.model.market import Market, Session, xnys
from polytape.model.timestamps import to_datetime
from polytape.settings import long_day_from
from polytape.upstream.market_clock import MarketClock


def now_us() -> int:
    """The time now, microseconds UTC since 1970."""
    return time.time_ns() // 1_000


def market_clock(speed: float | None, market: Market) -> MarketClock:
    """A made-up market's clock: the wall's, or so many times as fast, from the open of the
    last session before today.
    """
    if speed is None:
        return MarketClock(now_us(), 1.0, time.time)
    last = market.session_before(market.date_of(now_us()))
    assert last is not None
    return MarketClock(last.regular.start, speed, time.monotonic)


def replay_clock(session: Session, start: int, speed: float) -> MarketClock:
    """A replay's clock: from `start` (microseconds UTC) to the end of the session's post-market."""
    return MarketClock(start, speed, time.monotonic, session.extended.end)


def this_market() -> Market:
    """The market, known through today, with the hours that the settings name.

    Raises: ConfigurationError naming the setting.
    """
    return xnys(to_datetime(now_us()).date(), long_day_from())
