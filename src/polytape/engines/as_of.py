"""What was complete at an instant: the bars that an engine may use, and the queries for them."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cached_property
from typing import get_args

from polytape.engines.flow import EngineFlow
from polytape.engines.options import MINUTES_BACK_DAYS, Period
from polytape.engines.validation import as_bars, is_number, require
from polytape.errors import one_of
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.resample import bar_ends, resample
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe

DAYS_BACK_DAYS = 400
MAX_DAYS_BACK = 3_660


class AsOfBars:
    """The bars that were complete at an instant (microseconds UTC), each longer bar made once."""

    def __init__(self, minutes: Bars, days: Bars, as_of: int, market: Market) -> None:
        self.minutes = complete(minutes, Timeframe.MIN_1, as_of, market)
        self.days = complete(days, Timeframe.DAY, as_of, market)
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

    @property
    def price(self) -> float | None:
        """The close of the last minute, in dollars; None without one."""
        return float(self.minutes.close[-1]) if len(self.minutes) else None

    def last(self, period: Period) -> Bars:
        """The daily bars of the last completed day, week or month."""
        completed = last_period(self.days, period, self.as_of, self.market)
        return Bars.empty() if completed is None else completed[0]


def bars_as_of(symbol: str, as_of: int, market: Market) -> EngineFlow[AsOfBars]:
    """30 days of minutes and 400 days of daily bars before an instant in microseconds UTC."""
    minutes, days = yield minutes_query(symbol, as_of, market), days_query(symbol, as_of, market)
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
    symbol: str, as_of: int, market: Market, days: int = MINUTES_BACK_DAYS
) -> BarsQuery:
    """The minutes of so many calendar days before the day of an instant in microseconds UTC, and of
    that day up to the instant.

    Raises: ValidationError.
    """
    return BarsQuery(symbol, Timeframe.MIN_1, days_back(as_of, market, days))


def days_query(symbol: str, as_of: int, market: Market, days: int = DAYS_BACK_DAYS) -> BarsQuery:
    """The daily bars of the days before that of an instant in microseconds UTC."""
    day = market.date_of(as_of)
    first = market.midnight(day - timedelta(days=days))
    return BarsQuery(symbol, Timeframe.DAY, Span(first, market.midnight(day)))


def days_back(as_of: int, market: Market, days: int) -> Span:
    """The last so many calendar days before an instant in microseconds UTC.

    Raises: ValidationError.
    """
    sound = is_number(days, whole=True) and 1 <= days <= MAX_DAYS_BACK
    require("days_back", days, sound, f"1 to {MAX_DAYS_BACK} days")
    return Span(market.midnight(market.date_of(as_of) - timedelta(days=int(days))), as_of)


def parse_windows(windows: object) -> tuple[int, ...]:
    """Sizes in days, each once, the shortest first.

    Raises: ValidationError.
    """
    several = list(windows) if isinstance(windows, Iterable) else []
    sound = all(is_number(days, whole=True) and 1 <= days <= MAX_DAYS_BACK for days in several)
    shown = list(windows) if isinstance(windows, tuple) else windows
    allowed = f"numbers of days, 1 to {MAX_DAYS_BACK}"
    require("windows", shown, bool(several) and sound, allowed)
    return tuple(sorted(set(several)))


def last_period(
    days: object, period: Period, as_of: int, market: Market
) -> tuple[Bars, Span] | None:
    """The daily bars of the last completed day, week or month before `as_of` (microseconds UTC),
    and its span; None where there is no bar of one.

    The day of `as_of` itself is never complete. A week or month is once it has no session left.

    Raises: ValidationError for another period, or for bad bars.
    """
    require("period", period, period in get_args(Period), one_of(get_args(Period)))
    midnight = market.midnight(market.date_of(as_of))
    before = as_bars(days).within(Span(0, max(0, midnight)))
    while len(before):
        span = _period_of(market.date_of(int(before.timestamp[-1])), period, market)
        sessions_left = market.sessions(Span(midnight, max(midnight, span.end)))
        if next(sessions_left, None) is None:
            return before.within(span), span
        before = before.within(Span(0, max(0, span.start)))
    return None


def _period_of(day: date, period: Period, market: Market) -> Span:
    """The day, the week from Sunday on, or the month that holds a day."""
    if period == "day":
        first, after = day, day + timedelta(days=1)
    elif period == "week":
        first = day - timedelta(days=(day.weekday() + 1) % 7)
        after = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        after = (first + timedelta(days=31)).replace(day=1)
    return Span(market.midnight(first), market.midnight(after))


def stale(days: Bars, as_of: int, market: Market) -> tuple[str, ...]:
    """A note where the last daily bar is not of the last session before an instant in microseconds
    UTC.
    """
    before = market.session_before(market.date_of(as_of))
    if not len(days):
        return ("no daily bar before it",)
    last = market.date_of(int(days.timestamp[-1]))
    if before is None or last >= before.day:
        return ()
    return (f"the last daily bar is of {last}, the last session was on {before.day}",)


def few(count: int, needed: int) -> tuple[str, ...]:
    """A note where there are too few bars."""
    return () if count >= needed else (f"{count} bars, {needed} are needed",)
