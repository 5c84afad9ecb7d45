"""A gateway's own time: that of a replay, or of a clock that was turned, is not this machine's."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from polytape.cli.gateway import GatewayConnection, connect
from polytape.errors import DataFetchError
from polytape.settings import long_day_from
from polytape.wire.api.clock_messages import NO_CLOCK, ClockState

NEW_YORK = ZoneInfo("America/New_York")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def gateway_now(gateway: GatewayConnection) -> int:
    """The time of a gateway's market, microseconds UTC; this machine's, where the gateway runs on
    the wall's time, or is another server, without a clock to ask.

    Raises: ConnectionError, DataFetchError.
    """
    try:
        clock = gateway.get("/clock", ClockState)
    except DataFetchError as error:
        if error.status not in NO_CLOCK:
            raise
        return time.time_ns() // 1_000
    if clock["wall"]:
        return time.time_ns() // 1_000
    try:
        return (datetime.fromisoformat(clock["now"]) - EPOCH) // timedelta(microseconds=1)
    except (ValueError, TypeError) as error:
        raise DataFetchError(f"the answer has no instant: {clock['now']}") from error


def gateway_day(url: str | None) -> date:
    """The trade date that it is for the gateway that a command names. Raises: as `gateway_now`."""
    with connect(url) as gateway:
        now = gateway_now(gateway)
    if long_day_from() is None:
        return (EPOCH + timedelta(microseconds=now)).astimezone(NEW_YORK).date()
    # Only here it is worth the time that loading the market takes.
    from polytape.cli.clock import this_market

    return this_market().date_of(now)
