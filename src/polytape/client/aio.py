"""The same client for asyncio."""

import asyncio
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Literal

from polytape.client import batch, build, engine_runner, results
from polytape.client.answers import BarsAnswer
from polytape.client.bars_request import BarsRequest, When
from polytape.client.bars_view import Zone, parse_view
from polytape.client.candle import candle
from polytape.client.closing import AsyncClosing
from polytape.client.core import Core, Outcome
from polytape.client.download import Shape, bars_frame, joint_frame
from polytape.client.stats import timed
from polytape.engines import flow
from polytape.engines.session import SessionData, SessionFields
from polytape.errors import PolygonClientError
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.timeframes import Timeframe
from polytape.net.async_http import AsyncDriver
from polytape.wire import arrow

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from polytape.client.live_bars import AsyncLiveBars
    from polytape.client.streams import AsyncStream


@timed
class AsyncPolygonClient(AsyncClosing):
    """A polytape gateway, or any server of its API, as pandas frames.

    The arguments and the methods of PolygonClient, the latter to be awaited. It can be pickled,
    without its cache: the pickle has its access token in it, in clear, where it has one.
    """

    def __init__(
        self,
        base_url: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        enable_caching: bool = True,
        *,
        config: build.Config | None = None,
        api_key: str | None = None,
        tracing: bool | None = None,
    ) -> None:
        self._core: Core = build.make_core(
            base_url,
            timeout,
            max_retries,
            enable_caching,
            config=config,
            api_key=api_key,
            tracing=tracing,
        )
        self._driver = AsyncDriver(self._core.base_url, ca=self._core.connection.ca)

    async def fetch_bars(
        self,
        symbol: str,
        start_date: When,
        end_date: When,
        timeframe: str | Timeframe,
        limit: int | None = None,
        include_extended: bool = True,
        use_cache: bool = True,
        *,
        allow_partial: bool = False,
        adjusted: bool = True,
    ) -> "pd.DataFrame":
        """See `PolygonClient.fetch_bars`."""
        bars = self._core.fetch(
            symbol,
            start_date,
            end_date,
            timeframe,
            limit,
            include_extended,
            use_cache,
            allow_partial,
            adjusted,
        )
        return (await self._driver.run(bars)).frames.make()

    async def fetch_table(
        self,
        symbol: str,
        start_date: When,
        end_date: When,
        timeframe: str | Timeframe,
        limit: int | None = None,
        include_extended: bool = True,
        use_cache: bool = True,
        *,
        allow_partial: bool = False,
        adjusted: bool = True,
    ) -> "pa.Table":
        """See `PolygonClient.fetch_table`."""
        bars = self._core.fetch(
            symbol,
            start_date,
            end_date,
            timeframe,
            limit,
            include_extended,
            use_cache,
            allow_partial,
            adjusted,
        )
        answer = await self._driver.run(bars)
        return arrow.to_table(answer.bars.copy(), answer.metadata)

    async def fetch_many(
        self,
        requests: batch.Requests,
        start_date: When | None = None,
        end_date: When | None = None,
        timeframes: str | Timeframe | Iterable[str | Timeframe] = "1day",
        *,
        limit: int | None = None,
        include_extended: bool = True,
        use_cache: bool = True,
        allow_partial: bool = False,
        adjusted: bool = True,
        errors: str = "raise",
    ) -> "dict[batch.Key, pd.DataFrame | PolygonClientError]":
        """See `PolygonClient.fetch_many`."""
        reading = batch.read_many(
            self._core,
            requests,
            start_date,
            end_date,
            timeframes,
            limit=limit,
            include_extended=include_extended,
            use_cache=use_cache,
            allow_partial=allow_partial,
            adjusted=adjusted,
            errors=errors,
        )
        many = await self._driver.run(reading)

        room = asyncio.Semaphore(batch.AT_ONCE)

        async def together(group: list[BarsQuery]) -> list[Outcome | None]:
            async with room:
                return await self._driver.run(self._core.outcomes_together(group))

        async def alone(query: BarsQuery, outcome: Outcome | None) -> Outcome:
            if outcome is not None:
                return outcome
            async with room:
                try:
                    return await self._driver.run(self._core.bars(query))
                except PolygonClientError as error:
                    return error

        groups = batch.groups(many.queries.values(), self._core.market)
        first = chain.from_iterable(await asyncio.gather(*map(together, groups)))
        fetched = await asyncio.gather(*map(alone, many.queries.values(), first))
        explaining = batch.explained(self._core, many.queries.values(), fetched)
        outcomes = await self._driver.run(explaining)
        return many.outcome(dict(zip(many.queries, map(batch.framed, outcomes), strict=True)))

    async def bars(
        self,
        symbol: str,
        start: When | None = None,
        end: When | None = None,
        timeframe: str | Timeframe = "1day",
        *,
        period: str | None = None,
        tz: Zone = None,
        columns: str | Iterable[str] | None = None,
        include_extended: bool = True,
        allow_partial: bool = False,
        adjusted: bool = True,
    ) -> "pd.DataFrame":
        """See `PolygonClient.bars`."""
        options = include_extended, allow_partial, adjusted
        request = BarsRequest(start, end, period, timeframe, *options)
        view = parse_view(columns, tz)
        return await self._driver.run(bars_frame(self._core, symbol, request, view))

    async def download(
        self,
        symbols: str | Iterable[str],
        start: When | None = None,
        end: When | None = None,
        interval: str | Timeframe = "1day",
        *,
        period: str | None = None,
        tz: Zone = None,
        columns: str | Iterable[str] | None = None,
        shape: Shape = "wide",
        include_extended: bool = True,
        allow_partial: bool = False,
        adjusted: bool = True,
    ) -> "pd.DataFrame":
        """See `PolygonClient.download`."""
        options = include_extended, allow_partial, adjusted
        request = BarsRequest(start, end, period, interval, *options)
        view = parse_view(columns, tz)
        return await self._driver.run(joint_frame(self._core, symbols, request, view, shape))

    async def validate_ticker(self, symbol: str) -> bool:
        """See `PolygonClient.validate_ticker`."""
        return await self._driver.run(self._core.api.validate_ticker(symbol))

    async def get_latest_price(self, symbol: str) -> Decimal | None:
        """See `PolygonClient.get_latest_price`."""
        return await self._driver.run(self._core.api.latest(symbol))

    async def get_candle_at_datetime(
        self,
        symbol: str,
        target_datetime: When,
        timeframe: str | Timeframe = "15min",
        tolerance_minutes: float = 30,
    ) -> results.Candle | None:
        """See `PolygonClient.get_candle_at_datetime`."""
        return await self._driver.run(
            candle(self._core, symbol, target_datetime, timeframe, tolerance_minutes)
        )

    async def search_symbols(self, query: str, active_only: bool = True) -> list[results.Security]:
        """See `PolygonClient.search_symbols`."""
        return await self._driver.run(self._core.api.search(query, active_only))

    async def clear_cache(self, symbol: str | None = None) -> bool:
        """See `PolygonClient.clear_cache`."""
        return await self._driver.run(self._core.clear(symbol))

    async def session(self, symbol: str, session_datetime: When) -> SessionData:
        """See `PolygonClient.session`."""
        return await self._driver.run(engine_runner.session(self._core, symbol, session_datetime))

    async def get_session_data(self, symbol: str, session_datetime: When) -> SessionFields:
        """See `PolygonClient.get_session_data`."""
        return (await self.session(symbol, session_datetime)).to_dict()

    async def run(self, engine: flow.EngineFlow[flow.R]) -> flow.R:
        """See `PolygonClient.run`."""
        return await self._driver.run(engine_runner.run_engine(self._core, engine))

    async def run_now(self, build: Callable[[int], flow.EngineFlow[flow.R]]) -> flow.R:
        """See `PolygonClient.run_now`."""
        return await self._driver.run(engine_runner.run_engine_now(self._core, build))

    def stream(
        self, symbols: str | Iterable[str], channels: str | Iterable[str] = ("AM",)
    ) -> "AsyncStream":
        """See `PolygonClient.stream`: for `async with` and `async for`."""
        from polytape.client.streams import AsyncStream, parse_channels

        return AsyncStream(self._core.connection, parse_channels(symbols, channels))

    def live_bars(
        self,
        symbol: str,
        timeframe: str = "1min",
        lookback: str = "2d",
        *,
        on: Literal["close", "update"] = "close",
        include_extended: bool = True,
    ) -> "AsyncLiveBars":
        """See `PolygonClient.live_bars`: for `async with` and `async for`."""
        from polytape.client.live_bars import AsyncLiveBars
        from polytape.client.live_join import LiveJoin, LiveRequest
        from polytape.client.streams import AsyncStream

        request = LiveRequest.parse(symbol, timeframe, lookback, on, extended=include_extended)
        stream = AsyncStream(self._core.connection, request.topics, replay=True)
        return AsyncLiveBars(stream, LiveJoin(request, self.market), self._bars_of)

    async def _bars_of(self, queries: list[BarsQuery]) -> list[BarsAnswer]:
        return await self._driver.run(self._core.bars_together(queries))

    @property
    def market(self) -> Market:
        """The market whose days and hours this client counts."""
        return self._core.market

    async def rate_limit(self) -> results.RateLimit:
        """See `PolygonClient.rate_limit`."""
        return await self._driver.run(self._core.api.rate_limit())

    async def gateway_status(self) -> dict[str, object]:
        """See `PolygonClient.gateway_status`."""
        return await self._driver.run(self._core.api.status())

    async def test_connection(self) -> tuple[bool, str]:
        """See `PolygonClient.test_connection`."""
        return await self._driver.run(self._core.api.test_connection())

    def stats(self, *, reset: bool = False) -> results.ClientStats:
        """See `PolygonClient.stats`."""
        return self._core.counter.stats(reset=reset)

    async def close(self) -> None:
        """See `PolygonClient.close`."""
        await self._driver.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._core.base_url!r})"

    def __getstate__(self) -> build.State:
        return build.state_of(self._core)

    def __setstate__(self, state: build.State) -> None:
        self.__init__(**state)  # type: ignore[misc]
