"""Written by `make stubs` from the registry of engines."""

from collections.abc import Sequence
from datetime import date, datetime
from inspect import Signature
from typing import Literal

from polytape.client.aio import AsyncPolygonClient
from polytape.client.sync import PolygonClient
from polytape.engines.registry import EngineSpec
from polytape.engines.camarilla_run import CamarillaRun
from polytape.engines.fractal_run import FractalRun
from polytape.engines.hvn_run import HvnRun
from polytape.engines.scan_result import ScanResult
from polytape.engines.zone_run import ZoneRun
from polytape.model.market import Market

When = str | date | datetime

class SyncEngine:
    def __init__(self, client: PolygonClient) -> None: ...

class AsyncEngine:
    def __init__(self, client: AsyncPolygonClient) -> None: ...

def as_of_instant(as_of: When | None, market: Market) -> int: ...
def method_doc(spec: EngineSpec) -> str: ...
def signature_of(spec: EngineSpec) -> Signature: ...

class ConfluenceScanner(SyncEngine):
    """Where levels of all engines meet."""

    def scan(
        self,
        symbol: str,
        as_of: When | None = None,
        weekly_levels: Sequence[float] | None = None,
        daily_levels: Sequence[float] | None = None,
        *,
        windows: Sequence[int] = (7, 14, 30),
        variant: Literal["pivot_boss", "range"] = "pivot_boss",
    ) -> ScanResult:
        """Where levels of all engines meet.

        `as_of` is an instant (UTC where it has no zone), now by default; nothing in the result
        was incomplete then. The bars that it needs are fetched in one request.

        Options:
            weekly_levels: Up to 4 prices in place of the last completed week's high, low, close.
            daily_levels: Up to 6 prices in place of the last completed day's high, low, close.
            windows: Windows of the volume profile, in days back.
            variant: How R5 and R6 are made.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncConfluenceScanner(AsyncEngine):
    """Where levels of all engines meet."""

    async def scan(
        self,
        symbol: str,
        as_of: When | None = None,
        weekly_levels: Sequence[float] | None = None,
        daily_levels: Sequence[float] | None = None,
        *,
        windows: Sequence[int] = (7, 14, 30),
        variant: Literal["pivot_boss", "range"] = "pivot_boss",
    ) -> ScanResult:
        """Where levels of all engines meet.

        `as_of` is an instant (UTC where it has no zone), now by default; nothing in the result
        was incomplete then. The bars that it needs are fetched in one request.

        Options:
            weekly_levels: Up to 4 prices in place of the last completed week's high, low, close.
            daily_levels: Up to 6 prices in place of the last completed day's high, low, close.
            windows: Windows of the volume profile, in days back.
            variant: How R5 and R6 are made.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class FractalEngine(SyncEngine):
    """Swing points and the structure that they make."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        timeframe: str = "15min",
        days_back: int = 30,
        fractal_length: int = 11,
        min_atr_distance: float = 1.0,
        atr_period: int = 14,
        atr_method: Literal["wilder", "ema", "sma"] = "wilder",
        check_price_overlap: bool = True,
    ) -> FractalRun:
        """Swing points and the structure that they make.

        `as_of` is an instant (UTC where it has no zone), now by default; nothing in the result
        was incomplete then. The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            days_back: Calendar days of minutes to look at.
            fractal_length: Bars of a fractal, an odd number.
            min_atr_distance: ATRs that a swing lies away from the one before it.
            atr_period: Bars of the ATR.
            atr_method: How the ATR is smoothed.
            check_price_overlap: Leave out a swing whose bar overlaps the one before it.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncFractalEngine(AsyncEngine):
    """Swing points and the structure that they make."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        timeframe: str = "15min",
        days_back: int = 30,
        fractal_length: int = 11,
        min_atr_distance: float = 1.0,
        atr_period: int = 14,
        atr_method: Literal["wilder", "ema", "sma"] = "wilder",
        check_price_overlap: bool = True,
    ) -> FractalRun:
        """Swing points and the structure that they make.

        `as_of` is an instant (UTC where it has no zone), now by default; nothing in the result
        was incomplete then. The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            days_back: Calendar days of minutes to look at.
            fractal_length: Bars of a fractal, an odd number.
            min_atr_distance: ATRs that a swing lies away from the one before it.
            atr_period: Bars of the ATR.
            atr_method: How the ATR is smoothed.
            check_price_overlap: Leave out a swing whose bar overlaps the one before it.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class HVNEngine(SyncEngine):
    """Volume by price: point of control, value area, nodes."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        timeframe: str = "5min",
        windows: Sequence[int] = (7, 14, 30),
        include_extended: bool = True,
        levels: int = 100,
        price_step: float | None = None,
        percentile: float = 80.0,
        prominence: float = 0.005,
        distance: int = 3,
        value_area: float = 0.7,
        value_area_method: Literal["two_row", "one_row"] = "two_row",
    ) -> HvnRun:
        """Volume by price: point of control, value area, nodes.

        `as_of` is an instant (UTC where it has no zone), now by default; nothing in the result
        was incomplete then. The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            windows: Windows of the volume profile, in days back.
            include_extended: Extended hours too.
            levels: Levels from low to high.
            price_step: Dollars of a level, in place of their number.
            percentile: A node is at or above this percentile.
            prominence: How far a node stands out, a share of the largest level.
            distance: Levels between two nodes.
            value_area: The share of volume in the value area.
            value_area_method: Rows added at a time to the value area.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncHVNEngine(AsyncEngine):
    """Volume by price: point of control, value area, nodes."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        timeframe: str = "5min",
        windows: Sequence[int] = (7, 14, 30),
        include_extended: bool = True,
        levels: int = 100,
        price_step: float | None = None,
        percentile: float = 80.0,
        prominence: float = 0.005,
        distance: int = 3,
        value_area: float = 0.7,
        value_area_method: Literal["two_row", "one_row"] = "two_row",
    ) -> HvnRun:
        """Volume by price: point of control, value area, nodes.

        `as_of` is an instant (UTC where it has no zone), now by default; nothing in the result
        was incomplete then. The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            windows: Windows of the volume profile, in days back.
            include_extended: Extended hours too.
            levels: Levels from low to high.
            price_step: Dollars of a level, in place of their number.
            percentile: A node is at or above this percentile.
            prominence: How far a node stands out, a share of the largest level.
            distance: Levels between two nodes.
            value_area: The share of volume in the value area.
            value_area_method: Rows added at a time to the value area.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class CamarillaEngine(SyncEngine):
    """Pivots of the last completed day, week and month, from official daily bars."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        periods: Sequence[Literal["day", "week", "month"]] = ("day", "week", "month"),
        variant: Literal["pivot_boss", "range"] = "pivot_boss",
    ) -> CamarillaRun:
        """Pivots of the last completed day, week and month, from official daily bars.

        `as_of` is an instant (UTC where it has no zone), now by default; nothing in the result
        was incomplete then. The bars that it needs are fetched in one request.

        Options:
            periods: Which completed periods to make levels of.
            variant: How R5 and R6 are made.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncCamarillaEngine(AsyncEngine):
    """Pivots of the last completed day, week and month, from official daily bars."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        periods: Sequence[Literal["day", "week", "month"]] = ("day", "week", "month"),
        variant: Literal["pivot_boss", "range"] = "pivot_boss",
    ) -> CamarillaRun:
        """Pivots of the last completed day, week and month, from official daily bars.

        `as_of` is an instant (UTC where it has no zone), now by default; nothing in the result
        was incomplete then. The bars that it needs are fetched in one request.

        Options:
            periods: Which completed periods to make levels of.
            variant: How R5 and R6 are made.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class ZoneCalculator(SyncEngine):
    """Weekly, daily, ATR and structure zones round the price."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        weekly_levels: Sequence[float] | None = None,
        daily_levels: Sequence[float] | None = None,
    ) -> ZoneRun:
        """Weekly, daily, ATR and structure zones round the price.

        `as_of` is an instant (UTC where it has no zone), now by default; nothing in the result
        was incomplete then. The bars that it needs are fetched in one request.

        Options:
            weekly_levels: Up to 4 prices in place of the last completed week's high, low, close.
            daily_levels: Up to 6 prices in place of the last completed day's high, low, close.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncZoneCalculator(AsyncEngine):
    """Weekly, daily, ATR and structure zones round the price."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        weekly_levels: Sequence[float] | None = None,
        daily_levels: Sequence[float] | None = None,
    ) -> ZoneRun:
        """Weekly, daily, ATR and structure zones round the price.

        `as_of` is an instant (UTC where it has no zone), now by default; nothing in the result
        was incomplete then. The bars that it needs are fetched in one request.

        Options:
            weekly_levels: Up to 4 prices in place of the last completed week's high, low, close.
            daily_levels: Up to 6 prices in place of the last completed day's high, low, close.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """
