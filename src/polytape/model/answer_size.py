"""How many bars a query can have at most, before any is read. Pure, and cheap: a short span is
judged by its length alone.
"""

from itertools import pairwise

from polytape.model.hours import HoursRule
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.timeframes import Series, Timeframe
from polytape.model.timestamps import day_number
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US

# Up to so many bars the length of the span says enough, and the calendar is not looked at.
ROUGH_BARS = {Series.MINUTE: 8_192, Series.DAY: 366}
CLOSING_BELL_US = 16 * HOUR_US
# What whole bars may need past the end of the span: the rest of the longest bar.
REST_US = {Series.MINUTE: 4 * HOUR_US, Series.DAY: 31 * DAY_US}
SHORTEST_BAR_US = {Timeframe.DAY: DAY_US, Timeframe.WEEK: 7 * DAY_US, Timeframe.MONTH: 28 * DAY_US}


def most_series_bars(query: BarsQuery, market: Market, now: int) -> int:
    """How many bars of the stored series a query's answer is made from, at most: one in every
    minute in which its trading days trade, or one a trading day. `now`: microseconds UTC; nothing
    is traded after it. Bars outside the known hours are not counted.
    """
    series = query.series
    unit = MINUTE_US if series is Series.MINUTE else DAY_US
    rest = 0 if query.timeframe.value == series.value else REST_US[series]
    end = min(query.span.end + rest, now)
    length = end - query.span.start
    if length <= 0:
        return 0
    rough = length // unit + 2
    if rough <= ROUGH_BARS[series]:
        return rough
    sessions = _sessions_by_rule(query.span.start, end, market)
    if series is Series.DAY:
        return min(rough, sum(sessions))
    minutes = (_minutes_a_day(rule, market) for rule in market.hours)
    return min(rough, sum(n * each for n, each in zip(sessions, minutes, strict=True)))


def most_bars(query: BarsQuery, market: Market, now: int) -> int:
    """How many bars the answer to a query has at most; as `most_series_bars`."""
    most = most_series_bars(query, market, now)
    length = max(0, min(query.span.end, now) - query.span.start)
    bar = query.timeframe.length_us
    if bar is None:
        most = min(most, length // SHORTEST_BAR_US[query.timeframe] + 2)
    elif bar > MINUTE_US:
        # A day's first and last bar may be of a few minutes only.
        most = min(most, most * MINUTE_US // bar + 2 * (length // DAY_US + 2))
    return most if query.limit is None else min(most, query.limit)


def _sessions_by_rule(start: int, end: int, market: Market) -> list[int]:
    """How many sessions each of the market's rules of hours has of the days that [start, end),
    microseconds UTC, touches, whatever the zone.
    """
    first, last = start // DAY_US - 1, (end - 1) // DAY_US + 1
    firsts = [day_number(rule.first) for rule in market.hours[1:]]
    edges = [first, *(min(max(first, day), last + 1) for day in firsts), last + 1]
    places = [int(market.days.searchsorted(day)) for day in edges]
    return [after - before for before, after in pairwise(places)]


def _minutes_a_day(rule: HoursRule, market: Market) -> int:
    """The minutes of a trade date, however early it closes."""
    begins = market.opening_bell_us - rule.pre_market_us
    if rule.overnight_us is not None:
        begins = min(begins, rule.overnight_us)
    return (CLOSING_BELL_US + rule.post_market_us - begins) // MINUTE_US
