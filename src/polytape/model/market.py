"""The market: its zone, its trading days, their regular, pre- and post-market hours.

Another market is another `Market`. Sessions are plain arrays, made from the weekdays and a small
table of holidays and early closes that ships with the package; the library that the table was made
from (exchange_calendars, half a second to import) supplies the years past its last one.
"""

import csv
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np

from polytape.model.arrays import Bools, Ints
from polytape.model.spans import Span
from polytape.model.timestamps import day_number, number_day
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US
from polytape.model.wall_clock import WallClock

REGULAR_MINUTES = 390
# As `date.weekday()` counts.
SATURDAY = 5
# The vendor corrects a day's bars until about 11:00 New York on the next trading day:
# https://massive.com/knowledge-base/article/what-time-are-massives-flat-files-ready-each-day
FINAL_AT_US = 11 * HOUR_US

FIRST_DAY = date(1990, 1, 1)
LAST_DAY = date(2050, 12, 31)
TABLE = "xnys.csv"


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day. `regular` is [open, close), `extended` adds pre- and post-market; both in
    microseconds UTC.
    """

    day: date
    regular: Span
    extended: Span

    @property
    def open(self) -> int:
        """The opening bell, microseconds UTC."""
        return self.regular.start

    @property
    def close(self) -> int:
        """The closing bell, microseconds UTC: the first instant outside regular hours."""
        return self.regular.end

    @property
    def minutes(self) -> int:
        """Minutes of regular trading: 390, fewer on an early close."""
        return (self.close - self.open) // MINUTE_US

    @property
    def early_close(self) -> bool:
        """Whether the bell rings before 16:00."""
        return self.minutes < REGULAR_MINUTES


@dataclass(frozen=True, eq=False)
class Market(WallClock):
    """Sessions as sorted arrays: `days` since 1970, `opens` and `closes` in microseconds UTC.

    Days outside the arrays are no trading days. The other times are microseconds: `opening_bell_us`
    from midnight on, `pre_market_us` before the open, `post_market_us` after the close.
    """

    name: str
    days: Ints
    opens: Ints
    closes: Ints
    opening_bell_us: int = 9 * HOUR_US + 30 * MINUTE_US
    pre_market_us: int = 5 * HOUR_US + 30 * MINUTE_US
    post_market_us: int = 4 * HOUR_US

    def session(self, day: date) -> Session | None:
        """The session of a day of the market's zone; None when the exchange is closed."""
        at = int(np.searchsorted(self.days, day_number(day)))
        if at < len(self.days) and self.days[at] == day_number(day):
            return self._session(at)
        return None

    def sessions(self, span: Span) -> Iterator[Session]:
        """The sessions whose calendar day overlaps `span`, in order."""
        if not span:
            return
        first, last = day_number(self.date_of(span.start)), day_number(self.date_of(span.end - 1))
        left = int(np.searchsorted(self.days, first))
        for at in range(left, int(np.searchsorted(self.days, last, side="right"))):
            yield self._session(at)

    def session_before(self, day: date) -> Session | None:
        """The last session before a day."""
        at = int(np.searchsorted(self.days, day_number(day))) - 1
        return self._session(at) if at >= 0 else None

    def why_closed(self, day: date) -> str | None:
        """Why there is no session: "weekend" or "exchange holiday"; None where there is one."""
        if self.session(day):
            return None
        return "weekend" if day.weekday() >= SATURDAY else "exchange holiday"

    def session_index(self, instants: Ints) -> Ints:
        """For each instant (microseconds UTC) the index of its day's session; -1: there is none."""
        days = self.days_of(instants)
        at = np.minimum(np.searchsorted(self.days, days), len(self.days) - 1)
        return np.where(self.days[at] == days, at, -1)

    def regular(self, instants: Ints) -> Bools:
        """Which instants (microseconds UTC) lie in [open, close) of their day."""
        at = self.session_index(instants)
        return (at >= 0) & (instants >= self.opens[at]) & (instants < self.closes[at])

    def extended(self, instants: Ints) -> Bools:
        """Which instants (microseconds UTC) lie in a trading day's extended hours: for New York
        04:00-20:00, or 04:00-17:00 on an early close.
        """
        at = self.session_index(instants)
        starts, ends = self.opens[at] - self.pre_market_us, self.closes[at] + self.post_market_us
        return (at >= 0) & (instants >= starts) & (instants < ends)

    def final_before(self, now: int) -> int:
        """Bars that start before this instant are final at `now`: the vendor corrects them no more.
        Both in microseconds UTC.

        A day is final from 11:00 New York of the next trading day on.
        """
        today = self.date_of(now)
        wall = int(self.to_local(np.array([now]))[0]) % DAY_US
        session = self.session(today) if wall >= FINAL_AT_US else None
        session = session or self.session_before(today)
        return 0 if session is None else self.midnight(session.day)

    def _session(self, at: int) -> Session:
        opens, closes = int(self.opens[at]), int(self.closes[at])
        extended = Span(opens - self.pre_market_us, closes + self.post_market_us)
        return Session(number_day(int(self.days[at])), Span(opens, closes), extended)


@dataclass(frozen=True, slots=True)
class Closure:
    """A weekday on which the exchange is closed, or closes early; `name` is the calendar's, where
    it has one.
    """

    day: date
    close: time | None
    name: str


@cache
def xnys(through: date = LAST_DAY) -> Market:
    """The New York Stock Exchange from 1990 to 2050, or to the end of the year of `through` where
    that is later; needs exchange_calendars then.
    """
    zone = ZoneInfo("America/New_York")
    if through > LAST_DAY:
        return _from_library(zone, date(through.year, 12, 31))
    exceptions = _table()
    numbers = np.arange(day_number(FIRST_DAY), day_number(LAST_DAY) + 1)
    closed = [day_number(one.day) for one in exceptions if one.close is None]
    weekday = (numbers + 3) % 7 < SATURDAY  # 1970-01-01 was a Thursday
    days = numbers[weekday & ~np.isin(numbers, closed)]
    bells = np.full(len(days), 16 * HOUR_US)
    for one in exceptions:
        if one.close is not None:
            bells[np.searchsorted(days, day_number(one.day))] = one.close.hour * HOUR_US
    wall = WallClock(zone)
    opens = wall.to_utc(days * DAY_US + 9 * HOUR_US + 30 * MINUTE_US)
    return Market(zone, "XNYS", days, opens, wall.to_utc(days * DAY_US + bells))


def closures(first: date, last: date) -> dict[date, str]:
    """The names of the exchange's holidays and early closes from first to last, both included."""
    return {one.day: one.name for one in _table() if first <= one.day <= last and one.name}


def _table() -> list[Closure]:
    text = files("polytape.model").joinpath(TABLE).read_text("utf-8")
    rows = csv.reader(text.splitlines()[1:])
    return [
        Closure(date.fromisoformat(day), time.fromisoformat(close) if close else None, name)
        for day, close, name in rows
    ]


def _from_library(zone: ZoneInfo, last: date) -> Market:
    with warnings.catch_warnings():
        # exchange_calendars 4.13 uses what pandas 3 deprecates; not the caller's business.
        warnings.simplefilter("ignore")
        import exchange_calendars

        calendar = exchange_calendars.get_calendar(
            "XNYS", start=FIRST_DAY.isoformat(), end=last.isoformat()
        )
        schedule = calendar.schedule
        days = schedule.index.to_numpy("datetime64[D]").astype(np.int64)
        opens, closes = (
            schedule[name].dt.tz_convert(None).to_numpy("datetime64[us]").astype(np.int64)
            for name in ("open", "close")
        )
    return Market(zone, "XNYS", days, opens, closes)
