"""Why a gateway has no live events: its market is closed, and until when."""

from polytape.cli.gateway import connect
from polytape.cli.gateway_time import gateway_now
from polytape.model.spans import Span
from polytape.model.units import DAY_US

# No break of a market lasts so long.
LONGEST_BREAK_US = 30 * DAY_US


def why_silent(url: str | None) -> str:
    """Why no event comes, by the gateway's time: its market is closed; "" while it is open.

    Raises: ConnectionError, DataFetchError.
    """
    from polytape.cli.clock import this_market
    from polytape.engines.market_state import market_state

    with connect(url) as gateway:
        now, market = gateway_now(gateway), this_market()
    closed = market_state(now, market).closed
    if closed is None:
        return ""
    later = Span(now, now + LONGEST_BREAK_US)
    begins = (one.extended.start for one in market.sessions(later) if one.extended.start > now)
    opens = market.local(next(begins))
    return f"closed: {closed}; events come from {opens:%a %Y-%m-%d %H:%M} New York on"
