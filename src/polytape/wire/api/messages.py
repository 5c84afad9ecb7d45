"""The messages of `/api/v1`, used by both ends.

Unknown fields of an answer are ignored on reading: the gateway may be newer than the client. Those
of a request are refused, but where older tools may have fields of their own (`wire.api.names`).
"""

import re
from datetime import timedelta

import msgspec

from polytape.errors import ValidationError
from polytape.model.basis import Basis
from polytape.model.date_words import is_word, naming_words, read_dates
from polytape.model.instants import parse_instant, parse_span
from polytape.model.market import Market
from polytape.model.quality import QualityReport
from polytape.model.query import BarsQuery, parse_limit
from polytape.model.spans import Span
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import parse_timeframe
from polytape.model.timestamps import iso, to_datetime
from polytape.wire.api.activity_messages import Activity

MAX_BATCH = 1_000
MAX_SYMBOLS = 1_000
DEFAULT_DAYS_BACK = 30
DATES = ("start_date", "end_date")


class BarsRequest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`POST /bars`. Dates as `model.instants` reads them, or words (`today`, `yesterday`, `now`;
    for the start also `ytd` and lengths such as `5d`); missing ones mean the last 30 days.
    """

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

    def query(self, now: int, market: Market) -> BarsQuery:
        """The query; `now` in microseconds UTC stands in for a missing end.

        Raises: ValidationError naming the field.
        """
        return BarsQuery(
            symbol=parse_symbol(self.symbol),
            timeframe=parse_timeframe(self.timeframe),
            span=self._span(now, market),
            limit=parse_limit(self.limit),
            include_extended=self.include_extended,
            adjusted=self.adjusted,
            use_cache=self.use_cache,
            allow_partial=self.allow_partial,
            validate=self.validate,
        )

    @property
    def has_words(self) -> bool:
        """Whether a date is a word, which means another instant each day."""
        return is_word(self.start_date) or is_word(self.end_date)

    def _span(self, now: int, market: Market) -> Span:
        with naming_words(DATES):
            start, end = read_dates(self.start_date, self.end_date, now, market, DATES)
            if end is None:
                first = now if start is None else parse_instant(start, "start_date", market)
                end = to_datetime(max(now, first))
            if start is None:
                until = parse_span("1970-01-01", end, market).end
                start = to_datetime(until) - timedelta(days=DEFAULT_DAYS_BACK)
            return parse_span(start, end, market)

    @classmethod
    def of(cls, query: BarsQuery, market: Market) -> "BarsRequest":
        """The request that says a query: whole days as dates, so that any server of this API reads
        them.
        """
        start, end = query.span.start, query.span.end
        first, last = market.date_of(start), market.date_of(end - 1)
        whole = start < end
        return cls(
            symbol=query.symbol,
            timeframe=query.timeframe.value,
            start_date=f"{first}" if whole and market.day_start(first) == start else iso(start),
            end_date=f"{last}" if whole and market.day_span(last).end == end else iso(end),
            limit=query.limit,
            use_cache=query.use_cache,
            validate=query.validate,
            include_extended=query.include_extended,
            adjusted=query.adjusted,
            allow_partial=query.allow_partial,
        )


class SpanMessage(msgspec.Struct):
    """A half-open span `[start, end)`, UTC."""

    start: str
    end: str


class BarsMetadata(msgspec.Struct, kw_only=True):
    """What an answer says of itself.

    `include_extended` is what was applied, so a client knows whether the server understands it.
    `missing` are the spans without bars in an answer that `allow_partial` let be partial.
    `complete_through` is the instant up to which bars can change no more by trading going on.
    `basis` is what the bars stand on; None from a server that does not say.
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
    basis: Basis | None = None


class BatchRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /bars/batch`: at most 1,000 requests as for `/bars`, answered in their order."""

    requests: list[dict[str, object]]


def read_request(fields: dict[str, object]) -> BarsRequest:
    """One request of a batch, read by itself: an error of one is not an error of all.

    Raises: ValidationError naming the field.
    """
    try:
        return msgspec.convert(fields, BarsRequest)
    except msgspec.ValidationError as error:
        named = re.search(r"`\$?\.?(\w+)`$", str(error))
        raise ValidationError.from_detail(str(error), named[1] if named else "requests") from error


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
    """The data-quality report of an answer to a request with `validate`."""

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
    made_up: bool = False
    basis: Basis | None = None


class SearchResult(msgspec.Struct):
    """One row of a search. `symbol` repeats `ticker` for older tools."""

    ticker: str
    symbol: str
    name: str
    type: str
    exchange: str
    active: bool = True


class Verdict(msgspec.Struct, omit_defaults=True):
    """Whether a symbol exists; the rest is given where the request is `detailed`."""

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
    results: list[SearchResult]


class Cleared(msgspec.Struct):
    """`DELETE /cache`: how many cached answers were dropped."""

    cleared: int


class RateLimitState(msgspec.Struct):
    """`GET /rate-limit`: the upstream budget. `reset_at` is when a full window is free again."""

    limit: int
    remaining: int
    reset_at: str
    window_seconds: float
    used: int


class Status(msgspec.Struct):
    """`GET /status`: what the gateway is and what it has done since it started, by the machine's
    clock; `market_time` is the market's, which a replay or a turned clock sets. `activity`: what it
    does now.
    """

    version: str
    source: str
    made_up: bool
    store: str | None
    started_at: str
    uptime_seconds: float
    market_time: str
    rate_limit: RateLimitState
    cached_answers: int
    cached_bytes: int
    requests: int
    bars_served: int
    fetches: int
    answered_from_memory: int
    joined_in_flight: int
    memory_limit_bytes: int = 0
    bytes_in_flight: int = 0
    answers_waiting: int = 0
    vendor_clock_ahead_seconds: float = 0.0
    activity: Activity | None = None
