"""Why an answer has no bars, as far as the calendar and the time tell."""

from datetime import date
from itertools import islice

from polytape.model.market import Market
from polytape.model.resample import LONGEST_ON_GRID_MINUTES, bar_start
from polytape.model.spans import Span
from polytape.model.timeframes import parse_timeframe
from polytape.model.timestamps import day_number, number_day

SHOWN_DAYS = 3
# How a note begins that says so.
NO_BARS = "no bars: "


def empty_note(span: Span, timeframe: str, market: Market, now: int) -> str:
    """What is said beside an answer without bars; `now` in microseconds UTC."""
    return f"{NO_BARS}{reason(span, timeframe, market, now)}"


def reason(span: Span, timeframe: str, market: Market, now: int) -> str:
    """Why there is no bar in a span; `now` in microseconds UTC."""
    if span.start == span.end:
        at = f"{market.local(span.start):%Y-%m-%d %H:%M} New York"
        return f"the span is empty: it begins and ends at {at}, and its end does not belong to it"
    if span.start > now:
        day = market.date_of(span.start)
        runs = day == market.date_of(now)
        moment = f"{market.local(span.start):%Y-%m-%d %H:%M} New York" if runs else f"{day}"
        return f"{moment} is in the future"
    begin = number_day(int(market.days[0]))
    if market.date_of(span.end - 1) < begin:
        return f"{market.date_of(span.start)} is before the calendar begins, {begin}"
    first = next(market.sessions(span), None)
    if first is None:
        return _closed(span, market)
    if first.extended.start > now:
        begins = market.local(first.extended.start)
        return f"the session of {first.day} begins at {begins:%H:%M} New York"
    return _begins_before(span, timeframe, market) or _nothing_traded(
        span, first.day, timeframe, market
    )


def _nothing_traded(span: Span, first: date, timeframe: str, market: Market) -> str:
    """Of a span with sessions, the first of which is that of `first`."""
    several = next(islice(market.sessions(span), 1, None), None) is not None
    days = f"{first} and later sessions" if several else f"the session of {first}"
    return f"nothing was traded in {days}, or the source's {timeframe} bars do not reach back there"


def _begins_before(span: Span, timeframe: str, market: Market) -> str | None:
    """That no bar begins in a span, where its end lies in one that begins before it; else None."""
    frame = parse_timeframe(timeframe)
    # Longer ones may begin at the opening bell instead.
    if (frame.minutes or 0) > LONGEST_ON_GRID_MINUTES:
        return None
    start = bar_start(span.end - 1, frame, market)
    if start >= span.start:
        return None
    begins = f"{market.local(start):%Y-%m-%d %H:%M} New York"
    return f"no {timeframe} bar begins in that span: the one around it begins at {begins}"


def _closed(span: Span, market: Market) -> str:
    """`2024-07-06 is a weekend`; of many days the first few."""
    first, last = market.date_of(span.start), market.date_of(span.end - 1)
    numbers = range(day_number(first), day_number(last) + 1)
    days = [number_day(number) for number in numbers[:SHOWN_DAYS]]
    texts = [f"{day} is {with_article(market.why_closed(day))}" for day in days]
    more = len(numbers) - len(days)
    return ", ".join(texts) + (f", and {more:,} more days without a session" if more > 0 else "")


def with_article(cause: str | None) -> str:
    """`a weekend`, `an exchange holiday`; a trading day where nothing closed it."""
    if cause is None:
        return "a trading day"
    return f"an {cause}" if cause[0] in "aeiou" else f"a {cause}"
