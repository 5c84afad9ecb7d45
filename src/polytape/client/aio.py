"""The same client for asyncio."""

import asyncio
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from polytape.client.batch import AT_ONCE, Key, Requests, parse_many
from polytape.client.build import make_core, state_of
from polytape.client.config import PolygonClientConfig
from polytape.client.core import ClientStats, Core, RateLimit
from polytape.client.engine_runner import R, run_engine, session
from polytape.client.frames import to_frame
from polytape.client.request import Asked, parse_asked
from polytape.engines.result import EngineFlow
from polytape.errors import PolygonClientError
from polytape.model.timeframes import Timeframe
from polytape.net.http import AsyncDriver
from polytape.wire import arrow

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

When = str | date | datetime


class AsyncPolygonClient:
    """A polytape gateway, or any server of its API, as pandas frames.

    The arguments and the methods of PolygonClient, the latter to be awaited. It can be pickled (the
    cache stays behind).
    """

    def __init__(
        self,
        base_url: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        enable_caching: bool = True,
        *,
        config: PolygonClientConfig | type[PolygonClientConfig] | None = None,
        api_key: str | None = None,
    ) -> None:
        self._core: Core = make_core(
            base_url, timeout, max_retries, enable_caching, config=config, api_key=api_key
        )
        self._driver = AsyncDriver(self._core.base_url)

    async def fetch_bars(
        self,
        symbol: str,
        start_date: When,
        end_date: When,
        timeframe: str | Timeframe,
        limit: int | None = None,
        include_extended: bool = True,
        use_cache: bool = True,
    ) -> "pd.DataFrame":
        """See `PolygonClient.fetch_bars`."""
        asked = parse_asked(symbol, start_date, end_date, timeframe, limit, include_extended)
        return await self._frame(asked, use_cache=use_cache)

    async def fetch_table(
        self,
        symbol: str,
        start_date: When,
        end_date: When,
        timeframe: str | Timeframe,
        limit: int | None = None,
        include_extended: bool = True,
        use_cache: bool = True,
    ) -> "pa.Table":
        """See `PolygonClient.fetch_table`."""
        asked = parse_asked(symbol, start_date, end_date, timeframe, limit, include_extended)
        return arrow.to_table(*await self._driver.run(self._core.bars(asked, use_cache=use_cache)))

    async def fetch_many(
        self,
        requests: Requests,
        start_date: When | None = None,
        end_date: When | None = None,
        timeframes: str | Timeframe | Iterable[str | Timeframe] = "1day",
        *,
        limit: int | None = None,
        include_extended: bool = True,
        use_cache: bool = True,
        errors: str = "raise",
    ) -> "dict[Key, pd.DataFrame | PolygonClientError]":
        """See `PolygonClient.fetch_many`."""
        many = parse_many(
            requests, start_date, end_date, timeframes, limit, include_extended, errors
        )

        room = asyncio.Semaphore(AT_ONCE)

        async def one(asked: Asked) -> "pd.DataFrame | PolygonClientError":
            async with room:
                try:
                    return await self._frame(asked, use_cache=use_cache)
                except PolygonClientError as error:
                    return error

        found = await asyncio.gather(*map(one, many.asked.values()))
        return many.outcome(dict(zip(many.asked, found, strict=True)))

    async def validate_ticker(self, symbol: str) -> bool:
        """See `PolygonClient.one`."""
        return await self._driver.run(self._core.validate_ticker(symbol))

    async def get_latest_price(self, symbol: str) -> Decimal | None:
        """See `PolygonClient.get_latest_price`."""
        return await self._driver.run(self._core.latest(symbol))

    async def get_candle_at_datetime(
        self,
        symbol: str,
        target_datetime: When,
        timeframe: str | Timeframe = "15min",
        tolerance_minutes: float = 30,
    ) -> dict[str, Any] | None:
        """See `PolygonClient.get_candle_at_datetime`."""
        return await self._driver.run(
            self._core.candle(symbol, target_datetime, timeframe, tolerance_minutes)
        )

    async def search_symbols(self, query: str, active_only: bool = True) -> list[dict[str, Any]]:
        """See `PolygonClient.search_symbols`."""
        return await self._driver.run(self._core.search(query, active_only))

    async def clear_cache(self, symbol: str | None = None) -> bool:
        """See `PolygonClient.clear_cache`."""
        return await self._driver.run(self._core.clear(symbol))

    async def get_session_data(self, symbol: str, session_datetime: When) -> dict[str, Any]:
        """See `PolygonClient.get_session_data`."""
        found = await self._driver.run(session(self._core, symbol, session_datetime))
        return found.to_dict()

    async def run(self, engine: EngineFlow[R]) -> R:
        """See `PolygonClient.run`."""
        return await self._driver.run(run_engine(self._core, engine))

    async def rate_limit(self) -> RateLimit:
        """See `PolygonClient.rate_limit`."""
        return await self._driver.run(self._core.rate_limit())

    async def gateway_status(self) -> dict[str, Any]:
        """See `PolygonClient.gateway_status`."""
        return await self._driver.run(self._core.status())

    async def test_connection(self) -> tuple[bool, str]:
        """See `PolygonClient.test_connection`."""
        return await self._driver.run(self._core.connection())

    def stats(self) -> ClientStats:
        """See `PolygonClient.stats`."""
        return self._core.stats

    async def close(self) -> None:
        """See `PolygonClient.close`."""
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._core.base_url!r})"

    def __getstate__(self) -> dict[str, Any]:
        return state_of(self._core)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    async def _frame(self, asked: Asked, *, use_cache: bool) -> "pd.DataFrame":
        return to_frame(*await self._driver.run(self._core.bars(asked, use_cache=use_cache)))
