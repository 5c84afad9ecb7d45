"""The messages of `/api/v1`, used by both ends.

Unknown fields are ignored on reading, so that either end may be older than the other.
"""

import re
from datetime import timedelta
from typing import Any

import msgspec

from polytape.errors import ValidationError
from polytape.model.instants import parse_instant, parse_span
from polytape.model.newyork import iso, to_datetime
from polytape.model.quality import QualityReport
from polytape.model.query import BarsQuery, parse_limit
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import parse_timeframe

API = "/api/v1"
JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
MAX_BATCH = 1_000
MAX_SYMBOLS = 1_000
DEFAULT_DAYS_BACK = 30


class BarsRequest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`POST /bars`. Dates as `model.instants` reads them; missing ones mean the last 30 days."""

    symbol: str
    timeframe: str
    start_date: str | None = None
    end_date: str | None = None
    limit: int | None = None
    use_cache: bool = True
    validate: bool = False
    include_extended: bool = True
    adjusted: bool = True
    allow_partial: bool = False

    def query(self, now: int) -> BarsQuery:
        """The question in our own terms; `now` in microseconds UTC stands in for a missing end.

        Raises ValidationError.
        """
        start: object = self.start_date
        end: object = self.end_date
        if end is None:
            first = now if start is None else parse_instant(start, "start_date")
            end = to_datetime(max(now, first))
        if start is None:
            until = parse_span("1970-01-01", end).end
            start = to_datetime(until) - timedelta(days=DEFAULT_DAYS_BACK)
        return BarsQuery(
            symbol=parse_symbol(self.symbol),
            timeframe=parse_timeframe(self.timeframe),
            span=parse_span(start, end),
            limit=parse_limit(self.limit),
            include_extended=self.include_extended,
            adjusted=self.adjusted,
        )


class SpanMessage(msgspec.Struct):
    """A half-open span `[start, end)`, UTC."""

    start: str
    end: str


class BarsMetadata(msgspec.Struct, kw_only=True):
    """What an answer says of itself.

    `include_extended` is what was applied, so a client knows whether the server understands it.
    `missing` is what could not be had, where `allow_partial` asked for the rest.
    `complete_through` is the instant up to which bars can change no more by trading going on.
    """

    symbol: str
    timeframe: str
    count: int
    source: str
    made_up: bool = False
    adjusted: bool | None = None
    include_extended: bool | None = None
    complete_through: str | None = None
    notes: list[str] = []
    missing: list[SpanMessage] = []


class BatchRequest(msgspec.Struct):
    """`POST /bars/batch`: at most 1,000 requests as for `/bars`, answered in their order."""

    requests: list[dict[str, Any]]


def read_request(told: dict[str, Any]) -> BarsRequest:
    """One request of a batch. Raises ValidationError: an error of one is not one of all."""
    try:
        return msgspec.convert(told, BarsRequest)
    except msgspec.ValidationError as error:
        found = re.search(r"`\$?\.?(\w+)`$", str(error))
        raise ValidationError.from_detail(str(error), found[1] if found else "requests") from error


class FindingMessage(msgspec.Struct):
    """One thing wrong with one bar."""

    kind: str
    timestamp: str
    detail: str


class GapMessage(msgspec.Struct):
    """Missing bars; `cause` is the calendar's, null where it knows none."""

    start: str
    end: str
    missing: int
    cause: str | None


class Validation(msgspec.Struct):
    """The data-quality report of an answer, where `validate` asked for it."""

    sound: bool
    bars: int
    missing: int
    counts: dict[str, int]
    findings: list[FindingMessage]
    gaps: list[GapMessage]

    @classmethod
    def of(cls, report: QualityReport) -> "Validation":
        """The report in the wire's terms."""
        return cls(
            report.sound,
            report.bars,
            report.unexplained_missing,
            report.counts(),
            [FindingMessage(f.kind, iso(f.timestamp), f.detail) for f in report.findings],
            [
                GapMessage(iso(g.span.start), iso(g.span.end), g.missing, g.cause)
                for g in report.gaps
            ],
        )


class SymbolsRequest(msgspec.Struct):
    """`POST /validate`."""

    symbols: list[str]
    detailed: bool = False


class Latest(msgspec.Struct):
    """`GET /latest/{symbol}`: the close of the last complete minute, and that minute's start."""

    symbol: str
    price: float
    timestamp: str
    source: str | None = None


class SymbolFound(msgspec.Struct):
    """One row of a search. `symbol` repeats `ticker` for older tools."""

    ticker: str
    symbol: str
    name: str
    type: str
    exchange: str
    active: bool = True


class Verdict(msgspec.Struct, omit_defaults=True):
    """Whether a symbol exists; the rest is told where `detailed` asked for it."""

    valid: bool
    symbol: str | None = None
    name: str | None = None
    type: str | None = None
    exchange: str | None = None
    active: bool | None = None
    reason: str | None = None


class SearchAnswer(msgspec.Struct):
    """`GET /search`."""

    query: str
    count: int
    results: list[SymbolFound]


class Cleared(msgspec.Struct):
    """`DELETE /cache`: how many kept answers were dropped."""

    cleared: int


class RateLimitState(msgspec.Struct):
    """`GET /rate-limit`: the upstream budget. `reset_at` is when a full window is free again."""

    limit: int
    remaining: int
    reset_at: str
    window_seconds: float
    used: int


class Status(msgspec.Struct):
    """`GET /status`: what the gateway is and what it has done since it started."""

    version: str
    source: str
    made_up: bool
    store: str | None
    started_at: str
    uptime_seconds: float
    rate_limit: RateLimitState
    kept_answers: int
    kept_bytes: int
    requests: int
    bars_served: int
    source_questions: int
    answered_from_memory: int
    joined_in_flight: int


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The one error body, RFC 9457 `application/problem+json`."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = None
    param: str | None = None
