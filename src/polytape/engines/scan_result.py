"""What a scan gives: zones of confluence, and what their picture shows."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from polytape.engines.confluence import ConfluenceZone
from polytape.engines.fractals import Structure, Swing
from polytape.engines.result import Result, iso_minutes, plain
from polytape.engines.volume_profile import VolumeProfile
from polytape.model.bars import Bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class ScanResult(Result):
    """The zones of a symbol at one instant. Dollars; ATRs are Wilder 14 and, with the price, None
    where unknown.

    `errors` names each source that gave nothing, or less than it should, and why; the others count.
    `bars` (15 minutes), `profile` (of the longest window) and `swings` are what `plot` draws.
    """

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
    swings: tuple[Swing, ...] = ()
    profile: VolumeProfile | None = field(default=None, repr=False)
    bars: Bars | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, but for what is only there to be drawn."""
        drawn = {"swings", "profile", "bars"}
        return {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.name not in drawn}

    def rows(self) -> Iterator[dict[str, object]]:
        """A row for each zone."""
        for zone in self.zones:
            row = {"symbol": self.symbol, "as_of": self.as_of, "price": self.price, **plain(zone)}
            row["parts"] = ", ".join(part.name for part in zone.parts)
            row["candle"] = None if zone.candle is None else zone.candle.datetime
            row["families"], row["votes"] = ", ".join(zone.families), ", ".join(zone.votes)
            yield row

    def plot(self, path: str | None = None) -> "Figure":
        """Candles, zones, swings and the profile at the side, as a matplotlib figure; written to
        `path` where one is given. Needs `pip install 'polytape[plot]'`.

        Raises: ConfigurationError where matplotlib is missing.
        """
        # By name: pictures stand on results, and only who draws loads them.
        figure: Figure = import_module("polytape.plot.scan").draw_scan(self, path)
        return figure

    def __repr__(self) -> str:
        price = "no price" if self.price is None else f"{self.price:.2f}"
        lines = [f"{self.symbol} {price} at {iso_minutes(self.as_of)}, {self.structure}"]
        lines += [f"  {zone!r}" for zone in self.zones]
        lines += [f"  {name}: {why}" for name, why in self.errors.items()]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])
