"""The message of `/api/v1/status/history`."""

import msgspec


class FeedNoticeMessage(msgspec.Struct):
    """What happened to the live feed: `kind` in a word (connected, disconnected, gap, backfilled,
    ...), `at` on the market's clock; a gap and its filling have the minutes [start, end) that they
    are about, where those are known. ISO 8601, UTC.
    """

    at: str
    kind: str
    detail: str
    start: str | None = None
    end: str | None = None


class StatusHistoryMessage(msgspec.Struct):
    """The gateway's figures over the last hour, oldest sample first: `at` has the instant of each
    sample (ISO 8601, UTC, the machine's clock), `figures` one list of that length for each figure,
    null where a sample does not have it. Figures that count begin at 0 when the gateway starts.
    `feed` has the newest notices of the live feed, oldest first.
    """

    every_seconds: float
    at: list[str]
    figures: dict[str, list[float | None]]
    feed: list[FeedNoticeMessage] = []
