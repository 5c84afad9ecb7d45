"""Words where dates go, as they are by a clock. Light: what reads them is loaded for words only."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from typing import TypeAlias

import click

from polytape.errors import ConnectionError, ValidationError

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


def option_of(param: click.Parameter | None) -> str:
    """What errors and notes call a parameter of a command."""
    if isinstance(param, click.Argument):
        return param.human_readable_name
    return "time" if param is None else param.opts[0]


def wall_clock(_: click.Context | None) -> int:
    """This machine's time, which is that of every gateway with a store."""
    from polytape.cli.clock import now_us

    return now_us()


def read_word(
    text: str, param: click.Parameter | None, now: Callable[[], int]
) -> tuple[date | datetime | None, bool]:
    """The date or instant of a word, None where it is none; and whether it is the day that runs.

    Raises: ValidationError for a length that is an end.
    """
    from polytape.cli.clock import this_market
    from polytape.model.date_words import is_word, read_dates

    if not is_word(text):
        return None, False
    at, market = now(), this_market()
    option = option_of(param)
    if param is not None and param.name in ENDS:
        _, read = read_dates(None, text, at, market, (option, option))
    else:
        read, _ = read_dates(text, None, at, market, (option, option))
    assert isinstance(read, date)  # datetime is one
    return read, read == market.date_of(at)


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
