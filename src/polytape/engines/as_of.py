"""What was complete at an instant: the bars that an engine may use, and the queries for them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from polytape.engines import options, periods
from polytape.engines.flow import EngineFlow
from polytape.engines.holes import no_bar_of
from polytape.engines.validation import is_number, require
from polytape.model.bars import Bars
from polytape.model.counts import counted
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.resample import bar_ends, resample
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.model.units import DAY_US

DAYS_BACK_DAYS = 400
# The least that an ATR of 14 daily bars is made of; the others make it steadier.
NEEDED_SESSIONS = 15
MAX_DAYS_BACK = 3_660
# The least step of bars that are longer than a day: a week with the clock set forward, and less.
LONG_STEP_US = 6 * DAY_US


class AsOfBars:
    """The bars that were complete at an instant (microseconds UTC), each longer bar made once.

    There is no clock here: that the instant is not in the future is the caller's to check. Bars
    that were running when they were fetched would count as complete at a later instant.
    """

    def __init__(self, minutes: Bars, days: Bars, as_of: int, market: Market) -> None:
        self.minutes = complete(minutes, Timeframe.MIN_1, as_of, market)
        self.days = complete(periods.on_dates(days, market), Timeframe.DAY, as_of, market)
        self.as_of = as_of
        self.market = market

    @cached_property
    def fives(self) -> Bars:
        """5-minute bars."""
        return bars_at(self.minutes, Timeframe.MIN_5, self.as_of, self.market)

    @cached_property
    def quarters(self) -> Bars:
        """15-minute bars."""
        return bars_at(self.minutes, Timeframe.MIN_15, self.as_of, self.market)

    @cached_property
    def shown_quarters(self) -> Bars:
        """15-minute bars of the last 30 days."""
        return self.quarters.within(days_back(self.as_of, self.market, options.MINUTES_BACK_DAYS))

    @property
    def price(self) -> float | None:
        """The close of the last minute, in dollars; None without one."""
        return float(self.minutes.close[-1]) if len(self.minutes) else None

    def last(self, period: options.Period) -> periods.CompletedPeriod | None:
        """The last completed day, week or month; None where the daily bars begin after it."""
        return periods.last_period(self.days, period, self.as_of, self.market)

    def period(
        self, period: options.Period, pivots_of: options.PivotsOf
    ) -> periods.CompletedPeriod | None:
        """The period that pivots are made of: the last one, or the week or month that runs."""
        if pivots_of == "completed":
            return self.last(period)
        return periods.running_period(self.days, self.minutes, period, self.as_of, self.market)


def bars_as_of(
    symbol: str, as_of: int, market: Market, *, warm_up_days: int = 0
) -> EngineFlow[AsOfBars]:
    """30 days of minutes and 400 days of daily bars before an instant in microseconds UTC, of which
    the last 15 sessions are needed at least. Minutes of `warm_up_days` before that are liked.
    """
    needed = minutes_query(symbol, as_of, market)
    liked = minutes_query(symbol, as_of, market, options.MINUTES_BACK_DAYS + warm_up_days)
    if warm_up_days:
        liked = replace(liked, needed_from=market.date_of(needed.span.start))
    minutes, days = yield liked, days_query(symbol, as_of, market)
    return AsOfBars(minutes, days, as_of, market)


def pivot_bars(
    symbol: str, as_of: int, market: Market, pivots_of: options.PivotsOf
) -> EngineFlow[AsOfBars]:
    """Daily bars before an instant in microseconds UTC; where running periods are wanted, the
    minutes of its day as well.
    """
    if pivots_of == "completed":
        (days,) = yield (days_query(symbol, as_of, market),)
        return AsOfBars(Bars.empty(), days, as_of, market)
    today = Span(market.day_start(market.date_of(as_of)), as_of)
    query = BarsQuery(symbol, Timeframe.MIN_1, today)
    minutes, days = yield query, days_query(symbol, as_of, market)
    return AsOfBars(minutes, days, as_of, market)


def complete(bars: Bars, timeframe: Timeframe, as_of: int, market: Market) -> Bars:
    """The bars that end at or before an instant in microseconds UTC."""
    return bars.take(bar_ends(bars.timestamp, timeframe, market) <= as_of)


def bars_at(
    minutes: Bars,
    timeframe: Timeframe,
    as_of: int,
    market: Market,
    *,
    include_extended: bool = True,
) -> Bars:
    """Longer bars that were complete at an instant in microseconds UTC."""
    bars = resample(minutes, timeframe, market=market, include_extended=include_extended)
    return complete(bars, timeframe, as_of, market)


def minutes_query(
    symbol: str, as_of: int, market: Market, days: int = options.MINUTES_BACK_DAYS
) -> BarsQuery:
    """The minutes of so many calendar days before the day of an instant in microseconds UTC, and of
    that day up to the instant.

    Raises: ValidationError.
    """
    return BarsQuery(symbol, Timeframe.MIN_1, days_back(as_of, market, days))


def days_query(symbol: str, as_of: int, market: Market, days: int = DAYS_BACK_DAYS) -> BarsQuery:
    """The daily bars of the days before that of an instant in microseconds UTC; the last 15
    sessions of them are needed at least.
    """
    day = market.date_of(as_of)
    first = market.day_start(day - timedelta(days=days))
    needed = sessions_back(as_of, market, NEEDED_SESSIONS)
    span = Span(first, market.day_start(day))
    return BarsQuery(symbol, Timeframe.DAY, span, needed_from=needed)


def sessions_back(as_of: int, market: Market, sessions: int) -> date:
    """The day of so many sessions before the day of an instant in microseconds UTC."""
    day = market.date_of(as_of)
    for _ in range(sessions):
        before = market.session_before(day)
        day = day if before is None else before.day
    return day


def days_back(as_of: int, market: Market, days: int) -> Span:
    """The last so many calendar days before an instant in microseconds UTC.

    Raises: ValidationError.
    """
    sound = is_number(days, whole=True) and 1 <= days <= MAX_DAYS_BACK
    require("days_back", days, sound, f"1 to {MAX_DAYS_BACK} days")
    return Span(market.day_start(market.date_of(as_of) - timedelta(days=int(days))), as_of)


def parse_windows(windows: object) -> tuple[int, ...]:
    """Sizes in days, each once, the shortest first; a number alone is one of them.

    Raises: ValidationError.
    """
    several: list[Any] = list(windows) if isinstance(windows, Iterable) else [windows]
    sound = all(is_number(days, whole=True) and 1 <= days <= MAX_DAYS_BACK for days in several)
    shown = list(windows) if isinstance(windows, tuple) else windows
    allowed = f"numbers of days, 1 to {MAX_DAYS_BACK}"
    require("windows", shown, bool(several) and sound, f"{allowed}, such as 30 or (10, 30)")
    return tuple(sorted(set(several)))


def missing_days(bars: Bars, market: Market) -> tuple[date, ...]:
    """The trading days between the first and the last bar that have none. Bars longer than a day
    are not looked at.
    """
    if len(bars) < 2 or np.diff(bars.timestamp).min() >= LONG_STEP_US:  # noqa: PLR2004 - a step
        return ()
    starts = periods.on_dates(bars, market).timestamp
    return market.days_without(starts, Span(int(starts[0]), int(starts[-1]) + 1))


def hole_notes(bars: Bars, market: Market, effect: str) -> tuple[str, ...]:
    """Which sessions between the first and the last bar have none, and what that does."""
    days = missing_days(bars, market)
    return (f"{no_bar_of(days)}: {effect}",) if days else ()


def stale(bars: Bars, as_of: int, market: Market, name: str = "daily") -> tuple[str, ...]:
    """A note where the last bar is of no session from the last one before the day of an instant
    (microseconds UTC) on.
    """
    before = market.session_before(market.date_of(as_of))
    if not len(bars):
        return (f"no {name} bar before it",)
    last = market.date_of(int(bars.timestamp[-1]))
    if before is None or last >= before.day:
        return ()
    return (f"the last {name} bar is of {last}, the last session was on {before.day}",)


def few(count: int, needed: int) -> tuple[str, ...]:
    """A note where there are too few bars."""
    return () if count >= needed else (f"{counted(count, 'bar')}, {needed} are needed",)
