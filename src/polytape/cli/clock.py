"""The machine's clock, and the market as it is known today."""

import time

from polytape.model.market import Market, xnys
from polytape.model.timestamps import to_datetime


def now_us() -> int:
    """The time now, microseconds UTC since 1970."""
    return time.time_ns() // 1_000


def this_market() -> Market:
    """The market, known through today."""
    return xnys(to_datetime(now_us()).date())
