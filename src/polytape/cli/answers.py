"""What commands read of a gateway's answers: other servers of its API may say less, or more."""

from collections.abc import Mapping
from typing import Any, NotRequired, Required, TypeAlias, TypedDict

import msgspec

from polytape.errors import DataFetchError, IncompleteDataError

# A value as it is decoded from JSON: whoever reads it says what it is.
Json: TypeAlias = Any
JsonObject: TypeAlias = Mapping[str, Json]


class BarRow(TypedDict):
    """One bar as the API has it; `timestamp` is its start, ISO 8601."""

    timestamp: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: NotRequired[float | None]
    transactions: NotRequired[int | None]


class Metadata(TypedDict, total=False):
    """What the API says of bars."""

    symbol: Required[str]
    timeframe: Required[str]
    count: int
    source: str
    made_up: bool
    notes: list[str]
    basis: JsonObject | None


class BarsAnswer(TypedDict):
    """`POST /bars`."""

    data: list[BarRow]
    metadata: NotRequired[Metadata]


class LatestAnswer(TypedDict):
    """`GET /latest/{symbol}`: the last price in dollars, and the start of its minute."""

    price: float
    timestamp: NotRequired[str]
    made_up: NotRequired[bool]
    basis: NotRequired[JsonObject | None]


class SearchAnswer(TypedDict):
    """`GET /search`."""

    results: list[JsonObject]


class Verdict(TypedDict):
    """Whether a symbol exists; `POST /validate` has one of each symbol."""

    valid: bool


class MonthRow(TypedDict):
    """How many trading days of a month are over, and how many of them are stored whole."""

    days: int
    stored: int


class SymbolMonths(TypedDict):
    """The months of a symbol, oldest first."""

    months: list[MonthRow]


class MonthsAnswer(TypedDict):
    """`POST /history/months`, in the order of the symbols."""

    rows: list[SymbolMonths]


class RateLimitAnswer(TypedDict):
    """`GET /rate-limit`."""

    limit: int
    remaining: int
    reset_at: str
    window_seconds: float
    used: int


class EngineAnswer(TypedDict):
    """What every engine's result has; an older server says nothing of its bars' basis."""

    symbol: str
    notes: list[str]
    basis: NotRequired[JsonObject | None]


class SessionAnswer(TypedDict):
    """What `POST /engines/session` always has; prices are decimal texts."""

    symbol: str
    current_price: str | None


class PlanAnswer(TypedDict):
    """What `POST /history/backfill` would do, by a dry run."""

    questions: int
    requests: int
    seconds: float
    why: str
    beyond: NotRequired[str]


class JobAnswer(TypedDict):
    """One job of `GET /jobs`: `state` is waiting, running, done, partial, failed or
    cancelled.
    """

    id: str
    kind: str
    state: str
    symbols: list[str]
    symbol_count: int
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
    beyond: NotRequired[str]
    without_bars: NotRequired[list[str]]


class JobsAnswer(TypedDict):
    """`GET /jobs`."""

    jobs: list[JobAnswer]


class StatusAnswer(TypedDict):
    """`GET /status`: where a gateway's store is, where it has one."""

    source: str
    store: str | None


def check(answer: Json, kind: Any) -> Json:
    """The whole answer, where it has what a kind asks for.

    Raises: DataFetchError for one that has not.
    """
    try:
        msgspec.convert(answer, kind, strict=False)
    except msgspec.ValidationError as error:
        raise DataFetchError(f"the answer is not what this server should say: {error}") from error
    return answer


def whole_bars(answer: BarsAnswer, symbol: str, timeframe: str) -> tuple[list[BarRow], Metadata]:
    """The bars, and what the server says of them.

    Raises: IncompleteDataError where it speaks of more or fewer bars than it sent.
    """
    rows = answer["data"]
    metadata = answer.get("metadata", Metadata(symbol=symbol, timeframe=timeframe))
    count = metadata.get("count", len(rows))
    if count != len(rows):
        raise IncompleteDataError(f"the answer speaks of {count:,} bars and has {len(rows):,}")
    return rows, metadata
