"""The five tools: what each needs, asked for once, and what it makes of it.

Each is a generator that yields the questions it has, is sent their bars, and returns its result;
the client's classes, the gateway's routes and the scan of many symbols drive the same ones. All
that is used was complete at `as_of` (microseconds UTC).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from polytape.engines.atr import atr
from polytape.engines.camarilla import Camarilla, Period, Variant, camarilla_of, last_period
from polytape.engines.fractals import Fractals, fractals
from polytape.engines.result import EngineFlow, Result
from polytape.engines.session import complete
from polytape.engines.validation import is_number
from polytape.engines.volume_profile import VolumeProfile, volume_profile
from polytape.engines.zones import (
    Anchors,
    Zone,
    atr_zones,
    daily_zones,
    overnight,
    structure_zones,
    weekly_zones,
)
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.newyork import date_of, iso, midnight, to_datetime
from polytape.model.query import BarsQuery
from polytape.model.resample import resample
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe, parse_timeframe

R = TypeVar("R")
Tool: TypeAlias = Callable[..., EngineFlow[Any]]

MINUTES_BACK_DAYS, DAYS_BACK_DAYS = 30, 400
WINDOWS = (7, 14, 30)
MOST_DAYS_BACK = 3_660
PERIODS: tuple[Period, ...] = ("day", "week", "month")


@dataclass(frozen=True, repr=False)
class FractalRun(Result):
    """The swings of a symbol at one instant."""

    symbol: str
    as_of: datetime
    timeframe: str
    fractals: Fractals
    notes: tuple[str, ...] = ()

    def rows(self) -> Any:
        """A row for each swing."""
        return self.fractals.rows()

    def __repr__(self) -> str:
        return f"{self.symbol} {self.timeframe} at {iso_of(self.as_of)}: {self.fractals!r}"


@dataclass(frozen=True, repr=False)
class HvnRun(Result):
    """The profiles of a symbol at one instant, by days back."""

    symbol: str
    as_of: datetime
    timeframe: str
    profiles: dict[int, VolumeProfile]
    notes: tuple[str, ...] = ()

    def rows(self) -> list[dict[str, object]]:
        """A row for each high-volume node."""
        return [
            {"window": days, "price": node.price, "rank": node.rank, "volume": node.volume,
             "share": node.share, "width": node.width}
            for days, profile in self.profiles.items() for node in profile.hvns
        ]  # fmt: skip

    def __repr__(self) -> str:
        told = "; ".join(f"{days}d {profile!r}" for days, profile in self.profiles.items())
        return f"{self.symbol} at {iso_of(self.as_of)}: {told}"


@dataclass(frozen=True, repr=False)
class CamarillaRun(Result):
    """The pivots of a symbol at one instant, by period."""

    symbol: str
    as_of: datetime
    pivots: dict[Period, Camarilla]
    notes: tuple[str, ...] = ()

    def rows(self) -> list[dict[str, object]]:
        """A row for each level."""
        return [
            {"period": period, **row} for period, made in self.pivots.items() for row in made.rows()
        ]

    def __repr__(self) -> str:
        return f"{self.symbol} at {iso_of(self.as_of)}: {list(self.pivots.values())!r}"


@dataclass(frozen=True, repr=False)
class ZoneRun(Result):
    """The zones of a symbol at one instant; ATRs and the price in dollars, None where unknown."""

    symbol: str
    as_of: datetime
    price: float | None
    atr_5min: float | None
    atr_15min: float | None
    atr_day: float | None
    zones: tuple[Zone, ...]
    notes: tuple[str, ...] = ()

    def rows(self) -> tuple[Zone, ...]:
        """A row for each zone."""
        return self.zones

    def __repr__(self) -> str:
        return f"{self.symbol} at {iso_of(self.as_of)}: {list(self.zones)!r}"


def fractal_run(
    symbol: str, as_of: int, *, market: Market, timeframe: str | Timeframe = "15min",
    days_back: int = MINUTES_BACK_DAYS, **options: Any,
) -> EngineFlow[FractalRun]:  # fmt: skip
    """Swings of the last `days_back` calendar days; `options` are those of `fractals`."""
    frame = _intraday(timeframe)
    (minutes,) = yield (minutes_before(symbol, as_of, days_back),)
    bars = bars_at(minutes, frame, as_of, market)
    found = fractals(bars, timeframe=frame, **options)
    return FractalRun(symbol, to_datetime(as_of), frame.value, found, few(found.bars, found.needed))


def hvn_run(
    symbol: str, as_of: int, *, market: Market, timeframe: str | Timeframe = "5min",
    windows: Sequence[int] = WINDOWS, include_extended: bool = True, **options: Any,
) -> EngineFlow[HvnRun]:  # fmt: skip
    """Profiles of windows of days back from `as_of`; `options` are those of `volume_profile`."""
    frame, sizes = _intraday(timeframe), parse_windows(windows)
    (minutes,) = yield (minutes_before(symbol, as_of, sizes[-1]),)
    bars = bars_at(minutes, frame, as_of, market, include_extended=include_extended)
    profiles = {days: volume_profile(window(bars, as_of, days), **options) for days in sizes}
    bare = tuple(f"no volume in {d} days" for d, made in profiles.items() if made.poc is None)
    return HvnRun(symbol, to_datetime(as_of), frame.value, profiles, bare)


def camarilla_run(
    symbol: str, as_of: int, *, market: Market, periods: Sequence[Period] = PERIODS,
    variant: Variant = "pivot_boss",
) -> EngineFlow[CamarillaRun]:  # fmt: skip
    """Pivots of the last completed day, week and month."""
    (days,) = yield (days_before(symbol, as_of),)
    held: dict[Period, Camarilla] = {}
    notes = []
    for period in periods:
        try:
            made = camarilla_of(days, period, as_of, market, variant=variant)
        except ValidationError as error:
            # An auction may close outside the day's regular range: that period has no levels.
            if error.param != "close":
                raise
            notes.append(f"no pivots of the last {period}: {error}")
            continue
        if made is None:
            notes.append(f"no completed {period} in the daily bars")
        else:
            held[period] = made
    return CamarillaRun(symbol, to_datetime(as_of), held, (*notes, *stale(days, as_of, market)))


def zone_run(
    symbol: str, as_of: int, *, market: Market,
    weekly_levels: Sequence[float] | None = None, daily_levels: Sequence[float] | None = None,
) -> EngineFlow[ZoneRun]:  # fmt: skip
    """Weekly, daily, ATR and structure zones round the price at `as_of`."""
    minutes, days = yield minutes_before(symbol, as_of), days_before(symbol, as_of)
    return zones_at(symbol, AsOfBars(minutes, days, as_of, market), weekly_levels, daily_levels)


class AsOfBars:
    """What was complete at an instant, each longer bar made once."""

    def __init__(self, minutes: Bars, days: Bars, as_of: int, market: Market) -> None:
        self.minutes = complete(minutes, Timeframe.MIN_1, as_of)
        self.days = complete(days, Timeframe.DAY, as_of)
        self.as_of = as_of
        self.market = market

    @cached_property
    def fives(self) -> Bars:
        """5-minute bars."""
        return bars_at(self.minutes, Timeframe.MIN_5, self.as_of, self.market)

    @cached_property
    def quarters(self) -> Bars:
        """15-minute bars."""
        return bars_at(self.minutes, Timeframe.MIN_15, self.as_of, self.market)


def zones_at(
    symbol: str,
    known: AsOfBars,
    weekly_levels: Sequence[float] | None = None,
    daily_levels: Sequence[float] | None = None,
) -> ZoneRun:
    """The zones that can be made; what is missing for the others stands in `notes`."""
    price = float(known.minutes.close[-1]) if len(known.minutes) else None
    notes = [] if price is not None else [f"no minute bar before {iso(known.as_of)}"]
    run = ZoneRun(
        symbol,
        to_datetime(known.as_of),
        price,
        _atr(known.fives, "atr_5min", notes),
        _atr(known.quarters, "atr_15min", notes),
        _atr(known.days, "atr_day", notes),
        (),
    )
    made = _zones(run, known, weekly_levels, daily_levels)
    behind = stale(known.days, known.as_of, known.market)
    return replace(run, zones=made, notes=(*notes, *behind))


def _zones(
    run: ZoneRun, known: AsOfBars, weekly_levels: Sequence[float] | None,
    daily_levels: Sequence[float] | None,
) -> tuple[Zone, ...]:  # fmt: skip
    if run.price is None:
        return ()
    day, week = (_anchors(known, period) for period in ("day", "week"))
    found: list[Zone] = []
    if run.atr_15min is not None:
        found += weekly_zones(run.price, run.atr_15min, levels=weekly_levels, week=week)
        found += daily_zones(run.price, run.atr_15min, levels=daily_levels, day=day)
    if run.atr_day is not None and run.atr_5min is not None:
        found += atr_zones(run.price, run.atr_day, run.atr_5min)
    if run.atr_5min is not None:
        night = overnight(known.minutes, known.as_of, known.market)
        found += structure_zones(run.price, run.atr_5min, day=day, overnight=night)
    return tuple(found)


def _anchors(known: AsOfBars, period: Period) -> Anchors:
    found = last_period(known.days, period, known.as_of, known.market)
    return Anchors() if found is None else Anchors.of(found[0])


def minutes_before(symbol: str, as_of: int, days: int = MINUTES_BACK_DAYS) -> BarsQuery:
    """The minutes of so many calendar days before an instant, whole days but for its own."""
    if not is_number(days, whole=True) or not 1 <= days <= MOST_DAYS_BACK:
        raise ValidationError("days_back", days, f"1 to {MOST_DAYS_BACK} days")
    first = midnight(date_of(as_of) - timedelta(days=int(days)))
    return BarsQuery(symbol, Timeframe.MIN_1, Span(first, as_of))


def parse_windows(windows: object) -> tuple[int, ...]:
    """Sizes in days, each once, the shortest first. Raises ValidationError."""
    several = list(windows) if isinstance(windows, Iterable) else []
    sound = all(is_number(days, whole=True) and 1 <= days <= MOST_DAYS_BACK for days in several)
    if not several or not sound:
        raise ValidationError("windows", windows, f"numbers of days, 1 to {MOST_DAYS_BACK}")
    return tuple(sorted(set(several)))


def days_before(symbol: str, as_of: int) -> BarsQuery:
    """The daily bars of the days before that of an instant."""
    day = date_of(as_of)
    first = midnight(day - timedelta(days=DAYS_BACK_DAYS))
    return BarsQuery(symbol, Timeframe.DAY, Span(first, midnight(day)))


def bars_at(
    minutes: Bars, frame: Timeframe, as_of: int, market: Market, *,
    include_extended: bool = True,
) -> Bars:  # fmt: skip
    """Longer bars that were complete at an instant."""
    made = resample(minutes, frame, market=market, include_extended=include_extended)
    return complete(made, frame, as_of)


def window(bars: Bars, as_of: int, days: int) -> Bars:
    """The bars that start in the last so many calendar days."""
    return bars.within(minutes_before("", as_of, days).span)


def stale(days: Bars, as_of: int, market: Market) -> tuple[str, ...]:
    """A note where the last daily bar is not of the last session before `as_of`."""
    before = market.session_before(date_of(as_of))
    if not len(days):
        return ("no daily bar before it",)
    last = date_of(int(days.timestamp[-1]))
    if before is None or last >= before.day:
        return ()
    return (f"the last daily bar is of {last}, the last session was on {before.day}",)


def few(held: int, needed: int) -> tuple[str, ...]:
    """A note where there are too few bars."""
    return () if held >= needed else (f"{held} bars, {needed} are needed",)


def iso_of(moment: datetime) -> str:
    """An instant without fractions of a second."""
    return moment.isoformat(timespec="minutes").replace("+00:00", "Z")


def _intraday(timeframe: str | Timeframe) -> Timeframe:
    frame = parse_timeframe(timeframe)
    if frame.minutes is None:
        raise ValidationError("timeframe", timeframe, "1min to 240min")
    return frame


def _atr(bars: Bars, name: str, notes: list[str]) -> float | None:
    found = atr(bars)
    if found.last is None:
        notes.append(f"{name} needs {found.needed} complete bars, there are {len(found.values)}")
    return found.last
