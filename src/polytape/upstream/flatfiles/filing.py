"""Which flat files hold the minutes of a trade date. Pure.

The vendor files a day of New York's calendar under its name. Where a trade date begins the evening
before, it is not established whether that evening is filed by the calendar or by trade date: so
both files are read, and a minute belongs to the trade date of its own stamp. No bar is lost either
way; of a minute in both files, that of the trade date's own counts. The date of a daily bar is the
name of its file.
"""

from datetime import date, timedelta

from polytape.model.arrays import Ints
from polytape.model.market import Market
from polytape.model.spans import Span


def files_of_day(day: date, market: Market) -> tuple[date, ...]:
    """The names of the files that may hold minutes of a trade date, its own the last."""
    begins = market.calendar_date(market.day_start(day))
    return (day,) if begins == day else (begins, day)


def days_of_file(name: date, market: Market) -> tuple[date, ...]:
    """The trade dates whose minutes a file may hold, in order."""
    following = name + timedelta(days=1)
    return (name, following) if name in files_of_day(following, market) else (name,)


def span_of_file(name: date, market: Market) -> Span:
    """Where the minutes of a file may start: by its name's trade date, or on its calendar date."""
    return Span(market.day_start(name), market.midnight(name + timedelta(days=1)))


def span_known_from(name: date, stamps: Ints, market: Market) -> Span:
    """The part of `span_of_file` that a file speaks for, by the starts (microseconds UTC) of all of
    its minutes. Of an evening in which it has none, another file may have the minutes.
    """
    whole, own = span_of_file(name, market), market.day_span(name)
    before, after = evening_before(name, market), Span(own.end, whole.end)

    def has(part: Span) -> bool:
        return bool(((stamps >= part.start) & (stamps < part.end)).any())

    return Span(
        before.start if has(before) else before.end, after.end if has(after) else after.start
    )


def evening_before(day: date, market: Market) -> Span:
    """The part of a trade date before its own midnight; empty where it begins there."""
    return Span(market.day_start(day), market.midnight(day))
