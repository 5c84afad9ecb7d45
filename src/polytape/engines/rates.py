"""How often zones were touched and held, each share with Wilson's score interval (Wilson 1927)."""

import math
from dataclasses import dataclass
from datetime import datetime

from polytape.engines.result import Result

CONFIDENCE_Z = 1.959964  # 95 %


@dataclass(frozen=True)
class Rate(Result):
    """A share of `of` cases with its 95 % interval; NaN where there are none."""

    count: int
    of: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class LevelRates(Result):
    """Zones of one level (or `random` ones): how many, how many were touched within the horizon,
    and how many of those held: the price left on the side it came from by one ATR(15min) before it
    closed as far beyond.
    """

    level: str
    zones: int
    touched: Rate
    held: Rate


@dataclass(frozen=True, repr=False)
class Calibration(Result):
    """Rates by level, with those of random levels last. `steps` instants were walked."""

    symbol: str
    start: datetime
    end: datetime
    steps: int
    horizon_days: int
    levels: tuple[LevelRates, ...]

    def rows(self) -> list[dict[str, object]]:
        """A row for each level."""
        return [
            {
                "level": one.level,
                "zones": one.zones,
                "touched": one.touched.rate,
                "touched_low": one.touched.low,
                "touched_high": one.touched.high,
                "held": one.held.rate,
                "held_low": one.held.low,
                "held_high": one.held.high,
            }
            for one in self.levels
        ]

    def __repr__(self) -> str:
        lines = [f"{self.symbol}: {self.steps} steps of {self.horizon_days} days"]
        for one in self.levels:
            rate = one.held
            lines.append(
                f"  {one.level:6} {one.zones:5} zones, touched {one.touched.rate:.0%}, held "
                f"{rate.rate:.0%} ({rate.low:.0%}-{rate.high:.0%}) of {rate.of}"
            )
        return "\n".join(lines)


def wilson(count: int, of: int) -> Rate:
    """A share with Wilson's score interval at 95 %."""
    if not of:
        return Rate(0, 0, math.nan, math.nan, math.nan)
    share, z2 = count / of, CONFIDENCE_Z**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = CONFIDENCE_Z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return Rate(count, of, share, max(0.0, middle - half), min(1.0, middle + half))
