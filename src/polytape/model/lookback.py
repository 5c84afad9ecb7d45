"""How far back a live series begins: `2d`, `90min`, `3w`."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from polytape.errors import ValidationError
from polytape.model.market import Market
from polytape.model.units import MINUTE_US

ALLOWED = "a number and a unit: 90min, 6h, 2d (trading days), 3w, 6mo, 1y"
_FORM = re.compile(r"(?P<count>\d{1,4})\s*(?P<unit>min|h|d|w|mo|y)[a-z]*", re.ASCII)
_DAYS = {"w": 7, "mo": 31, "y": 366}
_MINUTES = {"min": 1, "h": 60}


@dataclass(frozen=True, slots=True)
class Lookback:
    """A length of time before now. Days are trading days: 1d begins with today's, 2d with the
    trading day before; weeks, months and years are the calendar's.
    """

    count: int
    unit: str

    @property
    def in_hours(self) -> bool:
        """Whether it is minutes or hours, not whole days."""
        return self.unit in _MINUTES

    def begin(self, now: int, market: Market) -> int:
        """The instant at which it begins, as `now` in microseconds UTC."""
        if self.unit in _MINUTES:
            return now - self.count * _MINUTES[self.unit] * MINUTE_US
        today = market.date_of(now)
        if self.unit in _DAYS:
            return market.day_start(today - timedelta(days=self.count * _DAYS[self.unit]))
        return market.day_start(_trading_day(today, self.count, market))


def is_lookback(value: str) -> bool:
    """Whether a text has a lookback's form."""
    return _FORM.fullmatch(value.strip().lower()) is not None


def parse_lookback(value: object, param: str = "lookback") -> Lookback:
    """A lookback from what a caller wrote. Raises: ValidationError naming `param`."""
    match = _FORM.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is None or not int(match["count"]):
        raise ValidationError(param, value, ALLOWED)
    return Lookback(int(match["count"]), match["unit"])


def _trading_day(today: date, count: int, market: Market) -> date:
    """The trading day so many back, today's the first where there is one."""
    day = today
    for _ in range(count - (market.session(today) is not None)):
        before = market.session_before(day)
        if before is None:
            return day
        day = before.day
    return day
