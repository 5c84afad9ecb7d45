"""Which hours trade, as rules by date: each holds from its first trade date until the next rule's.

The SIPs filed on 2025-12-19 to run from Sunday 21:00 to Friday 20:00 New York, with a pause of an
hour at 20:00 after which the next trade date begins. Whether and when that comes, and how the
vendor files it, is not established: the rule is here, and a setting switches it on from a date.
"""

from dataclasses import dataclass
from datetime import date

from polytape.model.units import HOUR_US, MINUTE_US


@dataclass(frozen=True, slots=True)
class HoursRule:
    """The hours of trade dates from `first` on, in microseconds.

    `day_begins_us`: where a trade date begins, from its own midnight on the wall; below 0 it is the
    evening before. `overnight_us`: where its trading begins, likewise; None where there is none
    before the pre-market. `pre_market_us`: how long the pre-market goes before the opening bell;
    `post_market_us`: how long the post-market goes after the closing bell.
    """

    first: date
    day_begins_us: int = 0
    overnight_us: int | None = None
    pre_market_us: int = 5 * HOUR_US + 30 * MINUTE_US
    post_market_us: int = 4 * HOUR_US


# 04:00 to 20:00, each calendar day on its own.
DAY_HOURS = HoursRule(date.min)


def long_day(first: date) -> HoursRule:
    """23 hours from a trade date on: a trade date begins at 20:00 of the evening before, trades
    from 21:00 to 04:00 overnight, and then as ever until 20:00.
    """
    return HoursRule(first, day_begins_us=-4 * HOUR_US, overnight_us=-3 * HOUR_US)
