"""Words where dates go, as they are by a clock. Light: what reads them is loaded for words only."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from typing import TypeAlias

import click

from polytape.errors import ConnectionError, ValidationError
from polytape.settings import long_day_from

# Microseconds UTC, by the context of a command.
Clock: TypeAlias = Callable[[click.Context | None], int]
# An end is a day or an instant: a length is counted back from it.
ENDS = ("end", "last")


def gateway_clock(ctx: click.Context | None) -> int:
    """The time of the gateway that a command asks; this machine's where it reads a store, or where
    none answers. --url and --store are eager options: they are known before others are read.

    Raises: DataFetchError.
    """
    from polytape.cli.gateway import connect
    from polytape.cli.gateway_time import gateway_now

    # What is not given is no string: while others are read it is a mark of click's own.
    given = {} if ctx is None else {k: v for k, v in ctx.params.items() if isinstance(v, str)}
    if "store" not in given:
        with suppress(ConnectionError), connect(given.get("url")) as gateway:
            return gateway_now(gateway)
    return wall_clock(ctx)


def wall_clock(_: click.Context | None) -> int:
    """This machine's time, which is that of every gateway with a store."""
    from polytape.cli.clock import now_us

    return now_us()


def read_word(
    text: str, param: click.Parameter | None, option: str, now: Callable[[], int]
) -> tuple[date | datetime | None, int]:
    """The date or instant of a word, None where it is none; and the time that it was read by,
    microseconds UTC. Errors call the parameter `option`.

    Raises: ValidationError for a length that is an end.
    """
    from polytape.cli.clock import this_market
    from polytape.model.date_words import is_word, read_dates

    if not is_word(text):
        return None, 0
    at, market = now(), this_market()
    if param is not None and param.name in ENDS:
        _, read = read_dates(None, text, at, market, (option, option))
    else:
        read, _ = read_dates(text, None, at, market, (option, option))
    assert isinstance(read, date)  # datetime is one
    return read, at


def day_as_instant(day: date, option: str, now: int) -> str:
    """What a date means where an instant is wanted, and what may be meant; `now` in microseconds
    UTC. The end of a day that is not over, or that has no session, is nothing to advise.
    """
    from polytape.cli.clock import this_market
    from polytape.model.why_empty import with_article

    market, long_from = this_market(), long_day_from()
    today = market.date_of(now)
    hour = "21:00 of the evening before" if long_from and day >= long_from else "00:00"
    begins = f"where that day begins, {hour} New York"
    if day > today:
        return f"{begins}."
    cause = market.why_closed(day)
    known = f"it is {with_article(cause)}" if cause else "nothing of its session is known yet"
    if day == today:
        return f"{begins}: {known}. Without {option} it is now."
    return f"{begins}: {known}." + ("" if cause else f' Its end is {option} "{day} 23:59".')


def check_instant(text: str, option: str) -> None:
    """Raises: ValidationError, which names words and times too, for what is no date or instant."""
    from polytape.model.date_words import SAID_AT_START, TIMES
    from polytape.model.instants import ALLOWED, parse_day_or_instant

    try:
        parse_day_or_instant(text, option)
    except ValidationError as error:
        if error.allowed != ALLOWED:
            raise
        raise ValidationError(option, text, f"{ALLOWED}, or {SAID_AT_START}, {TIMES}") from error
