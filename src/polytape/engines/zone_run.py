"""The zones of a symbol at one instant: the bars that they need, and what is made of them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from polytape.engines import result
from polytape.engines.as_of import AsOfBars, bars_as_of, stale
from polytape.engines.atr import atr
from polytape.engines.drawn import Drawn
from polytape.engines.flow import EngineFlow
from polytape.engines.options import Period, ZoneOptions
from polytape.engines.zones import USUAL, Anchors, Zone, ZoneInputs, overnight
from polytape.model import timestamps
from polytape.model.market import Market
from polytape.model.timeframes import Timeframe


@dataclass(frozen=True, eq=False, repr=False)
class ZoneRun(result.EngineRunResult):
    """The zones of a symbol at one instant; ATRs and the price in dollars, None where unknown."""

    COLUMNS: ClassVar[tuple[str, ...]] = result.names_of(Zone)

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
        head = f"{self.symbol} at {self._when}:"
        zones = (f"{zone!r}{' inside' if self.is_inside(zone) else ''}" for zone in self.zones)
        return self._shown("\n  ".join([head, *zones]))

    def is_inside(self, zone: Zone) -> bool:
        """Whether the price lies in a zone."""
        return self.price is not None and zone.holds(self.price)


def zone_flow(symbol: str, as_of: int, market: Market, options: ZoneOptions) -> EngineFlow[ZoneRun]:
    """Weekly, daily, ATR and structure zones round the price at `as_of` (microseconds UTC).

    Raises: ValidationError.
    """
    known = yield from bars_as_of(symbol, as_of, market)
    drawn = Drawn.of(known.quarters, Timeframe.MIN_15)
    return replace(zones_at(symbol, known, options), drawn=drawn)


def zones_at(
    symbol: str,
    known: AsOfBars,
    options: ZoneOptions = USUAL,
) -> ZoneRun:
    """The zones that can be made; `notes` say what is missing for the others.

    Raises: ValidationError for bad levels, multipliers or bars.
    """
    ranges, notes = _ranges(known, options)
    if known.price is None:
        notes = [f"no minute bar before {result.new_york(known.as_of)}", *notes]
    else:
        notes += stale(known.minutes, known.as_of, known.market, "minute")
    day, lacks = _anchors(known, "day")
    week, without_week = _anchors(known, "week")
    inputs = ZoneInputs(known.price, **ranges, day=day, week=week, night=_night(known))
    notes += [*lacks, *([] if options.weekly_levels else without_week)]
    return ZoneRun(
        symbol,
        timestamps.to_datetime(known.as_of),
        known.price,
        ranges["atr_5min"],
        ranges["atr_15min"],
        ranges["atr_day"],
        zones=inputs.zones(options),
        notes=(*notes, *stale(known.days, known.as_of, known.market)),
    )


def _ranges(known: AsOfBars, options: ZoneOptions) -> tuple[dict[str, float | None], list[str]]:
    """The ATRs by name, None with too few bars; and notes on those, and on what they run over."""
    ranges: dict[str, float | None] = {}
    notes: list[str] = []
    holes: dict[str, list[str]] = {}
    for name, bars in (
        ("atr_5min", known.fives),
        ("atr_15min", known.quarters),
        ("atr_day", known.days),
    ):
        reading = atr(
            bars, period=options.atr_period, method=options.atr_method, market=known.market
        )
        ranges[name] = reading.last
        if reading.last is None:
            counts = f"{reading.needed} complete bars, there are {len(reading.values)}"
            notes.append(f"{name} needs {counts}")
        for note in reading.notes:
            holes.setdefault(note, []).append(name)
    return ranges, [*notes, *(f"{', '.join(names)}: {note}" for note, names in holes.items())]


def _anchors(known: AsOfBars, period: Period) -> tuple[Anchors, list[str]]:
    """High, low and close of the last completed day or week; none, and a note, where one of its
    sessions has no bar.
    """
    completed = known.last(period)
    if completed is None:
        return Anchors(), []
    if completed.missing:
        letter = period[0].upper()
        return Anchors(), [f"no P{letter}H, P{letter}L, P{letter}C: {completed.hole}"]
    return Anchors.of(completed.bars), []


def _night(known: AsOfBars) -> Anchors:
    return overnight(known.minutes, known.as_of, known.market)
