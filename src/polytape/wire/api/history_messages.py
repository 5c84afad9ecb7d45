"""The messages of `/api/v1/history`."""

import msgspec

from polytape.errors import ValidationError
from polytape.model.timeframes import STANDARD, Series, parse_timeframe
from polytape.wire.api.messages import SpanMessage, Validation


class SeriesMessage(msgspec.Struct):
    """One stored series; `start` and `end` bound what is covered."""

    series: str
    symbols: int
    rows: int
    bytes: int
    segments: int
    start: str
    end: str


class SymbolMessage(msgspec.Struct):
    """What is stored of one symbol in one series."""

    symbol: str
    series: str
    bars: int
    final: bool
    spans: list[SpanMessage]


class UnreadMessage(msgspec.Struct):
    """A file of the store that is not read: damaged, of another source, or from the future."""

    path: str
    reason: str


class HistoryStatus(msgspec.Struct):
    """`GET /history/status`."""

    store: str
    source: str
    series: list[SeriesMessage]
    symbols: list[SymbolMessage]
    unread: list[UnreadMessage] = []


class HistoryVerified(msgspec.Struct):
    """The report on one stored span of one symbol."""

    symbol: str
    series: str
    start: str
    end: str
    report: Validation


class BackfillRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /history/backfill`; `dry_run` counts the requests and fetches nothing. Where the caller
    does not `wait`, the answer is the job, 202.
    """

    symbols: list[str]
    start_date: str
    end_date: str | None = None
    timeframe: str = "1min"
    dry_run: bool = False
    wait: bool = True


class RepairRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /history/repair`; where the caller does not `wait`, the answer is the job, 202."""

    symbols: list[str]
    start_date: str | None = None
    end_date: str | None = None
    wait: bool = True


class CompactRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /history/compact`; where the caller does not `wait`, the answer is the job, 202."""

    wait: bool = True


class Failed(msgspec.Struct):
    """A request that was not answered."""

    question: str
    error: str


class BackfillAnswer(msgspec.Struct):
    """How a backfill went, or would go: `requests` of the budget, `seconds` by estimate. `job` is
    its job's id, and `state` how it ended: done, or partial where something failed (where all did,
    the answer is an error); both are empty where none was run. `most_bars` is how many bars a plan
    may bring; `beyond` says which days are left out, since the source does not reach back to them.
    """

    questions: int
    bars: int
    failed: list[Failed]
    requests: int = 0
    seconds: float = 0.0
    why: str = ""
    job: str = ""
    most_bars: int | None = None
    beyond: str = ""
    state: str = ""


class Deleted(msgspec.Struct):
    """`DELETE /history`: how many bars."""

    bars: int


def parse_series(timeframe: str) -> Series:
    """The stored series of a timeframe.

    Raises: ValidationError for a timeframe whose bars are made from a stored series.
    """
    frame = parse_timeframe(timeframe)
    if frame.value != frame.series.value:
        allowed = f"1min or 1day: {', '.join(STANDARD[1:-3])} are made from these"
        raise ValidationError("timeframe", timeframe, allowed)
    return frame.series
