"""The VWAP of a symbol at one instant: the bars that it needs, and what is made of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import numpy as np

from polytape.engines import result, validation
from polytape.engines.anchors import anchor_at
from polytape.engines.drawn import Drawn
from polytape.engines.flow import EngineFlow
from polytape.engines.minutes import minutes_since
from polytape.engines.options import VwapOptions
from polytape.engines.vwap import Vwap, vwap
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.timestamps import to_datetime


@dataclass(frozen=True)
class VwapLevel(result.Result):
    """The VWAP, or a band: so many standard deviations above it, below 0 under it. In dollars."""

    name: str
    deviations: float
    price: float


@dataclass(frozen=True, eq=False, repr=False)
class VwapRun(result.EngineRunResult):
    """The VWAP of a symbol at one instant since `anchor` (UTC). Prices in dollars, None without
    volume; `levels` from the highest down; `own_share` is the share of the bars whose own vwap
    counted.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = result.names_of(VwapLevel)

    symbol: str
    as_of: datetime
    anchor: datetime
    price: float | None
    vwap: float | None
    deviation: float | None
    levels: tuple[VwapLevel, ...]
    bars: int
    own_share: float | None
    notes: tuple[str, ...] = ()

    def rows(self) -> tuple[VwapLevel, ...]:
        """A row for each level."""
        return self.levels

    def __repr__(self) -> str:
        what = "no volume" if self.vwap is None else f"{self.vwap:.2f} (SD {self.deviation:.2f})"
        since = result.shown_at(self.anchor)
        head = f"{self.symbol} at {self._when}"
        return self._shown(f"{head}: VWAP {what} since {since}")


def vwap_flow(symbol: str, as_of: int, market: Market, options: VwapOptions) -> EngineFlow[VwapRun]:
    """VWAP and bands at `as_of` (microseconds UTC) from the minutes since the anchor.

    Raises: ValidationError.
    """
    multiples = _multiples(options.bands)
    anchor = anchor_at(options.anchor, as_of, market)
    minutes = yield from minutes_since(
        symbol, anchor, as_of, market, exclude_bad_prints=options.exclude_bad_prints
    )
    bars, notes = minutes.bars, minutes.notes
    reading = vwap(bars, anchor=anchor, include_extended=options.include_extended, market=market)
    mean = reading.last
    return VwapRun(
        symbol=symbol,
        as_of=to_datetime(as_of),
        anchor=to_datetime(anchor),
        price=minutes.price,
        vwap=mean,
        deviation=reading.deviation,
        levels=_levels(reading, multiples),
        bars=len(bars),
        own_share=float(reading.own.mean()) if len(bars) else None,
        notes=notes if mean is not None else (*notes, f"no volume since {result.new_york(anchor)}"),
        drawn=_drawn(bars, reading, multiples, as_of, market),
    )


def _drawn(
    bars: Bars, reading: Vwap, multiples: tuple[float, ...], as_of: int, market: Market
) -> Drawn:
    """The bars with the VWAP and its bands over them."""
    lines = {"VWAP": reading.values}
    for multiple in multiples:
        lines[f"VWAP {-multiple:+g} SD"], lines[f"VWAP {multiple:+g} SD"] = reading.band(multiple)
    return Drawn.of_minutes(bars, as_of, market).with_lines(bars.timestamp, **lines)


def _levels(reading: Vwap, multiples: tuple[float, ...]) -> tuple[VwapLevel, ...]:
    """The VWAP and its bands, from the highest down."""
    mean, deviation = reading.last, reading.deviation
    if mean is None or deviation is None:
        return ()
    below = [-multiple for multiple in multiples]
    return tuple(
        VwapLevel(f"VWAP {times:+g} SD" if times else "VWAP", times, mean + times * deviation)
        for times in sorted((*below, 0.0, *multiples), reverse=True)
    )


def _multiples(bands: tuple[float, ...]) -> tuple[float, ...]:
    """Each multiple once, the smallest first. Raises: ValidationError."""
    sound = all(validation.is_number(multiple) and 0 < multiple < np.inf for multiple in bands)
    validation.require("bands", bands, sound, "numbers above 0")
    return tuple(sorted(set(bands)))
