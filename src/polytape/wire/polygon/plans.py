"""The vendor's plans for stocks, as it sells them: requests, history, recency. No I/O.

https://massive.com/pricing

What the vendor calls a day or today is a calendar date of New York here, whatever trade date the
hours of the market give an evening: nothing else is established.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from polytape.model.units import MINUTE_US
from polytape.model.wall_clock import WallClock

PlanName: TypeAlias = Literal["basic", "starter", "developer", "advanced"]

# The vendor has no bars before this day.
FIRST_DAY = date(2003, 9, 10)
DELAY_US = 15 * MINUTE_US
# "Unlimited" plans should stay below 100 requests a second:
# https://polygon.io/knowledge-base/article/what-is-the-request-limit-for-polygon-restful-apis
UNLIMITED, SECOND_S = 100, 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`limit` requests in `window_s` seconds; `years` of history (None: all there is). `delay_us`,
    microseconds, is how far prices lag; None where a day is published only once it has ended.
    """

    name: PlanName
    limit: int
    window_s: float
    years: int | None
    delay_us: int | None

    def earliest(self, now: int, market: WallClock) -> int:
        """The first instant that the plan's history holds, microseconds UTC."""
        return plan_edge(self.years, now, market)

    def published_until(self, now: int, market: WallClock) -> int:
        """The instant up to which bars are published at `now`, both in microseconds UTC; by the
        calendar date, where a day is published once it has ended.
        """
        if self.delay_us is None:
            return market.midnight(market.calendar_date(now))
        return now - self.delay_us


PLANS: dict[PlanName, Plan] = {
    "basic": Plan("basic", 5, 60.0, 2, None),
    "starter": Plan("starter", UNLIMITED, SECOND_S, 5, DELAY_US),
    "developer": Plan("developer", UNLIMITED, SECOND_S, 10, DELAY_US),
    "advanced": Plan("advanced", UNLIMITED, SECOND_S, None, 0),
}


def plan_edge(years: int | None, now: int, market: WallClock) -> int:
    """The midnight from which a history of so many years runs at `now`, both in microseconds UTC;
    never before the vendor's first day. By the calendar date.
    """
    first = market.midnight(FIRST_DAY)
    if years is None:
        return first
    today = market.calendar_date(now)
    leap_day = (today.month, today.day) == (2, 29)
    day = today.replace(year=today.year - years, day=28 if leap_day else today.day)
    return max(first, market.midnight(day))
