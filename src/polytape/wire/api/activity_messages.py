"""What a gateway does now: the part of `GET /status` that moves. Times are in seconds."""

import msgspec


class RouteActivity(msgspec.Struct, kw_only=True):
    """One route: `requests` since the gateway was started, the rest of the last minute. Percentiles
    are at most a seventh too high, and null where nobody came.
    """

    route: str
    requests: int
    requests_per_second: float
    p50_seconds: float | None
    p99_seconds: float | None


class SocketActivity(msgspec.Struct, kw_only=True):
    """Clients of live streams: the `topics` that they want together, the deliveries that wait for
    slow ones, and how long an event takes from its arrival until it is written to a client.
    """

    clients: int
    topics: int
    waiting: int
    delivery_p99_seconds: float | None


class FeedActivity(msgspec.Struct, kw_only=True):
    """The live feed: its state in a word; `lag_seconds`, how long after its own time the newest
    event came, null where none did.
    """

    state: str
    events_per_second: float
    lag_seconds: float | None


class Waiting(msgspec.Struct, kw_only=True):
    """What waits now: answers for memory, calls for a thread that reads and computes for a moment
    (`work`) or long (`heavy`), that fetches while somebody waits (`foreground`) or nobody does
    (`background`).
    """

    memory: int
    work: int
    heavy: int
    foreground: int
    background: int


class Activity(msgspec.Struct, kw_only=True):
    """Rates of the last minute (of `window_seconds`, where it runs shorter). `cache_hit_rate`: the
    share of questions for bars that memory answered, null where there were none. `errors`: answers
    of 500 and more. `routes`: the slowest first.
    """

    window_seconds: float
    requests_per_second: float
    errors_per_second: float
    bars_per_second: float
    fetches_per_second: float
    cache_hit_rate: float | None
    requests_in_flight: int
    waiting: Waiting
    sockets: SocketActivity
    feed: FeedActivity
    routes: list[RouteActivity]
