"""The vendor's plans for stocks, as it sells them: requests, history, recency. No I/O.

https://massive.com/pricing
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from polytape.model.newyork import date_of, midnight
from polytape.model.units import MINUTE_US

PlanName: TypeAlias = Literal["basic", "starter", "developer", "advanced"]

# The vendor has no bars before this day.
FIRST_DAY = date(2003, 9, 10)
DELAY_US = 15 * MINUTE_US
# "Unlimited" plans are asked to stay below 100 requests a second.
UNLIMITED, SECOND_S = 100, 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`limit` requests in `window_s` seconds; `years` of history (None: all there is). `delay_us`
    is how far prices lag, None where a day is published only once it has ended.
    """

    name: PlanName
    limit: int
    window_s: float
    years: int | None
    delay_us: int | None

    def earliest(self, now: int) -> int:
        """The first instant that the plan's history holds, microseconds UTC."""
        return plan_edge(self.years, now)

    def published_until(self, now: int) -> int:
        """The instant up to which bars can be had at `now`."""
        return midnight(date_of(now)) if self.delay_us is None else now - self.delay_us


PLANS: dict[PlanName, Plan] = {
    "basic": Plan("basic", 5, 60.0, 2, None),
    "starter": Plan("starter", UNLIMITED, SECOND_S, 5, DELAY_US),
    "developer": Plan("developer", UNLIMITED, SECOND_S, 10, DELAY_US),
    "advanced": Plan("advanced", UNLIMITED, SECOND_S, None, 0),
}


def plan_edge(years: int | None, now: int) -> int:
    """The midnight from which a history of so many years runs; never before the first day."""
    first = midnight(FIRST_DAY)
    if years is None:
        return first
    today = date_of(now)
    leap_day = (today.month, today.day) == (2, 29)
    day = today.replace(year=today.year - years, day=28 if leap_day else today.day)
    return max(first, midnight(day))
