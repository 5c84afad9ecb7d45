"""Why an answer has no bars, as far as the calendar and the time tell."""

from itertools import islice

from polytape.model.market import Market
from polytape.model.spans import Span
from polytape.model.timestamps import day_number, number_day

SHOWN_DAYS = 3


def empty_note(span: Span, timeframe: str, market: Market, now: int) -> str:
    """What is said beside an answer without bars; `now` in microseconds UTC."""
    return f"no bars: {reason(span, timeframe, market, now)}"


def reason(span: Span, timeframe: str, market: Market, now: int) -> str:
    """Why there is no bar in a span; `now` in microseconds UTC."""
    if span.start > now:
        day = market.date_of(span.start)
        runs = day == market.date_of(now)
        moment = f"{market.local(span.start):%Y-%m-%d %H:%M} New York" if runs else f"{day}"
        return f"{moment} is in the future"
    begin = number_day(int(market.days[0]))
    if market.date_of(max(span.start, span.end - 1)) < begin:
        return f"{market.date_of(span.start)} is before the calendar begins, {begin}"
    first = next(market.sessions(span), None)
    if first is None:
        return _closed(span, market)
    if first.extended.start > now:
        begins = market.local(first.extended.start)
        return f"the session of {first.day} begins at {begins:%H:%M} New York"
    several = next(islice(market.sessions(span), 1, None), None) is not None
    days = f"{first.day} and later sessions" if several else f"the session of {first.day}"
    return f"nothing was traded in {days}, or the source's {timeframe} bars do not reach back there"


def _closed(span: Span, market: Market) -> str:
    """`2024-07-06 is a weekend`; of many days the first few."""
    first, last = market.date_of(span.start), market.date_of(max(span.start, span.end - 1))
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
