"""What both clients do, as flows: look in the cache, fetch, cut to the query. No I/O here."""

import logging
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from cachetools import LRUCache

from polytape.client import fetch, request
from polytape.client.answers import BarsAnswer, CachedAnswer
from polytape.client.api import Api
from polytape.client.cache import CacheManager
from polytape.client.connection import Connection
from polytape.client.stats import ClientStats, StatsCounter
from polytape.errors import (
    AuthenticationError,
    ConnectionError,
    DataFetchError,
    NotFoundError,
    PolygonClientError,
    ValidationError,
)
from polytape.model import date_words
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.query import BarsQuery, parse_query
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Timeframe
from polytape.model.timestamps import iso
from polytape.model.why_empty import empty_note
from polytape.model.zone_warning import warn_without_zone
from polytape.wire.api.clock_messages import NO_CLOCK
from polytape.wire.flow import Flow

log = logging.getLogger(__name__)
# With a `limit`, a longer span than this many possible bars is not fetched whole for the cache.
WHOLE_RANGE_BARS = 100_000
# What is wrong with a query stays so, however often it is sent.
NEVER_RETRIED = (ValidationError, NotFoundError, AuthenticationError)
Outcome: TypeAlias = BarsAnswer | PolygonClientError
PLAIN_TYPES = frozenset({str, int, type(None), Timeframe})
MAX_PARSED_QUERIES = 512
START_END = ("start_date", "end_date")


@dataclass
class Core:
    """Everything about a client but how bytes travel; `api` has the routes beside bars. Usable from
    many threads.
    """

    connection: Connection
    cache: CacheManager[CachedAnswer] | None
    market: Market = field(repr=False)

    def __post_init__(self) -> None:
        self._queries: LRUCache[object, BarsQuery] = LRUCache(MAX_PARSED_QUERIES)
        self.counter = StatsCounter()
        self._on_wall_time = False
        self.api = Api(self.connection, self.market)
        self.connection.on_try = self._on_try
        self.connection.on_wait = self.counter.wait
        self.connection.on_body = self._on_body

    @property
    def base_url(self) -> str:
        """The server's address."""
        return self.connection.base_url

    @property
    def version(self) -> str:
        """The path that the API's routes begin with."""
        return self.connection.version

    @property
    def stats(self) -> ClientStats:
        """A snapshot."""
        return self.counter.stats()

    def gateway_now(self) -> Flow[int]:
        """The gateway's time, microseconds UTC: a replay's is not the wall's. One that runs on the
        wall's time is asked once; a server without a clock to ask has the wall's.

        Raises: the error that the response stands for.
        """
        if not self._on_wall_time:
            try:
                clock = yield from self.api.clock()
            except DataFetchError as error:
                if error.status not in NO_CLOCK:
                    raise
                self._on_wall_time = True
            else:
                if not clock.wall:
                    return parse_instant(clock.now, "now", self.market)
                self._on_wall_time = True
        return self.connection.now_us()

    def fetch(
        self,
        symbol: object,
        start_date: object,
        end_date: object,
        timeframe: object,
        limit: object,
        include_extended: bool,
        use_cache: bool,
        allow_partial: bool = False,
        adjusted: bool = True,
    ) -> Flow[BarsAnswer]:
        """The bars of what a caller wrote; dates may be words, by the gateway's time.

        Raises: ValidationError naming the parameter; as `bars`.
        """
        warn_without_zone(start_date=start_date, end_date=end_date)
        if date_words.is_word(start_date) or date_words.is_word(end_date):
            start_date, end_date = yield from self.dates(start_date, end_date)
        written = (symbol, start_date, end_date, timeframe, limit)
        query = self.query(written, include_extended, use_cache, allow_partial, adjusted)
        answer = yield from self.bars(query)
        return answer if len(answer.bars) else (yield from self.explained(query, answer))

    def dates(self, start: object, end: object) -> Flow[tuple[object, object]]:
        """`start_date` and `end_date` without words, by the gateway's time.

        Raises: ValidationError; as `gateway_now`.
        """
        if not (date_words.is_word(start) or date_words.is_word(end)):
            return start, end
        now = yield from self.gateway_now()
        return date_words.read_dates(start, end, now, self.market, START_END)

    def instant(self, value: object, param: str) -> Flow[int]:
        """An instant of any time, microseconds UTC; words by the gateway's time.

        Raises: ValidationError naming `param`; as `gateway_now`.
        """
        names = (param, param)
        if date_words.is_word(value):
            now = yield from self.gateway_now()
            value, _ = date_words.read_dates(value, None, now, self.market, names)
        with date_words.naming_words(names):
            return parse_instant(value, param, self.market)

    def query(
        self,
        written: tuple[object, object, object, object, object],
        include_extended: bool,
        use_cache: bool,
        allow_partial: bool = False,
        adjusted: bool = True,
    ) -> BarsQuery:
        """A query from what a caller wrote, without words where dates go: symbol, start, end,
        timeframe, limit. Raises: ValidationError naming the parameter.
        """
        options = (bool(include_extended), bool(use_cache), bool(allow_partial), bool(adjusted))
        # Texts mean the same each time; of other objects equal ones may not be the same instant.
        again = all(type(one) in PLAIN_TYPES for one in written)
        key = (*written, *options) if again else None
        query = self._queries.get(key) if key is not None else None
        if query is None:
            query = self._parse(*written, *options)
            if key is not None:
                self._queries[key] = query
        return query

    def _parse(
        self,
        symbol: object,
        start: object,
        end: object,
        timeframe: object,
        limit: object,
        include_extended: bool,
        use_cache: bool,
        allow_partial: bool,
        adjusted: bool,
    ) -> BarsQuery:
        with date_words.naming_words(START_END):
            return parse_query(
                symbol,
                start,
                end,
                timeframe,
                self.market,
                limit=limit,
                include_extended=include_extended,
                use_cache=use_cache,
                allow_partial=allow_partial,
                adjusted=adjusted,
            )

    def bars(self, query: BarsQuery) -> Flow[BarsAnswer]:
        """Bars within the query's span and limit, from the cache or the server.

        Raises: the error that the response stands for; DataFetchError, IncompleteDataError.
        """
        answer = self._cached(query) if query.use_cache else None
        if answer is None:
            sent = self._sent(query)
            answer = yield from fetch.fetch(self.connection, sent, self.market)
            if sent.limit is None:
                self._store(query, answer)
        return self._cut(query, answer)

    def explained(self, query: BarsQuery, answer: BarsAnswer) -> Flow[BarsAnswer]:
        """The same answer; one without bars says why in its notes."""
        if len(answer.bars):
            return answer
        why = yield from self.why_empty(query)
        return answer.noting(why)

    def why_empty(self, query: BarsQuery) -> Flow[str]:
        """Why there is no bar of a query, by the calendar and the gateway's time."""
        try:
            now = yield from self.gateway_now()
        except PolygonClientError as error:
            # The answer is there: that its gateway's time is not known takes nothing from it.
            log.warning("the time of %s: %s", self.base_url, error)
            now = self.connection.now_us()
        return empty_note(query.span, query.timeframe.value, self.market, now)

    def outcomes_together(self, queries: list[BarsQuery]) -> Flow[list[Outcome | None]]:
        """The bars of several queries or what is wrong with each: from the cache, the rest by one
        request. None for a query that is to be sent alone, by `bars`, which tries again.
        """
        outcomes: list[Outcome | None] = []
        cached = [self._cached(query) if query.use_cache else None for query in queries]
        absent = [query for query, answer in zip(queries, cached, strict=True) if answer is None]
        fetched = iter((yield from self._outcomes(absent)))
        for query, hit in zip(queries, cached, strict=True):
            answer = hit or next(fetched)
            if isinstance(answer, CachedAnswer):
                outcomes.append(self._cut(query, answer))
            else:
                outcomes.append(answer)
        return outcomes

    def bars_together(self, queries: list[BarsQuery]) -> Flow[list[BarsAnswer]]:
        """The bars of several queries: what is cached from the cache, the rest by one request, or
        one by one from a server that does not know such a request.

        Raises: the first error among the answers, as `bars` does.
        """
        cached = [self._cached(query) for query in queries]
        absent = [query for query, answer in zip(queries, cached, strict=True) if answer is None]
        fetched = iter((yield from self._fetch_together(absent)))
        answers: list[BarsAnswer] = []
        for query, hit in zip(queries, cached, strict=True):
            answer = hit or next(fetched, None)
            if answer is None:
                answers.append((yield from self.bars(query)))
            else:
                answers.append(self._cut(query, answer))
        return answers

    def clear(self, symbol: object) -> Flow[bool]:
        """Clear this client's cache, then the gateway's; whether the gateway did so too."""
        text = None if symbol is None else parse_symbol(symbol)
        if self.cache is not None:
            self.cache.clear(text)
        try:
            yield from self.api.clear_cache(text)
        except PolygonClientError as error:
            log.warning("the gateway's cache was not cleared: %s", error)
            return False
        return True

    def _outcomes(
        self, queries: list[BarsQuery]
    ) -> Flow[list[CachedAnswer | PolygonClientError | None]]:
        """Whole answers by one request, as `outcomes_together` has them, and into the cache."""
        alone: list[CachedAnswer | PolygonClientError | None] = [None] * len(queries)
        # What fetches anew takes as long as the source does.
        if len(queries) < 2 or not all(query.use_cache for query in queries):  # noqa: PLR2004 - one is no batch
            return alone
        sent = [self._sent(query) for query in queries]
        try:
            answers = yield from fetch.fetch_together(self.connection, sent, self.market)
        except ConnectionError as error:
            return alone if error.sent else [error] * len(queries)
        except PolygonClientError:
            return alone
        if answers is None:  # a server that knows no batches
            return alone
        return [self._outcome(query, answer) for query, answer in zip(sent, answers, strict=True)]

    def _outcome(
        self, query: BarsQuery, answer: CachedAnswer | PolygonClientError
    ) -> CachedAnswer | PolygonClientError | None:
        """One of a batch, into the cache; None for one that is to be asked for again, alone."""
        if not isinstance(answer, CachedAnswer):
            return answer if isinstance(answer, NEVER_RETRIED) else None
        # A server that cannot begin long bars at the opening bell says so.
        if query.anchored and answer.metadata.include_extended is not False:
            return None
        if query.limit is None:
            self._store(query, answer)
        return answer

    def _sent(self, query: BarsQuery) -> BarsQuery:
        """The query that is sent: without the limit where the whole answer is wanted."""
        whole = self.cache is not None and request.most_bars(query) <= WHOLE_RANGE_BARS
        return replace(query, limit=None if whole or request.cut_here(query) else query.limit)

    def _fetch_together(self, queries: list[BarsQuery]) -> Flow[list[CachedAnswer]]:
        """Whole answers by one request; none where one by one is the better way."""
        cut = any(query.anchored or request.cut_here(query) or query.limit for query in queries)
        if len(queries) < 2 or cut:  # noqa: PLR2004 - one query is no batch
            return []
        answers = yield from fetch.fetch_together(self.connection, queries, self.market)
        whole = []
        for query, answer in zip(queries, answers or [], strict=False):
            if isinstance(answer, PolygonClientError):
                raise answer
            self._store(query, answer)
            whole.append(answer)
        return whole

    def _cached(self, query: BarsQuery) -> CachedAnswer | None:
        """A whole answer in the cache that the query can be cut out of."""
        if self.cache is None:
            return None
        now, series = self.connection.now_us(), request.cache_series(query)
        cached = self.cache.find(
            query.symbol, series, lambda answer: answer.holds(query.span, now, self.market)
        )
        if cached is None:
            self.counter.count(cache_misses=1)
        else:
            self.counter.count(cache_hits=1, cache_slices=query.span != cached.span)
        return cached

    def _store(self, query: BarsQuery, answer: CachedAnswer) -> None:
        """Put a whole answer into the cache."""
        if self.cache is None or answer.metadata.missing:
            return
        start, end = iso(query.span.start), iso(query.span.end)
        self.cache.put(query.symbol, request.cache_series(query), start, end, answer)

    def _cut(self, query: BarsQuery, answer: CachedAnswer) -> BarsAnswer:
        """The query's own part of a whole answer."""
        own = answer.cut(query, self.market)
        self.counter.count(bars=len(own.bars))
        return own

    def _on_try(self, attempt: int) -> None:
        self.counter.count(requests=1, retries=attempt > 0)

    def _on_body(self, size: int) -> None:
        self.counter.count(bytes=size)
