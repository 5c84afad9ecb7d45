"""True range by time of day: what a bar of this time usually spans.

An average over all bars of a day says little of one of them: the first quarter of an hour spans
many times what one of the afternoon does (Wood, McInish, Ord: An Investigation of Transactions Data
for NYSE Stocks, Journal of Finance 40, 1985). Here each time of day has the mean of its own.
"""

from dataclasses import dataclass
from datetime import date, time, timedelta

import numpy as np

from polytape.engines.atr import true_range
from polytape.engines.result import Result
from polytape.engines.validation import as_bars, is_number, require
from polytape.model.market import Market, xnys
from polytape.model.timestamps import day_number
from polytape.model.units import DAY_US, MINUTE_US


@dataclass(frozen=True)
class UsualRange(Result):
    """The mean true range in dollars of the bars that begin at a time of the market's day, and how
    many `sessions` had one.
    """

    begins: time
    range: float
    sessions: int


def usual_ranges(
    bars: object, day: date, *, sessions: int = 14, market: Market | None = None
) -> tuple[UsualRange, ...]:
    """The mean true range by time of day over the last `sessions` trading days before `day` that
    have bars, the earliest time first. Times that some sessions have no bar of are averaged over
    the others. `bars` are of one intraday timeframe; `market` is New York's by default.

    Raises: ValidationError for bad bars or a bad number of sessions.
    """
    sound = is_number(sessions, whole=True) and sessions >= 1
    require("sessions", sessions, sound, "a whole number above 0")
    checked, market = as_bars(bars), market or xnys()
    numbers = market.days_of(checked.timestamp)
    traded = (market.session_index(checked.timestamp) >= 0) & (numbers < day_number(day))
    counted = traded & np.isin(numbers, np.unique(numbers[traded])[-sessions:])
    minutes = market.to_local(checked.timestamp[counted]) % DAY_US // MINUTE_US
    ranges = true_range(checked)[counted]
    counts, sums = np.bincount(minutes), np.bincount(minutes, ranges)
    return tuple(
        UsualRange(_time(minute), float(sums[minute] / counts[minute]), int(counts[minute]))
        for minute in np.flatnonzero(counts).tolist()
    )


def range_at(usual: tuple[UsualRange, ...], begins: time) -> float | None:
    """The usual range of the bar that begins at a time, in dollars; None where none had one."""
    return next((one.range for one in usual if one.begins == begins), None)


def _time(minute: int) -> time:
    hours = timedelta(minutes=minute).seconds // 3600
    return time(hours, minute % 60)
