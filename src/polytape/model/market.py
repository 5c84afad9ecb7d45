"""The exchange clock: trading days, sessions, early closes, extended hours.

Sessions are plain arrays. exchange_calendars stands behind `xnys()` alone.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from polytape.model.newyork import date_of, day_number, days_of, midnight, number_day, to_local
from polytape.model.spans import Span
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US, Bools, Ints

# Extended hours run 04:00-20:00, until 17:00 on early-close days.
PRE_MARKET_US = 5 * HOUR_US + 30 * MINUTE_US
POST_MARKET_US = 4 * HOUR_US
REGULAR_MINUTES = 390
# The vendor corrects a day's bars until about 11:00 New York on the next trading day.
FINAL_AT_US = 11 * HOUR_US

FIRST_DAY = date(1990, 1, 1)
LAST_DAY = date(2040, 12, 31)


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day. `regular` is [open, close), `extended` adds pre- and post-market."""

    day: date
    regular: Span

    @property
    def open(self) -> int:
        """The opening bell, microseconds UTC."""
        return self.regular.start

    @property
    def close(self) -> int:
        """The closing bell, microseconds UTC: the first instant outside regular hours."""
        return self.regular.end

    @property
    def extended(self) -> Span:
        """04:00 to 20:00 New York; to 17:00 on an early close."""
        return Span(self.open - PRE_MARKET_US, self.close + POST_MARKET_US)

    @property
    def minutes(self) -> int:
        """Minutes of regular trading: 390, fewer on an early close."""
        return (self.close - self.open) // MINUTE_US

    @property
    def early_close(self) -> bool:
        """Whether the bell rings before 16:00."""
        return self.minutes < REGULAR_MINUTES


@dataclass(frozen=True, eq=False)
class Market:
    """Sessions as sorted arrays: `days` since 1970, `opens` and `closes` in microseconds UTC.

    Days outside the arrays are no trading days.
    """

    name: str
    days: Ints
    opens: Ints
    closes: Ints

    def session(self, day: date) -> Session | None:
        """The session of a New York calendar day; None when the exchange is closed."""
        at = int(np.searchsorted(self.days, day_number(day)))
        if at < len(self.days) and self.days[at] == day_number(day):
            return self._session(at)
        return None

    def sessions(self, span: Span) -> Iterator[Session]:
        """The sessions whose New York day overlaps `span`, in order."""
        if not span:
            return
        first, last = day_number(date_of(span.start)), day_number(date_of(span.end - 1))
        left = int(np.searchsorted(self.days, first))
        for at in range(left, int(np.searchsorted(self.days, last, side="right"))):
            yield self._session(at)

    def session_before(self, day: date) -> Session | None:
        """The last session before a day."""
        at = int(np.searchsorted(self.days, day_number(day))) - 1
        return self._session(at) if at >= 0 else None

    def session_after(self, day: date) -> Session | None:
        """The first session after a day."""
        at = int(np.searchsorted(self.days, day_number(day), side="right"))
        return self._session(at) if at < len(self.days) else None

    def why_closed(self, day: date) -> str | None:
        """Why there is no session: "weekend" or "exchange holiday"; None where there is one."""
        if self.session(day):
            return None
        return "weekend" if day.weekday() >= 5 else "exchange holiday"  # noqa: PLR2004

    def session_index(self, instants: Ints) -> Ints:
        """For each instant the index of its New York day's session, -1 where there is none."""
        days = days_of(instants)
        at = np.minimum(np.searchsorted(self.days, days), len(self.days) - 1)
        return np.where(self.days[at] == days, at, -1)

    def regular(self, instants: Ints) -> Bools:
        """Which instants lie in [open, close) of their day."""
        at = self.session_index(instants)
        return (at >= 0) & (instants >= self.opens[at]) & (instants < self.closes[at])

    def extended(self, instants: Ints) -> Bools:
        """Which instants lie in 04:00-20:00 (17:00 on early closes) of a trading day."""
        at = self.session_index(instants)
        starts, ends = self.opens[at] - PRE_MARKET_US, self.closes[at] + POST_MARKET_US
        return (at >= 0) & (instants >= starts) & (instants < ends)

    def final_before(self, now: int) -> int:
        """Bars that start before this instant are final at `now`: the vendor corrects them no more.

        A day is final from 11:00 New York of the next trading day on.
        """
        today = date_of(now)
        wall = int(to_local(np.array([now]))[0]) % DAY_US
        settled = self.session(today) is not None and wall >= FINAL_AT_US
        reader = self.session_after(today - timedelta(days=1)) if settled else None
        reader = reader or self.session_before(today)
        if reader is None:
            return 0
        return midnight(reader.day)

    def _session(self, at: int) -> Session:
        span = Span(int(self.opens[at]), int(self.closes[at]))
        return Session(number_day(int(self.days[at])), span)


def closures(first: date, last: date) -> dict[date, str]:
    """The names of the exchange's holidays and early closes from first to last, both included."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import exchange_calendars

        calendar = exchange_calendars.get_calendar("XNYS")
        rules = [calendar.regular_holidays, *(rule for _, rule in calendar.special_closes)]
        found: dict[date, str] = {}
        for rule in rules:
            named = rule.holidays(f"{first}", f"{last}", return_name=True)
            found |= {stamp.date(): str(name) for stamp, name in named.items()}
    return found


@lru_cache(maxsize=1)
def xnys() -> Market:
    """The New York Stock Exchange, 1990 to 2040. Takes a quarter of a second on first use."""
    with warnings.catch_warnings():
        # exchange_calendars 4.13 uses what pandas 3 deprecates; not the caller's business.
        warnings.simplefilter("ignore")
        import exchange_calendars

        calendar = exchange_calendars.get_calendar(
            "XNYS", start=FIRST_DAY.isoformat(), end=LAST_DAY.isoformat()
        )
        schedule = calendar.schedule
        days = schedule.index.to_numpy("datetime64[D]").astype(np.int64)
        opens, closes = (
            schedule[name].dt.tz_convert(None).to_numpy("datetime64[us]").astype(np.int64)
            for name in ("open", "close")
        )
    return Market("XNYS", days, opens, closes)
