"""The client for scripts and notebooks."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
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
from polytape.net.http import SyncDriver
from polytape.wire import arrow

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

When = str | date | datetime


class PolygonClient:
    """A polytape gateway, or any server of its API, as pandas frames.

    One client serves many threads; it can be pickled (the cache stays behind). `base_url` may end
    in `/api/v1`; without one POLYTAPE_URL decides, else http://localhost:8200. `timeout` is in
    seconds for each try. `api_key` is the gateway's access token, where it asks for one.
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
        self._driver = SyncDriver(self._core.base_url)

    def fetch_bars(
        self,
        symbol: str,
        start_date: When,
        end_date: When,
        timeframe: str | Timeframe,
        limit: int | None = None,
        include_extended: bool = True,
        use_cache: bool = True,
    ) -> "pd.DataFrame":
        """Bars that start in [start_date, end_date).

        A date means that whole trading day in New York, both ends included; a datetime is an
        instant, UTC where it has no zone, and exclusive as `end_date`. `limit` keeps the latest
        bars. Without `include_extended` intraday bars are of [09:30, close), early closes included.
        `use_cache=False` asks again, through to the source.

        Returns columns open, high, low, close (float64, split-adjusted), volume (int64), timestamp
        (datetime64[us, UTC], the bar's start), indexed by the same instants; empty where there are
        no bars. `frame.attrs` names the source. Raises ValidationError, NotFoundError,
        ConnectionError, DataFetchError.
        """
        asked = parse_asked(symbol, start_date, end_date, timeframe, limit, include_extended)
        return self._frame(asked, use_cache=use_cache)

    def fetch_table(
        self,
        symbol: str,
        start_date: When,
        end_date: When,
        timeframe: str | Timeframe,
        limit: int | None = None,
        include_extended: bool = True,
        use_cache: bool = True,
    ) -> "pa.Table":
        """The same bars as an Arrow table: timestamp, open, high, low, close, volume (float64: the
        vendor reports fractions), vwap, transactions. `polars.from_arrow` takes it without a copy.
        """
        asked = parse_asked(symbol, start_date, end_date, timeframe, limit, include_extended)
        return arrow.to_table(*self._driver.run(self._core.bars(asked, use_cache=use_cache)))

    def fetch_many(
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
        """Frames by (symbol, timeframe), fetched in parallel.

        `requests` are symbols, asked over every one of `timeframes`, or mappings with the fields of
        `fetch_bars`. With `errors="keep"` an error takes its frame's place; otherwise the first one
        is raised.
        """
        many = parse_many(
            requests, start_date, end_date, timeframes, limit, include_extended, errors
        )

        def one(asked: Asked) -> "pd.DataFrame | PolygonClientError":
            try:
                return self._frame(asked, use_cache=use_cache)
            except PolygonClientError as error:
                return error

        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="polytape-fetch") as pool:
            return many.outcome(
                dict(zip(many.asked, pool.map(one, many.asked.values()), strict=True))
            )

    def validate_ticker(self, symbol: str) -> bool:
        """Whether the symbol exists. Raises ValidationError for what is no symbol at all."""
        return self._driver.run(self._core.validate_ticker(symbol))

    def get_latest_price(self, symbol: str) -> Decimal | None:
        """The close of the last complete minute bar; None for a symbol without one."""
        return self._driver.run(self._core.latest(symbol))

    def get_candle_at_datetime(
        self,
        symbol: str,
        target_datetime: When,
        timeframe: str | Timeframe = "15min",
        tolerance_minutes: float = 30,
    ) -> dict[str, Any] | None:
        """The bar that holds an instant, else the one whose start is nearest and at most
        `tolerance_minutes` away, else None. Keys: timestamp (aware UTC datetime), open, high, low,
        close (float), volume (int).
        """
        return self._driver.run(
            self._core.candle(symbol, target_datetime, timeframe, tolerance_minutes)
        )

    def search_symbols(self, query: str, active_only: bool = True) -> list[dict[str, Any]]:
        """Securities whose symbol or name holds `query`, the best first.

        Keys: ticker, symbol, name, type, exchange, active.
        """
        return self._driver.run(self._core.search(query, active_only))

    def clear_cache(self, symbol: str | None = None) -> bool:
        """Clear this client's cache and the gateway's; False when the gateway's could not be."""
        return self._driver.run(self._core.clear(symbol))

    def get_session_data(self, symbol: str, session_datetime: When) -> dict[str, Any]:
        """What could be known of a symbol at an instant: symbol, session_datetime, current_price,
        pre_market_price, open_price, atr_5min, atr_15min, atr_2hour, daily_atr, atr_high, atr_low
        (Decimal or None), error (None, or what data was missing).
        """
        return self._driver.run(session(self._core, symbol, session_datetime)).to_dict()

    def run(self, engine: EngineFlow[R]) -> R:
        """The result of an engine that asks for bars (`polytape.engines.runs`) on this gateway's
        bars: what it asks for is fetched in one request.
        """
        return self._driver.run(run_engine(self._core, engine))

    def rate_limit(self) -> RateLimit:
        """The gateway's upstream request budget."""
        return self._driver.run(self._core.rate_limit())

    def gateway_status(self) -> dict[str, Any]:
        """What the gateway says of itself: version, source, made_up, uptime, counts."""
        return self._driver.run(self._core.status())

    def test_connection(self) -> tuple[bool, str]:
        """Whether the gateway answers, and a sentence about it. Does not raise."""
        return self._driver.run(self._core.connection())

    def stats(self) -> ClientStats:
        """What this client has done so far."""
        return self._core.stats

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._core.base_url!r})"

    def __getstate__(self) -> dict[str, Any]:
        return state_of(self._core)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def _frame(self, asked: Asked, *, use_cache: bool) -> "pd.DataFrame":
        return to_frame(*self._driver.run(self._core.bars(asked, use_cache=use_cache)))
