"""Written by `make stubs` from the registry of engines."""

from collections.abc import Iterable
from typing import Literal

from polytape.client.bars_request import When
from polytape.client.aio import AsyncPolygonClient
from polytape.client.sync import PolygonClient
from polytape.engines.rates import Calibration
from polytape.engines.registry import EngineSpec
from polytape.engines.atr_run import AtrRun
from polytape.engines.bad_print_run import BadPrintRun
from polytape.engines.camarilla_run import CamarillaRun
from polytape.engines.fractal_history_run import FractalHistoryRun
from polytape.engines.fractal_run import FractalRun
from polytape.engines.gap_run import GapRun
from polytape.engines.hvn_run import HvnRun
from polytape.engines.opening_range_run import OpeningRangeRun
from polytape.engines.poc_run import PocRun
from polytape.engines.scan_result import ScanResult
from polytape.engines.vwap_run import VwapRun
from polytape.engines.zone_run import ZoneRun
from polytape.model.market import Market

class SyncEngine:
    def __init__(self, client: PolygonClient) -> None: ...

class AsyncEngine:
    def __init__(self, client: AsyncPolygonClient) -> None: ...

class SyncScanner(SyncEngine):
    def __init__(
        self, client: PolygonClient, rates: Calibration | Iterable[Calibration] = ()
    ) -> None: ...

class AsyncScanner(AsyncEngine):
    def __init__(
        self, client: AsyncPolygonClient, rates: Calibration | Iterable[Calibration] = ()
    ) -> None: ...

def as_of_instant(as_of: object, market: Market, now: int) -> int: ...
def method_doc(spec: EngineSpec) -> str: ...

class ConfluenceScanner(SyncScanner):
    """Where levels of all engines meet."""

    def scan(
        self,
        symbol: str,
        as_of: When | None = None,
        weekly_levels: Iterable[float] | float | None = None,
        daily_levels: Iterable[float] | float | None = None,
        *,
        weekly_multiplier: float = 2.0,
        daily_multiplier: float = 0.5,
        atr_multiplier: float = 1.0,
        structure_multiplier: float = 0.5,
        atr_period: int = 14,
        atr_method: Literal["wilder", "ema", "sma"] = "wilder",
        windows: Iterable[int] | int = (7, 14, 30),
        variant: Literal["pivot_boss", "range"] = "pivot_boss",
        pivots_of: Literal["completed", "running"] = "completed",
        percentile: float = 80.0,
        nearest: int | None = None,
        levels: Literal["standard", "classic"] = "standard",
        as_traded: bool = False,
        preset: str | None = None,
    ) -> ScanResult:
        """Where levels of all engines meet.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            weekly_levels: Up to 4 prices in place of the last completed week's high, low, close.
            daily_levels: Up to 6 prices in place of the last completed day's high, low, close.
            weekly_multiplier: Half of a weekly zone's width, in 15-minute ATRs.
            daily_multiplier: Half of a daily zone's width, in 15-minute ATRs.
            atr_multiplier: Half of an ATR zone's width, in 5-minute ATRs.
            structure_multiplier: Half of a structure zone's width, in 5-minute ATRs.
            atr_period: Bars of the ATR.
            atr_method: How the ATR is smoothed.
            windows: Windows of the volume profile, in days back.
            variant: How R5 and R6 are made.
            pivots_of: The last completed week and month, or those that run, as far as they went.
            percentile: A node of the volume profile is at or above this percentile.
            nearest: Only so many zones, those nearest to the price.
            levels: Which scores make L1 to L5: rare ones, or the older tools' numbers.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncConfluenceScanner(AsyncScanner):
    """Where levels of all engines meet."""

    async def scan(
        self,
        symbol: str,
        as_of: When | None = None,
        weekly_levels: Iterable[float] | float | None = None,
        daily_levels: Iterable[float] | float | None = None,
        *,
        weekly_multiplier: float = 2.0,
        daily_multiplier: float = 0.5,
        atr_multiplier: float = 1.0,
        structure_multiplier: float = 0.5,
        atr_period: int = 14,
        atr_method: Literal["wilder", "ema", "sma"] = "wilder",
        windows: Iterable[int] | int = (7, 14, 30),
        variant: Literal["pivot_boss", "range"] = "pivot_boss",
        pivots_of: Literal["completed", "running"] = "completed",
        percentile: float = 80.0,
        nearest: int | None = None,
        levels: Literal["standard", "classic"] = "standard",
        as_traded: bool = False,
        preset: str | None = None,
    ) -> ScanResult:
        """Where levels of all engines meet.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            weekly_levels: Up to 4 prices in place of the last completed week's high, low, close.
            daily_levels: Up to 6 prices in place of the last completed day's high, low, close.
            weekly_multiplier: Half of a weekly zone's width, in 15-minute ATRs.
            daily_multiplier: Half of a daily zone's width, in 15-minute ATRs.
            atr_multiplier: Half of an ATR zone's width, in 5-minute ATRs.
            structure_multiplier: Half of a structure zone's width, in 5-minute ATRs.
            atr_period: Bars of the ATR.
            atr_method: How the ATR is smoothed.
            windows: Windows of the volume profile, in days back.
            variant: How R5 and R6 are made.
            pivots_of: The last completed week and month, or those that run, as far as they went.
            percentile: A node of the volume profile is at or above this percentile.
            nearest: Only so many zones, those nearest to the price.
            levels: Which scores make L1 to L5: rare ones, or the older tools' numbers.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

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
        as_traded: bool = False,
        preset: str | None = None,
    ) -> FractalRun:
        """Swing points and the structure that they make.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            days_back: Calendar days of swings to show; 15 more are read before them.
            fractal_length: Bars of a fractal, an odd number.
            min_atr_distance: ATRs that a swing lies away from the one before it.
            atr_period: Bars of the ATR.
            atr_method: How the ATR is smoothed.
            check_price_overlap: Leave out a swing whose bar overlaps the one before it.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

    def history(
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
        history_days: int = 30,
        as_traded: bool = False,
        preset: str | None = None,
    ) -> FractalHistoryRun:
        """Swing points as `run` showed them at each instant: for backtests without look-ahead.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            days_back: Calendar days of swings to show; 15 more are read before them.
            fractal_length: Bars of a fractal, an odd number.
            min_atr_distance: ATRs that a swing lies away from the one before it.
            atr_period: Bars of the ATR.
            atr_method: How the ATR is smoothed.
            check_price_overlap: Leave out a swing whose bar overlaps the one before it.
            history_days: Calendar days up to as_of: the swings shown in them.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

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
        as_traded: bool = False,
        preset: str | None = None,
    ) -> FractalRun:
        """Swing points and the structure that they make.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            days_back: Calendar days of swings to show; 15 more are read before them.
            fractal_length: Bars of a fractal, an odd number.
            min_atr_distance: ATRs that a swing lies away from the one before it.
            atr_period: Bars of the ATR.
            atr_method: How the ATR is smoothed.
            check_price_overlap: Leave out a swing whose bar overlaps the one before it.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

    async def history(
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
        history_days: int = 30,
        as_traded: bool = False,
        preset: str | None = None,
    ) -> FractalHistoryRun:
        """Swing points as `run` showed them at each instant: for backtests without look-ahead.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            days_back: Calendar days of swings to show; 15 more are read before them.
            fractal_length: Bars of a fractal, an odd number.
            min_atr_distance: ATRs that a swing lies away from the one before it.
            atr_period: Bars of the ATR.
            atr_method: How the ATR is smoothed.
            check_price_overlap: Leave out a swing whose bar overlaps the one before it.
            history_days: Calendar days up to as_of: the swings shown in them.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

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
        windows: Iterable[int] | int = (7, 14, 30),
        include_extended: bool = True,
        levels: int = 100,
        price_step: float | None = None,
        on_ticks: bool = False,
        percentile: float = 80.0,
        prominence: float = 0.005,
        distance: int = 3,
        value_area: float = 0.7,
        value_area_method: Literal["two_row", "one_row"] = "two_row",
        anchors: bool = False,
        exclude_bad_prints: bool = False,
        as_traded: bool = False,
        preset: str | None = None,
    ) -> HvnRun:
        """Volume by price: point of control, value area, nodes.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            windows: Windows of the volume profile, in days back.
            include_extended: Extended hours too.
            levels: Levels from low to high.
            price_step: Dollars of a level, in place of their number.
            on_ticks: Levels on multiples of one price step, the same in every window.
            percentile: A node of the volume profile is at or above this percentile.
            prominence: How far a node stands out, a share of the largest level.
            distance: Levels between two nodes.
            value_area: The share of volume in the value area.
            value_area_method: Rows added at a time to the value area.
            anchors: Beside each profile the point of control of its days as single bars.
            exclude_bad_prints: Leave out minutes with a price that nothing around them confirms.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

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
        windows: Iterable[int] | int = (7, 14, 30),
        include_extended: bool = True,
        levels: int = 100,
        price_step: float | None = None,
        on_ticks: bool = False,
        percentile: float = 80.0,
        prominence: float = 0.005,
        distance: int = 3,
        value_area: float = 0.7,
        value_area_method: Literal["two_row", "one_row"] = "two_row",
        anchors: bool = False,
        exclude_bad_prints: bool = False,
        as_traded: bool = False,
        preset: str | None = None,
    ) -> HvnRun:
        """Volume by price: point of control, value area, nodes.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            windows: Windows of the volume profile, in days back.
            include_extended: Extended hours too.
            levels: Levels from low to high.
            price_step: Dollars of a level, in place of their number.
            on_ticks: Levels on multiples of one price step, the same in every window.
            percentile: A node of the volume profile is at or above this percentile.
            prominence: How far a node stands out, a share of the largest level.
            distance: Levels between two nodes.
            value_area: The share of volume in the value area.
            value_area_method: Rows added at a time to the value area.
            anchors: Beside each profile the point of control of its days as single bars.
            exclude_bad_prints: Leave out minutes with a price that nothing around them confirms.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class CamarillaEngine(SyncEngine):
    """Pivots of the last completed day, week and month, from official daily bars."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        periods: Iterable[Literal["day", "week", "month"]] | Literal["day", "week", "month"] = (
            "day",
            "week",
            "month",
        ),
        variant: Literal["pivot_boss", "range"] = "pivot_boss",
        pivots_of: Literal["completed", "running"] = "completed",
        as_traded: bool = False,
        preset: str | None = None,
    ) -> CamarillaRun:
        """Pivots of the last completed day, week and month, from official daily bars.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            periods: Which completed periods to make levels of.
            variant: How R5 and R6 are made.
            pivots_of: The last completed week and month, or those that run, as far as they went.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncCamarillaEngine(AsyncEngine):
    """Pivots of the last completed day, week and month, from official daily bars."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        periods: Iterable[Literal["day", "week", "month"]] | Literal["day", "week", "month"] = (
            "day",
            "week",
            "month",
        ),
        variant: Literal["pivot_boss", "range"] = "pivot_boss",
        pivots_of: Literal["completed", "running"] = "completed",
        as_traded: bool = False,
        preset: str | None = None,
    ) -> CamarillaRun:
        """Pivots of the last completed day, week and month, from official daily bars.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            periods: Which completed periods to make levels of.
            variant: How R5 and R6 are made.
            pivots_of: The last completed week and month, or those that run, as far as they went.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class ZoneCalculator(SyncEngine):
    """Weekly, daily, ATR and structure zones round the price."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        weekly_levels: Iterable[float] | float | None = None,
        daily_levels: Iterable[float] | float | None = None,
        *,
        weekly_multiplier: float = 2.0,
        daily_multiplier: float = 0.5,
        atr_multiplier: float = 1.0,
        structure_multiplier: float = 0.5,
        atr_period: int = 14,
        atr_method: Literal["wilder", "ema", "sma"] = "wilder",
        as_traded: bool = False,
        preset: str | None = None,
    ) -> ZoneRun:
        """Weekly, daily, ATR and structure zones round the price.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            weekly_levels: Up to 4 prices in place of the last completed week's high, low, close.
            daily_levels: Up to 6 prices in place of the last completed day's high, low, close.
            weekly_multiplier: Half of a weekly zone's width, in 15-minute ATRs.
            daily_multiplier: Half of a daily zone's width, in 15-minute ATRs.
            atr_multiplier: Half of an ATR zone's width, in 5-minute ATRs.
            structure_multiplier: Half of a structure zone's width, in 5-minute ATRs.
            atr_period: Bars of the ATR.
            atr_method: How the ATR is smoothed.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncZoneCalculator(AsyncEngine):
    """Weekly, daily, ATR and structure zones round the price."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        weekly_levels: Iterable[float] | float | None = None,
        daily_levels: Iterable[float] | float | None = None,
        *,
        weekly_multiplier: float = 2.0,
        daily_multiplier: float = 0.5,
        atr_multiplier: float = 1.0,
        structure_multiplier: float = 0.5,
        atr_period: int = 14,
        atr_method: Literal["wilder", "ema", "sma"] = "wilder",
        as_traded: bool = False,
        preset: str | None = None,
    ) -> ZoneRun:
        """Weekly, daily, ATR and structure zones round the price.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            weekly_levels: Up to 4 prices in place of the last completed week's high, low, close.
            daily_levels: Up to 6 prices in place of the last completed day's high, low, close.
            weekly_multiplier: Half of a weekly zone's width, in 15-minute ATRs.
            daily_multiplier: Half of a daily zone's width, in 15-minute ATRs.
            atr_multiplier: Half of an ATR zone's width, in 5-minute ATRs.
            structure_multiplier: Half of a structure zone's width, in 5-minute ATRs.
            atr_period: Bars of the ATR.
            atr_method: How the ATR is smoothed.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class VWAPEngine(SyncEngine):
    """Volume-weighted average price since the session's beginning or an anchor, with bands."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        anchor: str = "session",
        bands: Iterable[float] | float = (1.0, 2.0),
        include_extended: bool = True,
        exclude_bad_prints: bool = False,
        as_traded: bool = False,
    ) -> VwapRun:
        """Volume-weighted average price since the session's beginning or an anchor, with bands.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            anchor: Where it begins: session, week, month, or a date or instant before as_of.
            bands: Bands, in standard deviations from the VWAP.
            include_extended: Extended hours too.
            exclude_bad_prints: Leave out minutes with a price that nothing around them confirms.
            as_traded: Beside each price the one traded that day, before later splits.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncVWAPEngine(AsyncEngine):
    """Volume-weighted average price since the session's beginning or an anchor, with bands."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        anchor: str = "session",
        bands: Iterable[float] | float = (1.0, 2.0),
        include_extended: bool = True,
        exclude_bad_prints: bool = False,
        as_traded: bool = False,
    ) -> VwapRun:
        """Volume-weighted average price since the session's beginning or an anchor, with bands.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            anchor: Where it begins: session, week, month, or a date or instant before as_of.
            bands: Bands, in standard deviations from the VWAP.
            include_extended: Extended hours too.
            exclude_bad_prints: Leave out minutes with a price that nothing around them confirms.
            as_traded: Beside each price the one traded that day, before later splits.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class OpeningRangeEngine(SyncEngine):
    """High and low of the session's first minutes, and when price left them."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        minutes: Iterable[int] | int = (5, 15, 30, 60),
        exclude_bad_prints: bool = False,
        as_traded: bool = False,
    ) -> OpeningRangeRun:
        """High and low of the session's first minutes, and when price left them.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            minutes: Lengths of the range, in minutes from the opening bell on.
            exclude_bad_prints: Leave out minutes with a price that nothing around them confirms.
            as_traded: Beside each price the one traded that day, before later splits.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncOpeningRangeEngine(AsyncEngine):
    """High and low of the session's first minutes, and when price left them."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        minutes: Iterable[int] | int = (5, 15, 30, 60),
        exclude_bad_prints: bool = False,
        as_traded: bool = False,
    ) -> OpeningRangeRun:
        """High and low of the session's first minutes, and when price left them.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            minutes: Lengths of the range, in minutes from the opening bell on.
            exclude_bad_prints: Leave out minutes with a price that nothing around them confirms.
            as_traded: Beside each price the one traded that day, before later splits.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class GapEngine(SyncEngine):
    """Gaps between sessions that are still open."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        edge: Literal["range", "close"] = "range",
        days_back: int = 400,
        as_traded: bool = False,
    ) -> GapRun:
        """Gaps between sessions that are still open.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            edge: From the range of the day before, or from its close to the open.
            days_back: Calendar days of daily bars to look at.
            as_traded: Beside each price the one traded that day, before later splits.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncGapEngine(AsyncEngine):
    """Gaps between sessions that are still open."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        edge: Literal["range", "close"] = "range",
        days_back: int = 400,
        as_traded: bool = False,
    ) -> GapRun:
        """Gaps between sessions that are still open.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            edge: From the range of the day before, or from its close to the open.
            days_back: Calendar days of daily bars to look at.
            as_traded: Beside each price the one traded that day, before later splits.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class PointOfControlEngine(SyncEngine):
    """Points of control that no price came back to, and the session's own as it develops."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        days_back: int = 30,
        price_step: float | None = None,
        include_extended: bool = True,
        exclude_bad_prints: bool = False,
        as_traded: bool = False,
    ) -> PocRun:
        """Points of control that no price came back to, and the session's own as it develops.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            days_back: Calendar days of minutes to look at.
            price_step: Dollars of a level; by the last price where it is not given.
            include_extended: Extended hours too.
            exclude_bad_prints: Leave out minutes with a price that nothing around them confirms.
            as_traded: Beside each price the one traded that day, before later splits.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncPointOfControlEngine(AsyncEngine):
    """Points of control that no price came back to, and the session's own as it develops."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        days_back: int = 30,
        price_step: float | None = None,
        include_extended: bool = True,
        exclude_bad_prints: bool = False,
        as_traded: bool = False,
    ) -> PocRun:
        """Points of control that no price came back to, and the session's own as it develops.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            days_back: Calendar days of minutes to look at.
            price_step: Dollars of a level; by the last price where it is not given.
            include_extended: Extended hours too.
            exclude_bad_prints: Leave out minutes with a price that nothing around them confirms.
            as_traded: Beside each price the one traded that day, before later splits.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class ATREngine(SyncEngine):
    """Average true range of all hours and of regular hours, and the usual range by time of day."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        timeframe: str = "15min",
        period: int = 14,
        method: Literal["wilder", "ema", "sma"] = "wilder",
        sessions: int = 14,
        days_back: int = 30,
        exclude_bad_prints: bool = False,
        as_traded: bool = False,
        preset: str | None = None,
    ) -> AtrRun:
        """Average true range of all hours and of regular hours, and the usual range by time of day.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            period: Bars of the ATR.
            method: How the ATR is smoothed.
            sessions: Sessions of the usual range by time of day.
            days_back: Calendar days of minutes to look at.
            exclude_bad_prints: Leave out minutes with a price that nothing around them confirms.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncATREngine(AsyncEngine):
    """Average true range of all hours and of regular hours, and the usual range by time of day."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        timeframe: str = "15min",
        period: int = 14,
        method: Literal["wilder", "ema", "sma"] = "wilder",
        sessions: int = 14,
        days_back: int = 30,
        exclude_bad_prints: bool = False,
        as_traded: bool = False,
        preset: str | None = None,
    ) -> AtrRun:
        """Average true range of all hours and of regular hours, and the usual range by time of day.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            period: Bars of the ATR.
            method: How the ATR is smoothed.
            sessions: Sessions of the usual range by time of day.
            days_back: Calendar days of minutes to look at.
            exclude_bad_prints: Leave out minutes with a price that nothing around them confirms.
            as_traded: Beside each price the one traded that day, before later splits.
            preset: classic: the older tools' rules; an option that is given as well wins.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class BadPrintEngine(SyncEngine):
    """Bars with a price that nothing around them confirms."""

    def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        timeframe: str = "1min",
        days_back: int = 5,
        as_traded: bool = False,
    ) -> BadPrintRun:
        """Bars with a price that nothing around them confirms.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            days_back: Calendar days of minutes to look at.
            as_traded: Beside each price the one traded that day, before later splits.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """

class AsyncBadPrintEngine(AsyncEngine):
    """Bars with a price that nothing around them confirms."""

    async def run(
        self,
        symbol: str,
        as_of: When | None = None,
        *,
        timeframe: str = "1min",
        days_back: int = 5,
        as_traded: bool = False,
    ) -> BadPrintRun:
        """Bars with a price that nothing around them confirms.

        `as_of` is an instant, now by default and not in the future; nothing in the result was
        incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York
        time. A date, or a word for one, is where that day begins there: a DateWarning says so.
        The bars that it needs are fetched in one request.

        Options:
            timeframe: 1min to 240min.
            days_back: Calendar days of minutes to look at.
            as_traded: Beside each price the one traded that day, before later splits.

        Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
        """
