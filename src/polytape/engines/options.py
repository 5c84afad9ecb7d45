"""The options of every engine: their names, types, defaults and meanings, once.

The client's methods, the requests over HTTP, the commands and the docs are made from these. Light:
nothing here loads numpy, so that the command line starts in a blink.
"""

from typing import Annotated, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

AtrMethod: TypeAlias = Literal["wilder", "ema", "sma"]
Period: TypeAlias = Literal["day", "week", "month"]
PivotVariant: TypeAlias = Literal["pivot_boss", "range"]
PivotsOf: TypeAlias = Literal["completed", "running"]
LevelScale: TypeAlias = Literal["standard", "classic"]
GapEdge: TypeAlias = Literal["range", "close"]
ValueAreaMethod: TypeAlias = Literal["two_row", "one_row"]

MINUTES_BACK_DAYS = 30
WINDOWS = (7, 14, 30)
PERIODS: tuple[Period, ...] = ("day", "week", "month")


def _meaning(text: str) -> Meta:
    return Meta(description=text)


Weekly = Annotated[
    tuple[float, ...] | None,
    _meaning("Up to 4 prices in place of the last completed week's high, low, close."),
]
Daily = Annotated[
    tuple[float, ...] | None,
    _meaning("Up to 6 prices in place of the last completed day's high, low, close."),
]
Variant = Annotated[PivotVariant, _meaning("How R5 and R6 are made.")]
Windows = Annotated[tuple[int, ...], _meaning("Windows of the volume profile, in days back.")]
Running = Annotated[
    PivotsOf, _meaning("The last completed week and month, or those that run, as far as they went.")
]
Percentile = Annotated[
    float, _meaning("A node of the volume profile is at or above this percentile.")
]
ExcludeBadPrints = Annotated[
    bool, _meaning("Leave out minutes with a price that nothing around them confirms.")
]


class EngineOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Options of one engine. The first `POSITIONAL` of them may be given by position in Python."""

    POSITIONAL: ClassVar[int] = 0


class NoOptions(EngineOptions, frozen=True):
    """None at all."""


class LevelOptions(EngineOptions, frozen=True, kw_only=True):
    """Those of every engine that gives prices. By keyword, after the engine's own."""

    as_traded: Annotated[
        bool, _meaning("Beside each price the one traded that day, before later splits.")
    ] = False


class PresetOptions(LevelOptions, frozen=True, kw_only=True):
    """Those of an engine that has options by one word: `engines.presets` says which."""

    preset: Annotated[
        str | None,
        _meaning("classic: the older tools' rules; an option that is given as well wins."),
    ] = None


class ZoneOptions(PresetOptions, frozen=True):
    """Those of the zones."""

    POSITIONAL: ClassVar[int] = 2

    weekly_levels: Weekly = None
    daily_levels: Daily = None
    weekly_multiplier: Annotated[
        float, _meaning("Half of a weekly zone's width, in 15-minute ATRs.")
    ] = 2.0
    daily_multiplier: Annotated[
        float, _meaning("Half of a daily zone's width, in 15-minute ATRs.")
    ] = 0.5
    atr_multiplier: Annotated[float, _meaning("Half of an ATR zone's width, in 5-minute ATRs.")] = (
        1.0
    )
    structure_multiplier: Annotated[
        float, _meaning("Half of a structure zone's width, in 5-minute ATRs.")
    ] = 0.5
    atr_period: Annotated[int, _meaning("Bars of the ATR.")] = 14
    atr_method: Annotated[AtrMethod, _meaning("How the ATR is smoothed.")] = "wilder"


class ScanOptions(ZoneOptions, frozen=True):
    """Those of the scanner: of the zones that it makes, and its own."""

    windows: Windows = WINDOWS
    variant: Variant = "pivot_boss"
    pivots_of: Running = "completed"
    percentile: Percentile = 80.0
    nearest: Annotated[int | None, _meaning("Only so many zones, those nearest to the price.")] = (
        None
    )
    levels: Annotated[
        LevelScale, _meaning("Which scores make L1 to L5: rare ones, or the older tools' numbers.")
    ] = "standard"


class FractalOptions(PresetOptions, frozen=True):
    """Those of the fractals."""

    timeframe: Annotated[str, _meaning("1min to 240min.")] = "15min"
    days_back: Annotated[
        int, _meaning("Calendar days of swings to show; 15 more are read before them.")
    ] = MINUTES_BACK_DAYS
    fractal_length: Annotated[int, _meaning("Bars of a fractal, an odd number.")] = 11
    min_atr_distance: Annotated[
        float, _meaning("ATRs that a swing lies away from the one before it.")
    ] = 1.0
    atr_period: Annotated[int, _meaning("Bars of the ATR.")] = 14
    atr_method: Annotated[AtrMethod, _meaning("How the ATR is smoothed.")] = "wilder"
    check_price_overlap: Annotated[
        bool, _meaning("Leave out a swing whose bar overlaps the one before it.")
    ] = True


class FractalHistoryOptions(FractalOptions, frozen=True):
    """Those of the history of the fractals."""

    history_days: Annotated[
        int, _meaning("Calendar days up to as_of: the swings shown in them.")
    ] = MINUTES_BACK_DAYS


class HvnOptions(PresetOptions, frozen=True):
    """Those of the volume profile."""

    timeframe: Annotated[str, _meaning("1min to 240min.")] = "5min"
    windows: Windows = WINDOWS
    include_extended: Annotated[bool, _meaning("Extended hours too.")] = True
    levels: Annotated[int, _meaning("Levels from low to high.")] = 100
    price_step: Annotated[
        float | None, _meaning("Dollars of a level, in place of their number.")
    ] = None
    on_ticks: Annotated[
        bool, _meaning("Levels on multiples of one price step, the same in every window.")
    ] = False
    percentile: Percentile = 80.0
    prominence: Annotated[
        float, _meaning("How far a node stands out, a share of the largest level.")
    ] = 0.005
    distance: Annotated[int, _meaning("Levels between two nodes.")] = 3
    value_area: Annotated[float, _meaning("The share of volume in the value area.")] = 0.70
    value_area_method: Annotated[
        ValueAreaMethod, _meaning("Rows added at a time to the value area.")
    ] = "two_row"
    anchors: Annotated[
        bool, _meaning("Beside each profile the point of control of its days as single bars.")
    ] = False
    exclude_bad_prints: ExcludeBadPrints = False


class CamarillaOptions(PresetOptions, frozen=True):
    """Those of the pivots."""

    periods: Annotated[
        tuple[Period, ...], _meaning("Which completed periods to make levels of.")
    ] = PERIODS
    variant: Variant = "pivot_boss"
    pivots_of: Running = "completed"


class VwapOptions(LevelOptions, frozen=True):
    """Those of the VWAP."""

    anchor: Annotated[
        str, _meaning("Where it begins: session, week, month, or a date or instant before as_of.")
    ] = "session"
    bands: Annotated[
        tuple[float, ...], _meaning("Bands, in standard deviations from the VWAP.")
    ] = (1.0, 2.0)
    include_extended: Annotated[bool, _meaning("Extended hours too.")] = True
    exclude_bad_prints: ExcludeBadPrints = False


class OpeningRangeOptions(LevelOptions, frozen=True):
    """Those of the opening range."""

    minutes: Annotated[
        tuple[int, ...], _meaning("Lengths of the range, in minutes from the opening bell on.")
    ] = (5, 15, 30, 60)
    exclude_bad_prints: ExcludeBadPrints = False


class GapOptions(LevelOptions, frozen=True):
    """Those of the open gaps."""

    edge: Annotated[
        GapEdge, _meaning("From the range of the day before, or from its close to the open.")
    ] = "range"
    days_back: Annotated[int, _meaning("Calendar days of daily bars to look at.")] = 400


class PocOptions(LevelOptions, frozen=True):
    """Those of the points of control."""

    days_back: Annotated[int, _meaning("Calendar days of minutes to look at.")] = MINUTES_BACK_DAYS
    price_step: Annotated[
        float | None, _meaning("Dollars of a level; by the last price where it is not given.")
    ] = None
    include_extended: Annotated[bool, _meaning("Extended hours too.")] = True
    exclude_bad_prints: ExcludeBadPrints = False


class AtrOptions(PresetOptions, frozen=True):
    """Those of the ATRs."""

    timeframe: Annotated[str, _meaning("1min to 240min.")] = "15min"
    period: Annotated[int, _meaning("Bars of the ATR.")] = 14
    method: Annotated[AtrMethod, _meaning("How the ATR is smoothed.")] = "wilder"
    sessions: Annotated[int, _meaning("Sessions of the usual range by time of day.")] = 14
    days_back: Annotated[int, _meaning("Calendar days of minutes to look at.")] = MINUTES_BACK_DAYS
    exclude_bad_prints: ExcludeBadPrints = False


class BadPrintOptions(LevelOptions, frozen=True):
    """Those of the bad prints."""

    timeframe: Annotated[str, _meaning("1min to 240min.")] = "1min"
    days_back: Annotated[int, _meaning("Calendar days of minutes to look at.")] = 5
