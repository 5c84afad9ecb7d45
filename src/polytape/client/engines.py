"""The five tools on a client. What a tool needs and does is said in `polytape.engines.runs`; here
it is driven, sync or async.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from polytape.client.aio import AsyncPolygonClient
from polytape.client.sync import PolygonClient
from polytape.engines.camarilla import Period, Variant
from polytape.engines.result import EngineFlow
from polytape.engines.runs import (
    MINUTES_BACK_DAYS,
    PERIODS,
    WINDOWS,
    CamarillaRun,
    FractalRun,
    HvnRun,
    ZoneRun,
    camarilla_run,
    fractal_run,
    hvn_run,
    zone_run,
)
from polytape.engines.scanner import ScanResult, scan_run
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.newyork import to_us
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Timeframe

When = str | date | datetime
Levels = Sequence[float]


class _Sync:
    """A tool before a client."""

    def __init__(self, client: PolygonClient) -> None:
        self._client = client


class _Async:
    """A tool before an asyncio client."""

    def __init__(self, client: AsyncPolygonClient) -> None:
        self._client = client


def _scan(symbol: str, as_of: When | None, **options: Any) -> EngineFlow[ScanResult]:
    return scan_run(parse_symbol(symbol), instant_of(as_of), market=xnys(), **options)


def _fractals(symbol: str, as_of: When | None, **options: Any) -> EngineFlow[FractalRun]:
    return fractal_run(parse_symbol(symbol), instant_of(as_of), market=xnys(), **options)


def _hvn(symbol: str, as_of: When | None, **options: Any) -> EngineFlow[HvnRun]:
    return hvn_run(parse_symbol(symbol), instant_of(as_of), market=xnys(), **options)


def _camarilla(symbol: str, as_of: When | None, **options: Any) -> EngineFlow[CamarillaRun]:
    return camarilla_run(parse_symbol(symbol), instant_of(as_of), market=xnys(), **options)


def _zones(symbol: str, as_of: When | None, **options: Any) -> EngineFlow[ZoneRun]:
    return zone_run(parse_symbol(symbol), instant_of(as_of), market=xnys(), **options)


class ConfluenceScanner(_Sync):
    """Where levels of all tools meet."""

    def scan(
        self,
        symbol: str,
        as_of: When | None = None,
        weekly_levels: Levels | None = None,
        daily_levels: Levels | None = None,
        *,
        windows: Sequence[int] = WINDOWS,
        variant: Variant = "pivot_boss",
    ) -> ScanResult:
        """Zones of confluence, of what was complete at `as_of` (an instant, UTC where it has no
        zone; now by default), by one request. Up to 4 `weekly_levels` and 6 `daily_levels` stand in
        for those of the last completed week and day. Raises ValidationError, NotFoundError,
        ConnectionError, DataFetchError; what only some sources lack is in the result's `errors`.
        """
        return self._client.run(
            _scan(symbol, as_of, weekly_levels=weekly_levels, daily_levels=daily_levels,
                  windows=windows, variant=variant)
        )  # fmt: skip


class AsyncConfluenceScanner(_Async):
    """The same for asyncio."""

    async def scan(
        self,
        symbol: str,
        as_of: When | None = None,
        weekly_levels: Levels | None = None,
        daily_levels: Levels | None = None,
        *,
        windows: Sequence[int] = WINDOWS,
        variant: Variant = "pivot_boss",
    ) -> ScanResult:
        """See `ConfluenceScanner.scan`."""
        return await self._client.run(
            _scan(symbol, as_of, weekly_levels=weekly_levels, daily_levels=daily_levels,
                  windows=windows, variant=variant)
        )  # fmt: skip


class FractalEngine(_Sync):
    """Swing points and the structure they make."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        timeframe: str | Timeframe = "15min",
        days_back: int = MINUTES_BACK_DAYS,
        **options: Any,
    ) -> FractalRun:
        """Swings of the last `days_back` days; `options` are those of `fractals.fractals`."""
        return self._client.run(
            _fractals(symbol, as_of, timeframe=timeframe, days_back=days_back, **options)
        )


class AsyncFractalEngine(_Async):
    """The same for asyncio."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        timeframe: str | Timeframe = "15min",
        days_back: int = MINUTES_BACK_DAYS,
        **options: Any,
    ) -> FractalRun:
        """See `FractalEngine.run`."""
        return await self._client.run(
            _fractals(symbol, as_of, timeframe=timeframe, days_back=days_back, **options)
        )


class HVNEngine(_Sync):
    """Volume by price."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        timeframe: str | Timeframe = "5min",
        windows: Sequence[int] = WINDOWS,
        include_extended: bool = True,
        **options: Any,
    ) -> HvnRun:
        """Profiles of windows of days back; `options` are those of
        `engines.volume_profile.volume_profile`.
        """
        return self._client.run(
            _hvn(symbol, as_of, timeframe=timeframe, windows=windows,
                 include_extended=include_extended, **options)
        )  # fmt: skip


class AsyncHVNEngine(_Async):
    """The same for asyncio."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        timeframe: str | Timeframe = "5min",
        windows: Sequence[int] = WINDOWS,
        include_extended: bool = True,
        **options: Any,
    ) -> HvnRun:
        """See `HVNEngine.run`."""
        return await self._client.run(
            _hvn(symbol, as_of, timeframe=timeframe, windows=windows,
                 include_extended=include_extended, **options)
        )  # fmt: skip


class CamarillaEngine(_Sync):
    """Pivots of the last completed day, week and month."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        periods: Sequence[Period] = PERIODS,
        variant: Variant = "pivot_boss",
    ) -> CamarillaRun:
        """The levels of each period, from official daily bars."""
        return self._client.run(_camarilla(symbol, as_of, periods=periods, variant=variant))


class AsyncCamarillaEngine(_Async):
    """The same for asyncio."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        periods: Sequence[Period] = PERIODS,
        variant: Variant = "pivot_boss",
    ) -> CamarillaRun:
        """See `CamarillaEngine.run`."""
        return await self._client.run(_camarilla(symbol, as_of, periods=periods, variant=variant))


class ZoneCalculator(_Sync):
    """Weekly, daily, ATR and structure zones."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        weekly_levels: Levels | None = None,
        daily_levels: Levels | None = None,
    ) -> ZoneRun:
        """The zones round the price at `as_of`."""
        levels = {"weekly_levels": weekly_levels, "daily_levels": daily_levels}
        return self._client.run(_zones(symbol, as_of, **levels))


class AsyncZoneCalculator(_Async):
    """The same for asyncio."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        weekly_levels: Levels | None = None,
        daily_levels: Levels | None = None,
    ) -> ZoneRun:
        """See `ZoneCalculator.run`."""
        levels = {"weekly_levels": weekly_levels, "daily_levels": daily_levels}
        return await self._client.run(_zones(symbol, as_of, **levels))


def instant_of(as_of: When | None) -> int:
    """Microseconds UTC; now where nothing is said. Raises ValidationError."""
    return to_us(datetime.now(UTC)) if as_of is None else parse_instant(as_of, "as_of")
