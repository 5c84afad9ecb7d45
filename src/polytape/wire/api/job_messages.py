"""The messages of `/api/v1/jobs`."""

import msgspec


class JobMessage(msgspec.Struct, kw_only=True):
    """A backfill, repair or compaction: `state` is waiting, running, done, partial (some of
    it failed), failed (all of it, or it could not be planned) or cancelled.

    `done` of `total` units (null: not known yet), `failed` of them with an error; `bars` brought
    and `requests` of the budget spent; `eta_seconds` by the pace so far and the budget. `end` null:
    up to now. Instants are ISO 8601, UTC. `beyond`: the days that were left out, since the source
    does not reach back to them. `without_bars`: the first symbols of which a backfill leaves no bar
    stored.
    """

    id: str
    kind: str
    state: str
    symbols: list[str]
    symbol_count: int
    timeframe: str | None
    start: str | None
    end: str | None
    unit: str
    total: int | None
    done: int
    failed: int
    bars: int
    requests: int
    eta_seconds: float | None
    doing: str
    failures: list[str]
    error: str | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    restarts: int
    beyond: str = ""
    without_bars: list[str] = []


class JobList(msgspec.Struct):
    """`GET /jobs`: the newest first."""

    jobs: list[JobMessage]
