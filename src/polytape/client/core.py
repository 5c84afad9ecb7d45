"""What both clients do, as flows: parse, look in the cache, ask, check, shape. No I/O here."""

import logging
import random
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

import polytape
from polytape.client.cache import CacheManager
from polytape.client.config import PolygonClientConfig
from polytape.client.request import Asked, asked_of, cache_series, cut_here, most_bars
from polytape.engines.session import decimal
from polytape.errors import DataFetchError, NotFoundError, PolygonClientError, ValidationError
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.newyork import iso, to_datetime
from polytape.model.query import BarsQuery
from polytape.model.resample import bar_ends, resample
from polytape.model.spans import Span
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Timeframe, parse_timeframe
from polytape.model.units import MINUTE_US
from polytape.wire import arrow, json_rows
from polytape.wire.api.messages import ARROW, JSON, BarsMetadata, BarsRequest
from polytape.wire.budget import Pacer
from polytape.wire.flow import Flow, Request, Response, RetryPolicy, Runtime, ask, checked

log = logging.getLogger(__name__)
# With a `limit`, a longer range than this many possible bars is not fetched whole for the cache.
WHOLE_RANGE_BARS = 100_000
MOST_MINUTES = 366 * 24 * 60


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The gateway's upstream budget. `reset_at` (UTC): when the whole window is free again."""

    limit: int
    remaining: int
    reset_at: datetime
    window_seconds: float
    used: int


@dataclass(frozen=True, slots=True)
class ClientStats:
    """What a client has done so far."""

    requests: int = 0
    retries: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    bars: int = 0


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """A whole answer: every bar of `span`; the ones from `complete` on were still to change."""

    span: Span
    complete: int
    bars: Bars
    metadata: BarsMetadata

    def holds(self, span: Span, now: int) -> bool:
        """Whether `span` can be cut out of this and nothing can have been traded since."""
        if span not in self.span:
            return False
        since = Span(self.complete, max(self.complete, min(span.end, now)))
        return not any(since.intersect(s.extended) for s in _sessions(since))


@dataclass
class Core:
    """Everything about a client but how bytes travel. Usable from many threads."""

    base_url: str
    policy: RetryPolicy
    cache: CacheManager[CachedAnswer] | None
    api_key: str | None = field(default=None, repr=False)
    version: str = PolygonClientConfig.API_VERSION
    runtime: Runtime = field(
        default_factory=lambda: Runtime(time.monotonic, time.time, random.random), repr=False
    )

    def __post_init__(self) -> None:
        self.pacer = Pacer()
        self._stats = ClientStats()
        self._lock = threading.Lock()

    @property
    def stats(self) -> ClientStats:
        """A snapshot."""
        return self._stats

    def bars(
        self, asked: Asked, *, use_cache: bool, allow_partial: bool = False
    ) -> Flow[tuple[Bars, BarsMetadata]]:
        """Bars within the question's span and limit, from the cache or the server."""
        query = asked.query
        found = self.look(query) if use_cache else None
        if found is None:
            whole = self.cache is not None and most_bars(query) <= WHOLE_RANGE_BARS
            limit = None if whole or cut_here(query) else query.limit
            found = yield from self._ask_bars(
                asked, limit, use_cache=use_cache, allow_partial=allow_partial
            )
            if limit is None:
                self.keep(query, found)
        return self.cut(query, found)

    def look(self, query: BarsQuery) -> CachedAnswer | None:
        """A whole answer in the cache that the question can be cut out of."""
        if self.cache is None:
            return None
        now, series = int(self.runtime.wall() * 1e6), cache_series(query)
        found = self.cache.find(query.symbol, series, lambda kept: kept.holds(query.span, now))
        self._count(cache_hits=found is not None, cache_misses=found is None)
        return found

    def keep(self, query: BarsQuery, found: CachedAnswer) -> None:
        """Put a whole answer into the cache."""
        if self.cache is None or found.metadata.missing:
            return
        start, end = iso(query.span.start), iso(query.span.end)
        self.cache.put(query.symbol, cache_series(query), start, end, found)

    def cut(self, query: BarsQuery, found: CachedAnswer) -> tuple[Bars, BarsMetadata]:
        """The question's own part of a whole answer."""
        bars = found.bars.within(query.span)
        if cut_here(query):
            bars = bars.take(xnys().regular(bars.timestamp))
        bars = bars.last(query.limit)
        self._count(bars=len(bars))
        told = msgspec.structs.replace(
            found.metadata, count=len(bars), include_extended=query.include_extended
        )
        return bars, told

    def validate_ticker(self, symbol: object) -> Flow[bool]:
        """Whether the symbol exists."""
        text = parse_symbol(symbol)
        body = msgspec.json.encode({"symbols": [text], "detailed": False})
        told = yield from self._ask("POST", f"{self.version}/validate", body=body)
        verdict = told.get(text)
        if not isinstance(verdict, dict) or not isinstance(verdict.get("valid"), bool):
            raise DataFetchError(f"the answer says nothing of {text}: {_short(told)}")
        return bool(verdict["valid"])

    def latest(self, symbol: object) -> Flow[Decimal | None]:
        """The last price, None for a symbol that is unknown or has none."""
        text = parse_symbol(symbol)
        try:
            told = yield from self._ask("GET", f"{self.version}/latest/{text}")
        except NotFoundError:
            return None
        price = told.get("price")
        if isinstance(price, bool) or not isinstance(price, int | float | str):
            raise DataFetchError(f"the answer has no price: {_short(told)}")
        try:
            found = Decimal(price) if isinstance(price, str) else decimal(float(price))
        except ArithmeticError as error:
            raise DataFetchError(f"the answer has no price: {_short(told)}") from error
        if found is None or not found.is_finite():
            raise DataFetchError(f"the answer has no price: {_short(told)}")
        return found

    def candle(
        self, symbol: object, at: object, timeframe: object, tolerance: object
    ) -> Flow[dict[str, Any] | None]:
        """The bar that holds an instant, else the one whose start is nearest to it."""
        instant, frame = parse_instant(at, "target_datetime"), parse_timeframe(timeframe)
        reach = _minutes(tolerance, "tolerance_minutes") * MINUTE_US
        back = max(int(reach), frame.length_us or 32 * 24 * 60 * MINUTE_US)
        span = Span(instant - back, instant + int(reach) + 1)
        query = BarsQuery(parse_symbol(symbol), frame, span)
        bars, _ = yield from self.bars(asked_of(query), use_cache=True)
        if not len(bars):
            return None
        holding = (bars.timestamp <= instant) & (instant < bar_ends(bars.timestamp, frame))
        distance = np.where(holding, -1, np.abs(bars.timestamp - instant))
        nearest = int(np.argmin(distance))
        return _candle(bars, nearest) if distance[nearest] <= reach else None

    def search(self, query: object, active_only: object) -> Flow[list[dict[str, Any]]]:
        """Securities as dictionaries."""
        if not isinstance(query, str) or not query.strip():
            raise ValidationError("query", query, "some text of a symbol or a name")
        try:
            query.encode()
        except UnicodeEncodeError as error:
            raise ValidationError("query", query, "text that is valid Unicode") from error
        asked = (("query", query.strip()), ("active_only", "true" if active_only else "false"))
        told = yield from self._ask("GET", f"{self.version}/search", query=asked)
        results = told.get("results")
        if not isinstance(results, list) or not all(isinstance(row, dict) for row in results):
            raise DataFetchError(f"the answer has no results: {_short(told)}")
        return results

    def clear(self, symbol: object) -> Flow[bool]:
        """Clear this client's cache, then the gateway's; whether the gateway did so too."""
        text = None if symbol is None else parse_symbol(symbol)
        if self.cache is not None:
            self.cache.clear(text)
        try:
            query = (("symbol", text),) if text else ()
            yield from self._ask("DELETE", f"{self.version}/cache", query=query)
        except PolygonClientError as error:
            log.warning("the gateway's cache was not cleared: %s", error)
            return False
        return True

    def rate_limit(self) -> Flow[RateLimit]:
        """The budget as the gateway tells it."""
        told = yield from self._ask("GET", f"{self.version}/rate-limit")
        try:
            moment = to_datetime(parse_instant(told["reset_at"], "reset_at"))
            return RateLimit(
                int(told["limit"]),
                int(told["remaining"]),
                moment,
                float(told["window_seconds"]),
                int(told["used"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DataFetchError(f"the answer is no rate limit: {_short(told)}") from error

    def status(self) -> Flow[dict[str, Any]]:
        """What the gateway says of itself."""
        return (yield from self._ask("GET", "/status"))

    def connection(self) -> Flow[tuple[bool, str]]:
        """Whether the gateway answers, in one sentence."""
        request = Request("GET", "/health", headers=self.headers(JSON))
        quick = replace(self.policy, max_retries=min(1, self.policy.max_retries))
        try:
            answer = yield from ask(request, quick, self.pacer, self.runtime, self._tried)
            checked(answer, self.runtime)
        except PolygonClientError as error:
            return False, str(error)
        return True, f"the gateway at {self.base_url} answers"

    def _ask_bars(
        self, asked: Asked, limit: int | None, *, use_cache: bool, allow_partial: bool
    ) -> Flow[CachedAnswer]:
        """The server's whole answer. Where it does not know how to begin long bars at the opening
        bell, they are made here from its 30-minute bars.
        """
        query = asked.query
        now = int(self.runtime.wall() * 1e6)
        how = {"use_cache": use_cache, "allow_partial": allow_partial}
        bars, told = yield from self._post_bars(asked, limit, **how)
        if query.anchored and (told is None or told.include_extended is not False):
            halves = replace(
                query, timeframe=Timeframe.MIN_30, include_extended=True, span=query.series_span
            )
            bars, told = yield from self._post_bars(asked_of(halves), None, **how)
            bars = resample(bars, query.timeframe, market=xnys(), include_extended=False)
        return self.settled(query, bars, told, now)

    def settled(
        self, query: BarsQuery, bars: Bars, told: BarsMetadata | None, asked: int
    ) -> CachedAnswer:
        """A whole answer as it is kept; `asked` in microseconds UTC."""
        if told is None:
            told = BarsMetadata(
                symbol=query.symbol, timeframe=query.timeframe.value, count=0, source=""
            )
        told = msgspec.structs.replace(told, timeframe=query.timeframe.value)
        complete = query.complete_through(asked)
        if told.complete_through is not None:
            # The server's clock decides, where it tells: this one may be fast.
            complete = min(complete, parse_instant(told.complete_through, "complete_through"))
        return CachedAnswer(query.span, complete, bars, told)

    def _post_bars(
        self, asked: Asked, limit: int | None, *, use_cache: bool, allow_partial: bool
    ) -> Flow[tuple[Bars, BarsMetadata | None]]:
        body = request_of(asked, limit, use_cache=use_cache, allow_partial=allow_partial)
        headers = self.headers(f"{ARROW}, {JSON};q=0.9") | {"content-type": JSON}
        request = Request(
            "POST", f"{self.version}/bars", body=msgspec.json.encode(body), headers=headers
        )
        response = checked((yield from self.send(request)), self.runtime)
        kind = response.headers.get("content-type", "")
        decode = arrow.decode if kind.startswith(ARROW) else json_rows.decode
        return decode(response.body)

    def _ask(
        self, method: str, path: str, *, query: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> Flow[dict[str, Any]]:
        headers = self.headers(JSON) | ({"content-type": JSON} if body else {})
        request = Request(method, path, query, body, headers)
        response = checked((yield from self.send(request)), self.runtime)
        try:
            told = msgspec.json.decode(response.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DataFetchError(f"the answer could not be read: {error}") from error
        if not isinstance(told, dict):
            raise DataFetchError(f"the answer is no JSON object: {_short(told)}")
        return told

    def send(self, request: Request) -> Flow[Response]:
        """The answer to a request, whatever its status."""
        return (yield from ask(request, self.policy, self.pacer, self.runtime, self._tried))

    def _tried(self, attempt: int) -> None:
        self._count(requests=1, retries=attempt > 0)

    def headers(self, accept: str) -> dict[str, str]:
        """Those of every request."""
        headers = {"accept": accept, "user-agent": f"polytape/{polytape.__version__}"}
        if self.api_key:
            headers["authorization"] = f"Bearer {self.api_key}"
        return headers

    def _count(self, **more: int) -> None:
        with self._lock:
            held = asdict(self._stats)
            self._stats = ClientStats(**{name: held[name] + more.get(name, 0) for name in held})


def request_of(
    asked: Asked, limit: int | None, *, use_cache: bool, allow_partial: bool
) -> BarsRequest:
    """A question as it goes to the server. Regular hours are cut out here, but for bars that begin
    at the opening bell.
    """
    query = asked.query
    return BarsRequest(
        symbol=query.symbol,
        timeframe=query.timeframe.value,
        start_date=asked.start,
        end_date=asked.end,
        limit=limit,
        use_cache=use_cache,
        include_extended=not query.anchored,
        allow_partial=allow_partial,
    )


def _sessions(span: Span) -> Any:
    return xnys().sessions(span) if span else ()


def _minutes(value: object, param: str) -> float:
    allowed = f"minutes from 0 to {MOST_MINUTES:,}"
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ValidationError(param, value, allowed)
    if not 0 <= float(value) <= MOST_MINUTES:
        raise ValidationError(param, value, allowed)
    return float(value)


def _candle(bars: Bars, at: int) -> dict[str, Any]:
    return {
        "timestamp": to_datetime(int(bars.timestamp[at])),
        "open": float(bars.open[at]),
        "high": float(bars.high[at]),
        "low": float(bars.low[at]),
        "close": float(bars.close[at]),
        "volume": int(np.rint(bars.volume[at])),
    }


def _short(told: object) -> str:
    text = msgspec.json.encode(told).decode()
    return text if len(text) <= 120 else text[:117] + "..."  # noqa: PLR2004
