"""`polytape clock`: a gateway's time, and turning it."""

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from polytape.cli.answers import JsonObject
from polytape.cli.day_times import parse_day_time
from polytape.cli.gateway import connect
from polytape.cli.moments import MOMENT
from polytape.cli.options import format_option, url_option
from polytape.cli.output import print_facts
from polytape.errors import DataFetchError

SHOWN_IN = ZoneInfo("America/New_York")

# What a value means to an action that takes one.
VALUES = {"step": "minutes, or an instant in New York time", "speed": "market seconds in a second"}


@click.command()
@click.argument("action", type=click.Choice(("pause", "resume", "step", "speed")), required=False)
@click.argument("value", required=False)
@format_option
@url_option
def clock(action: str | None, value: str | None, form: str, url: str | None) -> None:
    """The time of a gateway; of a replay also pause, resume, step and speed.

    polytape clock step 5 goes five minutes on, step 11:00 to that time in New York, speed 60 makes
    a minute a second.
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
    if action == "step":
        if value.isdecimal():
            return {"action": action, "minutes": int(value)}
        if parse_day_time(value) is not None:  # of the clock's own day
            return {"action": action, "to": value}
        context = click.get_current_context(silent=True)
        return {"action": action, "to": MOMENT.convert(value, None, context)}
    try:
        return {"action": action, "speed": float(value)}
    except ValueError as error:
        raise click.BadParameter(f"speed takes {VALUES['speed']}") from error
