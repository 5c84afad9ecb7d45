"""The message of `/api/v1/status/history`."""

import msgspec


class StatusHistoryMessage(msgspec.Struct):
    """The gateway's figures over the last hour, oldest sample first: `at` has the instant of each
    sample (ISO 8601, UTC, the machine's clock), `figures` one list of that length for each figure,
    null where a sample does not have it. Figures that count begin at 0 when the gateway starts.
    """

    every_seconds: float
    at: list[str]
    figures: dict[str, list[float | None]]
