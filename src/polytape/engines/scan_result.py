"""What a scan gives: zones of confluence, and what their picture shows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Self

from polytape.engines import result
from polytape.engines.confluence import ConfluenceZone, HoldRate
from polytape.engines.fractals import Structure, Swing
from polytape.engines.holes import named_once
from polytape.engines.options import LevelScale
from polytape.engines.rates import Calibration, LevelRates
from polytape.engines.validation import require
from polytape.engines.volume_profile import VolumeProfile
from polytape.model.bars import Bars
from polytape.model.basis import Basis


@dataclass(frozen=True, eq=False, repr=False)
class ScanResult(result.EngineRunResult):
    """The zones of a symbol at one instant. Dollars; ATRs are Wilder 14 and, with the price, None
    where unknown.

    `errors` names each source that gave nothing, or less than it should, and why; the others count.
    `bars` (15 minutes), `profile` (of the longest window) and `swings` are what `plot` draws.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = (
        *("symbol", "as_of", "price"),
        *(name for name in result.names_of(ConfluenceZone) if name != "rate"),
        *("held", "random_held"),
    )

    symbol: str
    as_of: datetime
    price: float | None
    atr_5min: float | None
    atr_15min: float | None
    atr_day: float | None
    low: float | None = None
    high: float | None = None
    zones: tuple[ConfluenceZone, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    structure: Structure = "INSUFFICIENT_DATA"
    errors: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    scale: LevelScale = "standard"
    swings: tuple[Swing, ...] = ()
    profile: VolumeProfile | None = field(default=None, repr=False)
    bars: Bars | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, but for what is only there to be drawn."""
        drawn = {"swings", "profile", "bars"}
        bare = result.EngineRunResult.to_dict(replace(self, swings=(), profile=None, bars=None))
        return {name: value for name, value in bare.items() if name not in drawn}

    def standing_on(self, basis: Basis) -> Self:
        """The same with the basis of its bars."""
        errors = {name: named_once(why, basis) for name, why in self.errors.items()}
        return replace(result.EngineRunResult.standing_on(self, basis), errors=errors)

    def with_rates(self, calibrations: Iterable[Calibration]) -> Self:
        """The same, each zone with the rate of its level by the first calibration of the symbol,
        None where there is none.

        Raises: ValidationError where that one is of other levels.
        """
        rates = hold_rates(calibrations, self.symbol, self.scale)
        zones = (replace(zone, rate=rates.get(zone.level)) for zone in self.zones)
        return replace(self, zones=tuple(zones))

    def _columns(self) -> tuple[str, ...]:
        # The level of a zone of confluence is a name, L1 to L5: no price.
        return tuple(name for name in super()._columns() if name != "level_as_traded")

    def rows(self) -> Iterator[dict[str, object]]:
        """A row for each zone."""
        for zone in self.zones:
            row = {"symbol": self.symbol, "as_of": self.as_of, "price": self.price}
            row |= result.plain(zone)
            row["parts"] = ", ".join(part.name for part in zone.parts)
            row["candle"] = None if zone.candle is None else zone.candle.datetime
            row["families"], row["votes"] = ", ".join(zone.families), ", ".join(zone.votes)
            del row["rate"]
            row["held"] = None if zone.rate is None else result.plain(zone.rate.share)
            row["random_held"] = None if zone.rate is None else result.plain(zone.rate.random)
            yield row

    def __repr__(self) -> str:
        price = "no price" if self.price is None else f"{self.price:.2f}"
        lines = [f"{self.symbol} {price} at {self._when}, {self.structure}"]
        lines += [line for zone in self.zones for line in self._zone_lines(zone)]
        lines += [f"  {name}: {why}" for name, why in self.errors.items()]
        return self._shown("\n".join([*lines, *(f"  {note}" for note in self.notes)]))

    def _zone_lines(self, zone: ConfluenceZone) -> list[str]:
        """`L5 323.80-324.64 (resistance, score 21.6, +1.0 ATR)`, then what voted for it, then the
        rate of its level and its prices as traded, where these are wanted.
        """
        below = [", ".join(zone.votes)]
        if zone.rate is not None:
            below.append(zone.rate.text())
        if self.as_traded and self.split_factor is not None:
            below.append(f"as traded {zone.span_text(self.split_factor)}")
        return [f"  {zone.heading}", *(f"     {line}" for line in below)]


def hold_rates(calibrations: Iterable[Calibration], symbol: str, scale: str) -> dict[str, HoldRate]:
    """How often zones of each level held, by the first calibration of a symbol; empty where there
    is none.

    Raises: ValidationError where that one is of other levels than `scale`.
    """
    mine = next((one for one in calibrations if symbol in one.symbols), None)
    if mine is None:
        return {}
    allowed = f"rates of {scale} levels, as `polytape calibrate --levels {scale}` makes them"
    require("rates", mine.scale, mine.scale == scale, allowed)
    return {one.level: _hold_rate(one) for one in mine.levels}


def _hold_rate(rates: LevelRates) -> HoldRate:
    mine, gap = rates.held, rates.hold_difference
    return HoldRate(mine.rate, mine.of, rates.random_hold_rate.rate, gap.joint_low, gap.joint_high)
