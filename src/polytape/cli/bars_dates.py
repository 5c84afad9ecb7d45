"""First and last day of `polytape bars`, as they go to a gateway."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from polytape.errors import ValidationError
from polytape.model.date_texts import read_date_text
from polytape.model.zones import NEW_YORK

DEFAULT_DAYS_BACK = 30


def first_and_last(
    start: str | None, end: str | None, today: Callable[[], date], period: str | None = None
) -> tuple[str, str]:
    """By default the last 30 days; from a `period` before the end, where there is one. `today` is
    the gateway's; words go there as they are.

    Raises: ValidationError for what is no period, or one beside a start, and for a start without
    an end on a day that has not begun.
    """
    if period is not None:
        return _of_period(period, start, end, today)
    if start is not None:
        return start, end or f"{_after(start, today())}"
    from polytape.model.date_words import is_word

    last = today() if end is None or is_word(end) else _day_of(end)
    return f"{last - timedelta(days=DEFAULT_DAYS_BACK)}", end or f"{last}"


def _after(start: str, today: date) -> date:
    """The day that runs, with which bars from `start` on end.

    Raises: ValidationError for a later start.
    """
    try:
        read = read_date_text(start.strip())
    except ValueError:  # the gateway says what is allowed
        return today
    day = read.astimezone(NEW_YORK).date() if isinstance(read, datetime) else read
    if start.strip().lower() == "tomorrow" or (day is not None and day > today):
        allowed = f"a day up to today, {today}, where no end is named: nothing later is known"
        raise ValidationError("start", start, allowed)
    return today


def _of_period(
    period: str, start: str | None, end: str | None, today: Callable[[], date]
) -> tuple[str, str]:
    """A length before today goes to the gateway as it is; before another end it is counted here."""
    from polytape.cli.clock import this_market
    from polytape.model.date_words import begin_of, read_dates

    if start is not None:
        raise ValidationError("period", period, "nothing beside --start: one of them begins")
    market, day = this_market(), today()
    now = market.day_span(day).end - 1
    _, last = read_dates(None, end or f"{day}", now, market, ("start", "end"))
    begin = begin_of(period, last, now, market)
    return (period, f"{day}") if end in (None, f"{day}", "today") else (f"{begin}", str(last))


def _day_of(end: str) -> date:
    """The day that an end lies in."""
    from polytape.cli.clock import this_market
    from polytape.model.date_words import naming_words
    from polytape.model.instants import parse_span

    market, names = this_market(), ("start", "end")
    with naming_words(names):
        return market.date_of(parse_span("1970-01-01", end, market, names).end - 1)
