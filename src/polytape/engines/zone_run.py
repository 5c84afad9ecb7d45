"""The zones of a symbol at one instant: the bars that they need, and what is made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from polytape.engines.as_of import AsOfBars, bars_as_of, stale
from polytape.engines.atr import atr
from polytape.engines.flow import EngineFlow
from polytape.engines.options import ZoneOptions
from polytape.engines.result import Result, iso_minutes
from polytape.engines.zones import Anchors, Zone, ZoneInputs, overnight
from polytape.model.market import Market
from polytape.model.timestamps import iso, to_datetime


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
        return f"{self.symbol} at {iso_minutes(self.as_of)}: {list(self.zones)!r}"


def zone_flow(symbol: str, as_of: int, market: Market, options: ZoneOptions) -> EngineFlow[ZoneRun]:
    """Weekly, daily, ATR and structure zones round the price at `as_of` (microseconds UTC).

    Raises: ValidationError.
    """
    known = yield from bars_as_of(symbol, as_of, market)
    return zones_at(symbol, known, options.weekly_levels, options.daily_levels)


def zones_at(
    symbol: str,
    known: AsOfBars,
    weekly_levels: Sequence[float] | None = None,
    daily_levels: Sequence[float] | None = None,
) -> ZoneRun:
    """The zones that can be made; `notes` say what is missing for the others.

    Raises: ValidationError for bad levels or bars.
    """
    notes = [] if known.price is not None else [f"no minute bar before {iso(known.as_of)}"]
    ranges = {}
    for name, bars in (
        ("atr_5min", known.fives),
        ("atr_15min", known.quarters),
        ("atr_day", known.days),
    ):
        reading = atr(bars)
        ranges[name] = reading.last
        if reading.last is None:
            counts = f"{reading.needed} complete bars, there are {len(reading.values)}"
            notes.append(f"{name} needs {counts}")
    zones = _inputs(known, ranges).zones(weekly_levels, daily_levels)
    notes += stale(known.days, known.as_of, known.market)
    return ZoneRun(
        symbol, to_datetime(known.as_of), known.price, **ranges, zones=zones, notes=tuple(notes)
    )


def _inputs(known: AsOfBars, ranges: dict[str, float | None]) -> ZoneInputs:
    return ZoneInputs(
        price=known.price,
        **ranges,
        day=Anchors.of(known.last("day")),
        week=Anchors.of(known.last("week")),
        night=overnight(known.minutes, known.as_of, known.market),
    )
