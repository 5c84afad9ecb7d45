"""The market: its zone, its trading days, their regular, pre- and post-market and overnight hours.

Another market is another `Market`. Sessions are plain arrays, made from the weekdays and a small
table of holidays and early closes that ships with the package; the library that the table was made
from (exchange_calendars, half a second to import) supplies the years past its last one.
"""

import csv
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, time
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np

from polytape.errors import ValidationError
from polytape.model.arrays import Bools, Ints
from polytape.model.hours import DAY_HOURS, HoursRule, long_day
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
    """One trading day. `regular` is [open, close), `extended` adds the night before it where that
    trades, pre- and post-market; `overnight` is that night, empty where it does not. All in
    microseconds UTC.
    """

    day: date
    regular: Span
    extended: Span
    overnight: Span

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


@dataclass(frozen=True, eq=False, repr=False)
class Market(WallClock):
    """Sessions as sorted arrays: `days` since 1970, `opens` and `closes` in microseconds UTC.

    Days outside the arrays are no trading days. `opening_bell_us` is microseconds from midnight on.
    `hours` are the rules of the other hours by date; the first holds for all of the past. A day
    is a trade date: which hours belong to it, its rule says. Its bar is stamped at `midnight`.
    """

    name: str
    days: Ints
    opens: Ints
    closes: Ints
    opening_bell_us: int = 9 * HOUR_US + 30 * MINUTE_US
    hours: tuple[HoursRule, ...] = (DAY_HOURS,)

    def __post_init__(self) -> None:
        firsts = [day_number(rule.first) for rule in self.hours]
        if firsts != sorted(set(firsts)) or not firsts:
            raise ValidationError("hours", self.hours, "rules in the order of their first dates")

    def __repr__(self) -> str:
        span = (
            f"{number_day(self.days[0])} to {number_day(self.days[-1])}, " if len(self.days) else ""
        )
        return f"{type(self).__name__}({self.name}, {span}{len(self.days):,} sessions)"

    @property
    def pre_market_us(self) -> int:
        """How long the pre-market goes before the open in the first of the rules, microseconds."""
        return self.hours[0].pre_market_us

    def day_starts(self, days: Ints) -> Ints:
        """Where trade dates (days since 1970) begin, microseconds UTC: at midnight, or the evening
        before.
        """
        return self.to_utc(
            days * DAY_US + self._by_rule([r.day_begins_us for r in self.hours], days)
        )

    def days_of(self, instants: Ints) -> Ints:
        """The trade date of each instant (microseconds UTC), in days since 1970. One outside all
        hours has one, too.
        """
        local = self.to_local(instants)
        days = np.floor_divide(local, DAY_US)
        begins = [rule.day_begins_us for rule in self.hours]
        if not any(begins):
            return days
        next_begins = (days + 1) * DAY_US + self._by_rule(begins, days + 1)
        return np.where(local >= next_begins, days + 1, days)

    def session(self, day: date) -> Session | None:
        """The session of a day of the market's zone; None when the exchange is closed."""
        at = int(np.searchsorted(self.days, day_number(day)))
        if at < len(self.days) and self.days[at] == day_number(day):
            return self._session(at)
        return None

    def sessions(self, span: Span) -> Iterator[Session]:
        """The sessions whose day overlaps `span`, in order."""
        yield from map(self._session, self._indices(span))

    def days_without(self, instants: Ints, span: Span) -> tuple[date, ...]:
        """The trading days of `span` on which none of some instants (microseconds UTC) falls."""
        indices, places = self._indices(span), self.session_index(instants)
        first, after = indices.start, indices.stop
        falls = np.zeros(len(indices), np.bool_)
        falls[places[(places >= first) & (places < after)] - first] = True
        return tuple(map(number_day, self.days[first:after][~falls].tolist()))

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
        return "weekend" if day.weekday() >= SATURDAY else "exchange holiday"

    def session_index(self, instants: Ints) -> Ints:
        """For each instant (microseconds UTC) the index of its day's session; -1: there is none."""
        first, places = _places_by_day(self)
        # The ends of the table are days without a session.
        return places[np.clip(self.days_of(instants) - first, 0, len(places) - 1)]

    def regular(self, instants: Ints) -> Bools:
        """Which instants (microseconds UTC) lie in [open, close) of their day."""
        at = self.session_index(instants)
        return (at >= 0) & (instants >= self.opens[at]) & (instants < self.closes[at])

    def bells_among(self, instants: Ints) -> Ints:
        """Where among instants in order (microseconds UTC) regular hours begin and end: the places
        of the first one from each opening and from each closing bell on.
        """
        if not len(instants):
            return np.array([], np.int64)
        first, last = np.searchsorted(self.closes, instants[[0, -1]], side="right")
        bells = np.concatenate([self.opens[first : last + 1], self.closes[first : last + 1]])
        places = np.searchsorted(instants, bells)
        return places[places < len(instants)]

    def extended(self, instants: Ints) -> Bools:
        """Which instants (microseconds UTC) lie in a trading day's extended hours: for New York
        04:00-20:00, or 04:00-17:00 on an early close; the night before too, where that trades.
        """
        at = self.session_index(instants)
        starts, _, ends = self._extents(at)
        return (at >= 0) & (instants >= starts) & (instants < ends)

    def final_before(self, now: int) -> int:
        """Bars that start before this instant are final at `now`: the vendor corrects them no more.
        Both in microseconds UTC.

        A day is final from 11:00 New York of the next trading day on.
        """
        eleven, before, after = _final_edges(self, self._day_of(now))
        return after if now >= eleven else before

    def overnights(self, at: Ints) -> tuple[Ints, Ints]:
        """Where the nights of sessions (places in `days`) begin and end, microseconds UTC: the same
        instant where none trades.
        """
        starts, pre_market, _ = self._extents(at)
        return starts, pre_market

    def _day_of(self, instant: int) -> int:
        local = self._wall_of(instant)
        day = local // DAY_US
        return day + (local >= (day + 1) * DAY_US + self._rule_of(day + 1).day_begins_us)

    def _start_of(self, day: int) -> int:
        return self._instant_of(day * DAY_US + self._rule_of(day).day_begins_us)

    def _rule_of(self, day: int) -> HoursRule:
        """The rule that holds on a day since 1970."""
        if len(self.hours) == 1:
            return self.hours[0]
        return self.hours[max(0, bisect_right(_firsts(self), day) - 1)]

    def _indices(self, span: Span) -> range:
        """The sessions whose day overlaps `span`."""
        if not span:
            return range(0)
        first, last = self._day_of(span.start), self._day_of(span.end - 1)
        left, right = np.searchsorted(self.days, [first, last + 1]).tolist()
        return range(left, right)

    def _session(self, at: int) -> Session:
        return _session_of(self, at)

    def _make_session(self, at: int) -> Session:
        opens, closes = int(self.opens[at]), int(self.closes[at])
        first, pre_market, last = (int(edges[0]) for edges in self._extents(np.array([at])))
        return Session(
            number_day(int(self.days[at])),
            Span(opens, closes),
            Span(first, last),
            Span(first, pre_market),
        )

    def _extents(self, at: Ints) -> tuple[Ints, Ints, Ints]:
        """Where the trading, the pre-market and the post-market's end of sessions are, microseconds
        UTC.
        """
        days, hours = self.days[at], self.hours
        pre_market = self.opens[at] - self._by_rule([rule.pre_market_us for rule in hours], days)
        ends = self.closes[at] + self._by_rule([rule.post_market_us for rule in hours], days)
        if not any(rule.overnight_us is not None for rule in hours):
            return pre_market, pre_market, ends
        nights = self._by_rule([rule.overnight_us or 0 for rule in hours], days)
        trades = self._by_rule([int(rule.overnight_us is not None) for rule in hours], days) > 0
        starts = np.where(trades, self.to_utc(days * DAY_US + nights), pre_market)
        return starts, pre_market, ends

    def _by_rule(self, values: list[int], days: Ints) -> Ints:
        """For each of some days since 1970 the value of the rule that holds on it."""
        if len(values) == 1:
            return np.full(len(days), values[0], np.int64)
        firsts = _firsts(self)[1:]
        return np.array(values, np.int64)[np.searchsorted(firsts, days, side="right")]


@lru_cache(maxsize=64)
def _firsts(market: Market) -> list[int]:
    """From which day since 1970 each of a market's rules of hours holds."""
    return [day_number(rule.first) for rule in market.hours]


@lru_cache(maxsize=16_384)
def _session_of(market: Market, at: int) -> Session:
    """A session by its place: every engine asks for the same few again and again."""
    return market._make_session(at)  # noqa: SLF001 - its own kind


@lru_cache(maxsize=64)
def _places_by_day(market: Market) -> tuple[int, Ints]:
    """A day since 1970, and from it on for each day the place of its session; -1 where there is
    none, as on the first and on the last day of it.
    """
    first, last = int(market.days[0]) - 1, int(market.days[-1]) + 1
    places = np.full(last - first + 1, -1, np.int64)
    places[market.days - first] = np.arange(len(market.days))
    return first, places


@lru_cache(maxsize=64)
def _final_edges(market: Market, day: int) -> tuple[int, int, int]:
    """11:00 of a day since 1970, and what is final before that and from then on, microseconds UTC.
    Every answer asks for it, and it changes twice a day.
    """
    today = number_day(day)
    earlier, own = market.session_before(today), market.session(today)
    before = 0 if earlier is None else market.day_start(earlier.day)
    after = before if own is None else market.day_start(own.day)
    return market.midnight(today) + FINAL_AT_US, before, after


@dataclass(frozen=True, slots=True)
class Closure:
    """A weekday on which the exchange is closed, or closes early; `name` is the calendar's, where
    it has one.
    """

    day: date
    close: time | None
    name: str


def xnys(through: date = LAST_DAY, long_day_from: date | None = None) -> Market:
    """The New York Stock Exchange from 1990 to 2050, or to the end of the year of `through` where
    that is later; needs exchange_calendars then. `long_day_from`: the first trade date of 23 hours.
    """
    return _xnys(max(through, LAST_DAY), long_day_from)


@cache
def _xnys(through: date, long_day_from: date | None) -> Market:
    """One market for equal arguments, however they were given."""
    if long_day_from is not None:
        return replace(_xnys(through, None), hours=(DAY_HOURS, long_day(long_day_from)))
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
