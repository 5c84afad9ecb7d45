"""Days, weeks and months: the last one that was completed at an instant, or the one that runs."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import get_args

import numpy as np

from polytape.engines.holes import no_bar_of
from polytape.engines.options import Period
from polytape.engines.validation import as_bars, require
from polytape.errors import one_of
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.resample import days_from_minutes
from polytape.model.spans import Span
from polytape.model.units import DAY_US


@dataclass(frozen=True, slots=True)
class CompletedPeriod:
    """A day, week or month with no session left: its daily bars, and the sessions that have none.
    `span` is its calendar days, microseconds UTC. One that is `running` ends where it was read.
    """

    period: Period
    bars: Bars
    span: Span
    missing: tuple[date, ...] = ()
    running: bool = False

    @property
    def hole(self) -> str:
        """Which sessions have no bar; empty where all have one."""
        return no_bar_of(self.missing, "daily bar") if self.missing else ""


def last_period(days: object, period: Period, as_of: int, market: Market) -> CompletedPeriod | None:
    """The last day, week or month that was completed before `as_of` (microseconds UTC), with its
    daily bars and the sessions that have none; None where the bars begin after it.

    Which one that is, the market's calendar says, not the bars. The day of `as_of` itself is never
    complete. A week or month is once it has no session left. There is no clock here: an `as_of`
    in the future would take a day that still runs for complete.

    Raises: ValidationError for another period, or for bad bars.
    """
    require("period", period, period in get_args(Period), one_of(get_args(Period)))
    today = market.date_of(as_of)
    bars, span = on_dates(as_bars(days), market), _last_span(period, today, market)
    if span is None or not len(bars) or bars.timestamp[0] >= span.end:
        return None
    own = bars.within(span)
    return CompletedPeriod(period, own, span, market.days_without(own.timestamp, span))


def running_period(
    days: Bars, minutes: Bars, period: Period, as_of: int, market: Market
) -> CompletedPeriod | None:
    """The week or month of `as_of` (microseconds UTC) as far as it went: its daily bars before that
    day, and the minutes of the day as one bar more; all of them complete then.

    Where it has no bar yet, and for a day, the last completed one: the last row of the older tools'
    weekly and monthly bars.

    Raises: ValidationError for another period, or for bad bars.
    """
    last = last_period(days, period, as_of, market)
    today = market.day_start(market.date_of(as_of))
    span = Span(_period_of(market.date_of(as_of), period, market).start, as_of)
    whole = on_dates(as_bars(days), market).within(Span(span.start, today))
    bars = Bars.concat([whole, days_from_minutes(minutes.within(Span(today, as_of)), market)])
    if period == "day" or not len(bars):
        return last
    missing = (
        market.days_without(whole.timestamp, Span(span.start, today)) if today > span.start else ()
    )
    return CompletedPeriod(period, bars, span, missing, running=True)


def _last_span(period: Period, today: date, market: Market) -> Span | None:
    """The last day, week or month with sessions before today, and none from today on."""
    begins, session = market.day_start(today), market.session_before(today)
    while session is not None:
        span = _period_of(session.day, period, market)
        if next(market.sessions(Span(begins, max(begins, span.end))), None) is None:
            return span
        session = market.session_before(market.date_of(span.start))
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
    return Span(market.day_start(first), market.day_start(after))


def on_dates(days: Bars, market: Market) -> Bars:
    """Daily bars that are all stamped at midnight UTC, as frames of dates are, stamped at the
    market's midnight of the same date; others as they are. Read as instants they would each lie on
    the day before.
    """
    if not len(days) or np.any(days.timestamp % DAY_US):
        return days
    return replace(days, timestamp=market.to_utc(days.timestamp))
