"""The client for scripts and notebooks."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from polytape.client import batch, build, engine_runner, results
from polytape.client.answers import BarsAnswer
from polytape.client.bars_request import BarsRequest, When
from polytape.client.bars_view import Zone, parse_view
from polytape.client.batch_threads import fetch_on_threads
from polytape.client.candle import candle
from polytape.client.closing import Closing
from polytape.client.core import Core
from polytape.client.download import Shape, bars_frame, joint_frame
from polytape.client.stats import timed
from polytape.engines import flow
from polytape.engines.session import SessionData, SessionFields
from polytape.errors import PolygonClientError
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.timeframes import Timeframe
from polytape.net.http import SyncDriver
from polytape.wire import arrow

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from polytape.client.live_bars import LiveBars
    from polytape.client.streams import Stream


@timed
class PolygonClient(Closing):
    """A polytape gateway, or any server of its API, as pandas frames.

    One client serves many threads. It can be pickled, without its cache: the pickle has its access
    token in it, in clear, where it has one. `base_url` may end in `/api/v1`; without one
    POLYTAPE_URL decides, else http://localhost:8200. `timeout` is in seconds for each try.
    `api_key` is the gateway's access token, where it requires one. `tracing` makes OpenTelemetry's
    spans of calls and requests; without it POLYTAPE_TRACING decides, else it is off.
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
        self._driver = SyncDriver(self._core.base_url, ca=self._core.connection.ca, quick=True)

    def fetch_bars(
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
        """Bars that start in [start_date, end_date), as a frame.

        A date means that whole trading day in New York, both ends included; a datetime is an
        instant, UTC where it has no zone, and exclusive as `end_date`; words ("today", "5d") are
        those of `bars`. `limit` keeps the latest bars. Without `include_extended` intraday bars are
        of [09:30, close), early closes included. `use_cache=False` fetches anew, through to the
        source. Where bars are missing at the source that is an IncompleteDataError with the spans;
        `allow_partial` gives what there is, and `frame.attrs["missing"]` names the spans. Prices
        and volumes are in today's shares; `adjusted=False` gives them as traded, before splits.

        Returns columns open, high, low, close (float64), volume (int64), timestamp
        (datetime64[us, UTC], the bar's start), indexed by the same instants; empty where there are
        no bars: `frame.attrs["notes"]` says why. `frame.attrs` names the source.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """
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
        return self._driver.run(bars).frames.make()

    def fetch_table(
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
        """The same bars as an Arrow table: timestamp, open, high, low, close, volume (float64: the
        vendor reports fractions), vwap, transactions. `polars.from_arrow` takes it without a copy.

        Raises: as `fetch_bars`.
        """
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
        answer = self._driver.run(bars)
        # Frames of the same bars may be written to: a table is never.
        return arrow.to_table(answer.bars.copy(), answer.metadata)

    def fetch_many(
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
        """Frames by (symbol, timeframe), fetched together.

        `requests` are symbols, each fetched over every one of `timeframes`, or mappings with the
        fields of `fetch_bars`, which says what dates and instants mean. With `errors="keep"` an
        error takes its frame's place.

        Raises: ValidationError; the first error as `fetch_bars` raises it, where `errors="raise"`.
        """
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
        many = self._driver.run(reading)

        fetched = fetch_on_threads(self._core, self._driver, many.queries.values())
        outcomes = self._driver.run(batch.explained(self._core, many.queries.values(), fetched))
        return many.outcome(dict(zip(many.queries, map(batch.framed, outcomes), strict=True)))

    def bars(
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
        """Bars for people who know pandas: open, high, low, close, volume, vwap, transactions and
        nothing else, all float64 (volume with the vendor's fractions of shares, NaN where vwap or
        transactions are unknown), under an index named `timestamp` (the bar's start) in UTC or the
        zone `tz`. `columns` chooses some, in that order.

        `start` and `end` are dates, instants (UTC where they have no zone) or words: "today",
        "yesterday" (the trading day before today), "now", and as `start` also "ytd" or a length:
        "5d" (trading days, today's the first), "3w", "1mo", "1y", "90min". `period` is such a
        length before `end`, in place of `start`; one month, where neither is given. `end` is today
        by default. Words are read by the gateway's time. `adjusted=False`: before splits.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """
        options = include_extended, allow_partial, adjusted
        request = BarsRequest(start, end, period, timeframe, *options)
        view = parse_view(columns, tz)
        return self._driver.run(bars_frame(self._core, symbol, request, view))

    def download(
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
        """Bars of several symbols, a list or a text with blanks between them, in one frame and one
        request.

        `shape="wide"` has a row for each instant and two levels of columns, the price first:
        `frame["close"]` has a column for each symbol, `frame.xs("AAPL", axis=1, level="symbol")`
        is one symbol's bars; NaN where a symbol has no bar. `"long"` has a row for each bar, its
        index is symbol and timestamp. A symbol without any bar is in `attrs["empty"]`, and why in
        `attrs["notes"]`. `interval` is a timeframe; the rest is as `bars` has it.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """
        options = include_extended, allow_partial, adjusted
        request = BarsRequest(start, end, period, interval, *options)
        view = parse_view(columns, tz)
        return self._driver.run(joint_frame(self._core, symbols, request, view, shape))

    def validate_ticker(self, symbol: str) -> bool:
        """Whether the symbol exists.

        Raises: ValidationError for what is no symbol at all; ConnectionError, DataFetchError.
        """
        return self._driver.run(self._core.api.validate_ticker(symbol))

    def get_latest_price(self, symbol: str) -> Decimal | None:
        """The close of the last complete minute bar, in dollars; None for a symbol without one.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """
        return self._driver.run(self._core.api.latest(symbol))

    def get_candle_at_datetime(
        self,
        symbol: str,
        target_datetime: When,
        timeframe: str | Timeframe = "15min",
        tolerance_minutes: float = 30,
    ) -> results.Candle | None:
        """The bar that contains an instant (UTC where it has no zone), else the one whose start is
        nearest and at most `tolerance_minutes` away, else None.

        Raises: as `fetch_bars`.
        """
        return self._driver.run(
            candle(self._core, symbol, target_datetime, timeframe, tolerance_minutes)
        )

    def search_symbols(self, query: str, active_only: bool = True) -> list[results.Security]:
        """Securities whose symbol or name contains `query`, the best first.

        Raises: ValidationError, ConnectionError, DataFetchError.
        """
        return self._driver.run(self._core.api.search(query, active_only))

    def clear_cache(self, symbol: str | None = None) -> bool:
        """Clear this client's cache and the gateway's; False where the gateway's could not be.

        Raises: ValidationError for what is no symbol at all.
        """
        return self._driver.run(self._core.clear(symbol))

    def session(self, symbol: str, session_datetime: When) -> SessionData:
        """Prices and ATRs of a symbol as they could be known at an instant (UTC where it has no
        zone; a date, or a word for one such as "yesterday", is its start in New York), to be read,
        shown in a notebook and drawn; `error` names what is missing.

        Raises: ValidationError, ConnectionError, DataFetchError.
        """
        return self._driver.run(engine_runner.session(self._core, symbol, session_datetime))

    def get_session_data(self, symbol: str, session_datetime: When) -> SessionFields:
        """The fields of `session` by name. Raises: as `session`."""
        return self.session(symbol, session_datetime).to_dict()

    def run(self, engine: flow.EngineFlow[flow.R]) -> flow.R:
        """The result of an engine (a flow such as `polytape.engines.scanner.scan_flow`) on this
        gateway's bars, fetched in one request.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """
        return self._driver.run(engine_runner.run_engine(self._core, engine))

    def run_now(self, build: Callable[[int], flow.EngineFlow[flow.R]]) -> flow.R:
        """The same of an engine that `build` makes for the gateway's time (microseconds UTC), which
        in a replay is not this machine's. Raises: as `run`.
        """
        return self._driver.run(engine_runner.run_engine_now(self._core, build))

    def stream(
        self, symbols: str | Iterable[str], channels: str | Iterable[str] = ("AM",)
    ) -> "Stream":
        """Live events of symbols (`*` is all) on channels: AM minute bars, A second bars, T trades,
        Q quotes. An iterator of typed events and of notices about the feed, which opens a lost
        connection again; use it in a `with` block.

        Raises: ValidationError. Iterating raises ConnectionError where no gateway answers at first.
        """
        from polytape.client.streams import Stream, parse_channels

        return Stream(self._core.connection, parse_channels(symbols, channels))

    def live_bars(
        self,
        symbol: str,
        timeframe: str = "1min",
        lookback: str = "2d",
        *,
        on: Literal["close", "update"] = "close",
        include_extended: bool = True,
    ) -> "LiveBars":
        """Bars that begin with history and grow with the live stream: an iterator of bars as they
        close (on="update": at each change, the forming bar among them), those of the history first.
        `.frame` is all of them at any moment. No bar is lost over a dropped line or a gateway that
        is started anew, and none comes twice. Use it in a `with` block.

        `lookback`: how far back it begins, such as 2d (trading days, today's the first), 90min, 3w.

        Raises: ValidationError. Iterating raises ConnectionError where no gateway answers at first,
        ConfigurationError where it has no live bars, and what `fetch_bars` raises.
        """
        from polytape.client.live_bars import LiveBars
        from polytape.client.live_join import LiveJoin, LiveRequest
        from polytape.client.streams import Stream

        request = LiveRequest.parse(symbol, timeframe, lookback, on, extended=include_extended)
        stream = Stream(self._core.connection, request.topics, replay=True)
        return LiveBars(stream, LiveJoin(request, self.market), self._bars_of)

    def _bars_of(self, queries: list[BarsQuery]) -> list[BarsAnswer]:
        return self._driver.run(self._core.bars_together(queries))

    @property
    def market(self) -> Market:
        """The market whose days and hours this client counts."""
        return self._core.market

    def rate_limit(self) -> results.RateLimit:
        """The gateway's upstream request budget. Raises: ConnectionError, DataFetchError."""
        return self._driver.run(self._core.api.rate_limit())

    def gateway_status(self) -> dict[str, object]:
        """The gateway's description of itself: version, source, made_up, uptime, counts.

        Raises: ConnectionError, DataFetchError.
        """
        return self._driver.run(self._core.api.status())

    def test_connection(self) -> tuple[bool, str]:
        """Whether the gateway answers and takes the token, and a sentence. Never raises."""
        return self._driver.run(self._core.api.test_connection())

    def stats(self, *, reset: bool = False) -> results.ClientStats:
        """What this client has done so far: requests, tries and waits, cache, bytes, bars, and how
        long its methods took. With `reset` the next one begins at nothing.
        """
        return self._core.counter.stats(reset=reset)

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._driver.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._core.base_url!r})"

    def __getstate__(self) -> build.State:
        return build.state_of(self._core)

    def __setstate__(self, state: build.State) -> None:
        self.__init__(**state)  # type: ignore[misc]
