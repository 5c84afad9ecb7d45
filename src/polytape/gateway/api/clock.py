"""`/clock`: a gateway's time; that of a made-up market or a replay can be turned."""

from http import HTTPStatus

from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody

from polytape.errors import ValidationError, one_of
from polytape.gateway.api.responses import PROBLEMS
from polytape.gateway.gateway import Gateway
from polytape.model import instants, time_of_day, units
from polytape.model.market import Market
from polytape.model.timestamps import iso
from polytape.model.wall_clock import WallClock
from polytape.upstream import market_clock
from polytape.wire.api.clock_messages import ClockRequest, ClockState
from polytape.wire.api.media import PROBLEM_JSON
from polytape.wire.api.problems import Problem

ACTIONS = ("pause", "resume", "step", "speed")
BELLS = ("open", "close")
STEPS = 'an instant (ISO 8601), or of the clock\'s own day a time ("10:30"), "open" or "close"'
LONGEST_STEP_DAYS = 31
ON_THE_WALL = (
    "this gateway runs on the wall's time, which nobody can turn: polytape replay DATE, or "
    "polytape serve --source synthetic --speed N, has a clock of its own"
)
CONFLICT = ResponseSpec(
    Problem,
    description="The gateway runs on the wall's time",
    media_type=PROBLEM_JSON,
    generate_examples=False,
)
RESPONSES = PROBLEMS | {int(HTTPStatus.CONFLICT): CONFLICT}


@get("/clock", responses=PROBLEMS)
async def get_clock(gateway: NamedDependency[Gateway]) -> ClockState:
    """The gateway's time, how fast it runs, and whether it is the wall's."""
    if gateway.clock is None:
        return ClockState(iso(gateway.now()), 1.0, paused=False, wall=True)
    return _state(gateway.clock)


@post("/clock", status_code=HTTPStatus.OK, responses=RESPONSES)
async def post_clock(data: JSONBody[ClockRequest], gateway: NamedDependency[Gateway]) -> ClockState:
    """Stop the clock, go on, step, or run at another speed; bars of skipped minutes are streamed
    in order.
    """
    if data.action not in ACTIONS:
        raise ValidationError("action", data.action, one_of(ACTIONS))
    clock = gateway.clock
    if clock is None:
        raise ClientException(ON_THE_WALL, status_code=HTTPStatus.CONFLICT)
    match data.action:
        case "pause":
            clock.pause()
        case "resume":
            clock.resume()
        case "speed":
            clock.set_speed(_speed(data.speed))
        case _:
            clock.step(_length(data, clock, gateway.market))
    return _state(clock)


CLOCK_ROUTES = [get_clock, post_clock]


def _state(clock: market_clock.MarketClock) -> ClockState:
    end = None if clock.end is None else iso(clock.end)
    return ClockState(iso(clock.now()), clock.speed, clock.paused, wall=False, end=end)


def _time_of_day(text: str, now: int, market: Market) -> int:
    """When clocks show a time on the trade date of `now` (microseconds UTC) or, where that is over
    because it was the evening before, on the same date of the calendar.
    """
    instant = time_of_day.parse_time_of_day(text, "to", market.date_of(now), market)
    if instant > now:
        return instant
    return time_of_day.parse_time_of_day(
        text, "to", market.calendar_date(now), WallClock(market.zone)
    )


def _instant(text: str, now: int, market: Market) -> int:
    """Where a step goes to, microseconds UTC: an instant, a time or a bell of the day of `now`.

    Raises: ValidationError naming `to`.
    """
    word = text.strip().lower()
    if word in BELLS:
        day = market.date_of(now)
        session = market.session(day)
        if session is None:
            raise ValidationError("to", text, f"an instant: {day} has no session, and no {word}")
        return session.open if word == "open" else session.close
    if time_of_day.is_time_of_day(text):
        return _time_of_day(text, now, market)
    try:
        return instants.parse_instant(text, "to", market)
    except ValidationError as error:
        if error.allowed != instants.ALLOWED:
            raise
        raise ValidationError("to", text, STEPS) from error


def _speed(speed: float | None) -> float:
    if speed is None or not 0 < speed <= market_clock.MAX_SPEED:
        allowed = (
            f"a number over 0, at most {market_clock.MAX_SPEED:,.0f} market seconds in a second"
        )
        raise ValidationError("speed", speed, allowed)
    return speed


def _length(data: ClockRequest, clock: market_clock.MarketClock, market: Market) -> int:
    """How far a step goes, in microseconds. Raises: ValidationError naming the field."""
    now = clock.now()
    if now == clock.end:
        raise ValidationError("action", data.action, f"the replay has ended: {iso(now)}")
    furthest = now + LONGEST_STEP_DAYS * units.DAY_US if clock.end is None else clock.end
    if data.to is None:
        most = (furthest - now) // units.MINUTE_US
        if data.minutes is None or not 1 <= data.minutes <= most:
            allowed = f"1 to {most:,} minutes from now, {iso(now)}, or `to`, an instant"
            raise ValidationError("minutes", data.minutes, allowed)
        return data.minutes * units.MINUTE_US
    if data.minutes is not None:
        raise ValidationError("to", data.to, "either `minutes` or `to`, not both")
    instant = _instant(data.to, now, market)
    if not now < instant <= furthest:
        allowed = f"after now, {iso(now)}, and not after {iso(furthest)}: time does not go back"
        raise ValidationError("to", data.to, allowed)
    return instant - now
