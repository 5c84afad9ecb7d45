"""`polytape clock`: a gateway's time, and turning it."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from polytape.cli.answers import JsonObject
from polytape.cli.gateway import connect
from polytape.cli.moments import MOMENT
from polytape.cli.options import format_option, url_option
from polytape.cli.output import print_facts
from polytape.errors import DataFetchError
from polytape.model.date_texts import read_date_text
from polytape.model.day_times import parse_day_time

SHOWN_IN = ZoneInfo("America/New_York")

# What a value means to an action that takes one.
VALUES = {
    "step": "minutes (5, 90min, 2h), a time in New York (11:00, 2:30 pm), open, or close",
    "speed": "market seconds in a second (1, 60, 0.5)",
}
# Which the gateway reads by its own calendar.
BELLS = ("open", "close")
LENGTH = re.compile(r"(?P<count>\d{1,5}) ?(?P<unit>m|min|minutes?|h|hours?)?", re.ASCII)


@click.command()
@click.argument("action", type=click.Choice(("pause", "resume", "step", "speed")), required=False)
@click.argument("value", required=False)
@format_option
@url_option
def clock(action: str | None, value: str | None, form: str, url: str | None) -> None:
    """The time of a gateway; of a replay also pause, resume, step and speed.

    polytape clock step 5 goes five minutes on (2h: two hours), step 11:00 to that time in New York,
    step close to the closing bell, speed 60 makes a minute a second.
    """
    body = None if action is None else _body(action, value)
    with connect(url) as gateway:
        state = gateway.get("/clock") if body is None else gateway.post("/clock", body)
    print_facts(state if form != "table" else _in_new_york(state), form)


def _in_new_york(state: JsonObject) -> dict[str, object]:
    """The same, its instants as clocks there show them. Raises: DataFetchError."""
    shown: dict[str, object] = dict(state)
    for name in ("now", "end"):
        text = shown.get(name)
        if text is not None:
            shown[name] = _local(text)
    return shown


def _local(text: object) -> str:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise DataFetchError(f"the answer has no instant: {text}") from error
    return f"{moment.astimezone(SHOWN_IN):%a %Y-%m-%d %H:%M:%S} New York"


def _body(action: str, value: str | None) -> dict[str, object]:
    """The body of `POST /clock`. Raises: BadParameter."""
    if (value is None) is (action in VALUES):
        takes = VALUES.get(action)
        raise click.BadParameter(f"{action} takes {'no value' if takes is None else takes}")
    if value is None:
        return {"action": action}
    return {"action": action} | (_step(value.strip()) if action == "step" else _speed(value))


def _step(value: str) -> dict[str, object]:
    """How far, or whereto: a time of a day is one of the clock's own day, which the gateway knows.

    Raises: BadParameter.
    """
    if length := LENGTH.fullmatch(value.lower()):
        in_hours = (length["unit"] or "m").startswith("h")
        return {"minutes": int(length["count"]) * (60 if in_hours else 1)}
    if value.lower() in BELLS:
        return {"to": value.lower()}
    try:
        written = parse_day_time(value)
        if written is not None and written.day == "today" and not written.zone:
            return {"to": written.time}
        read = read_date_text(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: step takes {error}") from error
    if not isinstance(read, datetime):
        raise click.BadParameter(f"{value!r}: step takes {VALUES['step']}, or a date with a time")
    return {"to": MOMENT.convert(value, None, click.get_current_context(silent=True))}


def _speed(value: str) -> dict[str, object]:
    """Raises: BadParameter."""
    try:
        return {"speed": float(value.strip().lower().removesuffix("x"))}
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: speed takes {VALUES['speed']}") from error
