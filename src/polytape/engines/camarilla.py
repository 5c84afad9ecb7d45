"""Camarilla pivots (Nick Scott, 1989) from high, low and close of a completed day, week or month.

R = H - L; R1..R4 = C + R * 1.1 / {12, 6, 4, 2}, S1..S4 mirrored; PP = (H + L + C) / 3. R5 = H / L *
C (IBKR; Ochoa, Secrets of a Pivot Boss, 2010), S5 = C - (R5 - C). R6 has no consensus, so it is
named: `pivot_boss` R6 = R5 + 1.168 * (R5 - R4); `range` R6 = H / L * C and R5 = R4 + 1.168 * (R4 -
R3).
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import get_args

from polytape.engines.options import Period, PivotVariant
from polytape.engines.periods import CompletedPeriod, last_period
from polytape.engines.result import Result
from polytape.engines.validation import require
from polytape.errors import IncompleteDataError, one_of
from polytape.model.market import Market

DIVISORS = (12.0, 6.0, 4.0, 2.0)
WIDENED = 1.168
KEY_LEVELS = ("R3", "R4", "R5", "R6", "S3", "S4", "S5", "S6")


@dataclass(frozen=True, repr=False)
class Camarilla(Result):
    """Levels by name: PP, R1-R6, S1-S6, in dollars. `flat`: high and low were equal, so all levels
    are the close. `undrawable` names levels at or below zero, which happen when H >= 2 L. Those of
    a `running` period change until it ends.
    """

    levels: dict[str, float]
    high: float
    low: float
    close: float
    variant: PivotVariant
    flat: bool
    undrawable: tuple[str, ...]
    period: Period | None = None
    start: date | None = None
    end: date | None = None
    running: bool = False

    def rows(self) -> list[dict[str, object]]:
        """A row for each level."""
        return [{"name": name, "price": price} for name, price in self.levels.items()]

    def strength(self, name: str) -> int:
        """3 to 6 for the key levels R3-R6, S3-S6; 0 for the others."""
        return int(name[1]) if name in KEY_LEVELS else 0

    def __repr__(self) -> str:
        name = f"running {self.period}" if self.running else f"{self.period}"
        days = f"{self.start}" if self.start == self.end else f"{self.start} to {self.end}"
        span = f" of the {name} {days}" if self.period else ""
        shown = " ".join(
            f"{name} {self.levels[name]:.2f}" for name in ("S4", "S3", "PP", "R3", "R4")
        )
        return f"Camarilla{span}: {shown}"


def camarilla(
    high: float, low: float, close: float, *, variant: PivotVariant = "pivot_boss"
) -> Camarilla:
    """The levels of one completed period.

    Raises: ValidationError for low <= 0, high < low, or a close outside them.
    """
    require("variant", variant, variant in get_args(PivotVariant), one_of(get_args(PivotVariant)))
    require("low", low, 0 < low < float("inf"), "a price above 0")
    require("high", high, low <= high < float("inf"), f"not below the low ({low})")
    within = f"between low and high ({low} to {high})"
    require("close", close, low <= close <= high, within)
    up = _resistances(high, low, close, variant)
    levels = {"PP": (high + low + close) / 3}
    levels |= {f"R{n}": price for n, price in enumerate(up, 1)}
    levels |= {f"S{n}": close - (price - close) for n, price in enumerate(up, 1)}
    if high == low:
        levels = dict.fromkeys(levels, close)
    undrawable = tuple(name for name, price in levels.items() if price <= 0)
    return Camarilla(levels, high, low, close, variant, high == low, undrawable)


def _resistances(high: float, low: float, close: float, variant: PivotVariant) -> list[float]:
    """R1 to R6."""
    up = [close + (high - low) * 1.1 / divisor for divisor in DIVISORS]
    ratio = high / low * close
    if variant == "pivot_boss":
        return [*up, ratio, ratio + WIDENED * (ratio - up[3])]
    return [*up, up[3] + WIDENED * (up[3] - up[2]), ratio]


def camarilla_of(
    days: object,
    period: Period,
    as_of: int,
    market: Market,
    *,
    variant: PivotVariant = "pivot_boss",
) -> Camarilla | None:
    """The levels of the last period completed before `as_of` (microseconds UTC), from official
    daily bars; None where the bars begin after it. `as_of` must not lie in the future: there is no
    clock here, and a day that still runs would count as complete.

    Raises: IncompleteDataError naming the sessions of the period that have no bar; ValidationError
    as `camarilla` does, and for bad bars.
    """
    completed = last_period(days, period, as_of, market)
    return None if completed is None else camarilla_of_period(completed, market, variant=variant)


def camarilla_of_period(
    completed: CompletedPeriod, market: Market, *, variant: PivotVariant = "pivot_boss"
) -> Camarilla:
    """The levels of a period.

    Raises: as `camarilla_of`.
    """
    period, running = completed.period, completed.running
    if completed.missing:
        which = "running" if running else "last"
        raise IncompleteDataError(f"no pivots of the {which} {period}: {completed.hole}")
    bars = completed.bars
    high, low, close = float(bars.high.max()), float(bars.low.min()), float(bars.close[-1])
    first, last = (market.date_of(int(bars.timestamp[at])) for at in (0, -1))
    pivots = camarilla(high, low, close, variant=variant)
    return replace(pivots, period=period, start=first, end=last, running=running)
