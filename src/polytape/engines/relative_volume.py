"""Volume of a session so far, beside what earlier sessions had by the same time of day.

The sum since the session's first bar over the mean of such sums, as charting programs have it under
"relative volume at time": 1 is a usual day, 2 twice as busy. Both sides count extended hours.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from polytape.engines.validation import as_bars, is_number, require
from polytape.model.arrays import Floats, Ints
from polytape.model.market import Market, xnys
from polytape.model.timestamps import day_number, number_day
from polytape.model.units import DAY_US, MINUTE_US

SESSIONS = 10
MINUTES_A_DAY = DAY_US // MINUTE_US


@dataclass(frozen=True, eq=False)
class UsualVolume:
    """Mean volume of some sessions by time of day. `by_minute[m]` is what had been traded when
    minute `m` of a trade date ended, in shares; `days` are the sessions, the last one last. Minutes
    are counted from midnight or, where trade dates begin the evening before, from then on.
    """

    by_minute: Floats
    days: tuple[date, ...]
    market: Market

    def at(self, instant: int) -> float | None:
        """The mean volume by the time of day of an instant (microseconds UTC), in shares; None
        where nothing was traded by then.
        """
        (minute,) = _minutes_of_day(np.array([instant - 1]), self.market)
        volume = float(self.by_minute[minute])
        return volume if self.days and volume > 0 else None

    def relative(self, volume: float, instant: int) -> float | None:
        """How busy a session is that has traded `volume` shares by an instant (microseconds UTC);
        None where the earlier ones had nothing.
        """
        usual = self.at(instant)
        return None if usual is None else volume / usual


def usual_volume(
    minutes: object, day: date, *, sessions: int = SESSIONS, market: Market | None = None
) -> UsualVolume:
    """The mean of the last `sessions` trading days before `day` that have 1-minute bars. `market`
    is New York's by default.

    Raises: ValidationError for bad bars or a bad number of sessions.
    """
    sound = is_number(sessions, whole=True) and sessions >= 1
    require("sessions", sessions, sound, "a whole number above 0")
    bars, market = as_bars(minutes), market or xnys()
    numbers = market.days_of(bars.timestamp)
    traded = (market.session_index(bars.timestamp) >= 0) & (numbers < day_number(day))
    days = np.unique(numbers[traded])[-sessions:]
    counted = np.isin(numbers, days)
    places = _minutes_of_day(bars.timestamp[counted], market)
    volumes = np.bincount(places, bars.volume[counted], MINUTES_A_DAY + _evening_minutes(market))
    mean: Floats = np.cumsum(volumes) / max(1, len(days))
    return UsualVolume(mean, tuple(map(number_day, days.tolist())), market)


def _minutes_of_day(instants: Ints, market: Market) -> Ints:
    """Which minute of its trade date each instant (microseconds UTC) is in, by the wall clock."""
    since = market.to_local(instants) - market.days_of(instants) * DAY_US
    return since // MINUTE_US + _evening_minutes(market)


def _evening_minutes(market: Market) -> int:
    """How many minutes before its midnight a trade date begins at most."""
    return -min(0, *(rule.day_begins_us for rule in market.hours)) // MINUTE_US
