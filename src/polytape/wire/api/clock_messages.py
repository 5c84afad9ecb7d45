"""The messages of `/api/v1/clock`, used by both ends."""

import msgspec

# Statuses of a server that does not know the clock's route.
NO_CLOCK = (404, 405, 406)


class ClockState(msgspec.Struct):
    """A gateway's time. `wall`: it is the wall's, and nobody can turn it; otherwise a made-up
    market's or a replay's, `speed` times as fast, which stands while `paused` and from `end` on.
    """

    now: str
    speed: float
    paused: bool
    wall: bool
    end: str | None = None


class ClockRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be done: pause, resume, step (by `minutes`, or to the instant `to`: ISO 8601, or
    of the clock's own day HH:MM New York, open or close), speed (`speed` market seconds in one).
    """

    action: str
    minutes: int | None = None
    to: str | None = None
    speed: float | None = None
