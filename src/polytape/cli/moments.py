"""Instants as people read and write them: in New York time, as the tables show them.

Python and HTTP read a time without a zone as UTC; only the command line reads it as New York's, and
what it sends carries the offset.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import click

from polytape.cli.output import note
from polytape.cli.spelling import option_of
from polytape.cli.word_dates import (
    Clock,
    check_instant,
    day_as_instant,
    gateway_clock,
    read_word,
    wall_clock,
)
from polytape.errors import ValidationError
from polytape.model.date_texts import read_date_text
from polytape.model.day_times import NoSuchTimeError, parse_day_time
from polytape.model.zones import NEW_YORK, ZoneError, on_clock

SHOWN_IN = NEW_YORK
MINUTES, SECONDS = "%a %Y-%m-%d %H:%M", "%a %Y-%m-%d %H:%M:%S"
# Where the context of a command keeps that this was said.
_SAID = "polytape.zone"


def moment_text(text: str, *, seconds: bool = False) -> str:
    """An instant, ISO 8601 (UTC where it names no zone), in New York time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # another server's, in whatever form
        return text
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{aware.astimezone(SHOWN_IN):{SECONDS if seconds else MINUTES}} New York"


def with_moments(facts: Mapping[str, object], *names: str) -> dict[str, object]:
    """Facts whose instants of these names are in New York time, as a table shows them."""
    return {
        name: moment_text(value, seconds=True)
        if name in names and isinstance(value, str)
        else value
        for name, value in facts.items()
    }


class Moment(click.ParamType[str]):
    """A date or an instant as it goes to a gateway: New York's where it names no zone, which is
    said once a command. What is neither is left as it is, and so are words (`today`, `5d`), which
    most routes read; `clock`: these become what they are by it, which is said. A time without a
    date is today's. `begins`: a date is the instant at which it begins, which is said.
    """

    name = "time"

    def __init__(self, clock: Clock | None = None, *, begins: bool = False) -> None:
        self._clock = clock
        self._begins = begins

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text with its offset from UTC.

        Raises: ValidationError for a day, a time or a zone that there is not.
        """
        text, option = value.strip(), option_of(param, ctx)
        try:
            read = read_date_text(text)
            if isinstance(read, datetime):
                return _with_offset(text, read, ctx)
            is_time = read is None and parse_day_time(text) is not None
        except (ZoneError, NoSuchTimeError) as error:
            raise ValidationError(option, value, str(error)) from error
        if read is not None:
            self._say_day(read, option, ctx)
        elif is_time or self._clock is not None:
            return self._of_word(value, param, self._clock or gateway_clock, ctx)
        return value

    def _say_day(self, day: date, option: str, ctx: click.Context | None) -> None:
        """Say where a day begins that stands for an instant."""
        if self._begins and not _is_quiet(ctx):
            now = (self._clock or gateway_clock)(ctx)
            note(f"{option} {day} is {day_as_instant(day, option, now)}")

    def _of_word(
        self, value: str, param: click.Parameter | None, clock: Clock, ctx: click.Context | None
    ) -> str:
        """The date or instant of a word, which is said; what is none as it is.

        Raises: ValidationError for a length that is an end, and for what is no word where only an
        instant will do.
        """
        if ctx is not None and ctx.resilient_parsing:
            return value
        option = option_of(param, ctx)
        read, now = read_word(value, param, option, lambda: clock(ctx))
        if read is None:
            if self._begins:
                check_instant(value, option)
            return value
        if isinstance(read, datetime):
            note(f"{option} {value} is {moment_text(read.isoformat())}.")
            return read.isoformat()
        if self._begins:
            note(f"{option} {value} is {read}, {day_as_instant(read, option, now)}")
        else:
            note(f"{option} {value} is {read}.")
        return f"{read}"


# For routes that read words themselves; for others; for stores; for what is known at one instant.
MOMENT = Moment()
IN_MARKET = Moment(gateway_clock)
STORED = Moment(wall_clock)
AS_OF = Moment(gateway_clock, begins=True)


def _with_offset(text: str, read: datetime, ctx: click.Context | None) -> str:
    if read.tzinfo is None:
        read = on_clock(read, NEW_YORK)
        if not _is_quiet(ctx):
            note(f"{text} is read as New York time.")
            if ctx is not None:
                ctx.meta[_SAID] = True
    # Older gateways, and other servers of this API, may not know zones by name, nor am and pm.
    known = not isinstance(read.tzinfo, ZoneInfo) and "m" not in text.lower()
    return text if known else read.isoformat()


def _is_quiet(ctx: click.Context | None) -> bool:
    """Whether it was said before, or somebody only types and the shell completes."""
    return ctx is not None and (ctx.resilient_parsing or _SAID in ctx.meta)
