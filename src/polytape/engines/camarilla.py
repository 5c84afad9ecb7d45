"""Camarilla pivots (Nick Scott, 1989) from high, low and close of a completed day, week or month.

R = H - L; R1..R4 = C + R * 1.1 / {12, 6, 4, 2}, S1..S4 mirrored; PP = (H + L + C) / 3. R5 = H / L *
C (IBKR; Ochoa, Secrets of a Pivot Boss, 2010), S5 = C - (R5 - C). R6 has no consensus, so it is
named: `pivot_boss` R6 = R5 + 1.168 * (R5 - R4); `range` R6 = H / L * C and R5 = R4 + 1.168 * (R4 -
R3).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, TypeAlias, get_args

from polytape.engines.result import Result
from polytape.engines.validation import as_bars
from polytape.errors import ValidationError, one_of
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.newyork import date_of, midnight
from polytape.model.spans import Span

Variant: TypeAlias = Literal["pivot_boss", "range"]
Period: TypeAlias = Literal["day", "week", "month"]

DIVISORS = (12.0, 6.0, 4.0, 2.0)
WIDENED = 1.168
KEY_LEVELS = ("R3", "R4", "R5", "R6", "S3", "S4", "S5", "S6")


@dataclass(frozen=True, repr=False)
class Camarilla(Result):
    """Levels by name: PP, R1-R6, S1-S6, in dollars. `flat`: high and low were equal, so all levels
    are the close. `undrawable` names levels at or below zero, which happen when H >= 2 L.
    """

    levels: dict[str, float]
    high: float
    low: float
    close: float
    variant: Variant
    flat: bool
    undrawable: tuple[str, ...]
    period: Period | None = None
    start: date | None = None
    end: date | None = None

    def rows(self) -> list[dict[str, object]]:
        """A row for each level."""
        return [{"name": name, "price": price} for name, price in self.levels.items()]

    def strength(self, name: str) -> int:
        """3 to 6 for the key levels R3-R6, S3-S6; 0 for the others."""
        return int(name[1]) if name in KEY_LEVELS else 0

    def __repr__(self) -> str:
        span = f" of the {self.period} {self.start} to {self.end}" if self.period else ""
        shown = " ".join(
            f"{name} {self.levels[name]:.2f}" for name in ("S4", "S3", "PP", "R3", "R4")
        )
        return f"Camarilla{span}: {shown}"


def camarilla(
    high: float, low: float, close: float, *, variant: Variant = "pivot_boss"
) -> Camarilla:
    """The levels of one completed period. Raises ValidationError for low <= 0, high < low, or a
    close outside them.
    """
    if variant not in get_args(Variant):
        raise ValidationError("variant", variant, one_of(get_args(Variant)))
    if not 0 < low < float("inf"):
        raise ValidationError("low", low, "a price above 0")
    if not low <= high < float("inf"):
        raise ValidationError("high", high, f"not below the low ({low})")
    if not low <= close <= high:
        raise ValidationError("close", close, f"between low and high ({low} to {high})")
    rise = [(high - low) * 1.1 / divisor for divisor in DIVISORS]
    up = [close + part for part in rise]
    ratio = high / low * close
    if variant == "pivot_boss":
        up += [ratio, ratio + WIDENED * (ratio - up[3])]
    else:
        up += [up[3] + WIDENED * (up[3] - up[2]), ratio]
    levels = {"PP": (high + low + close) / 3}
    levels |= {f"R{n}": price for n, price in enumerate(up, 1)}
    levels |= {f"S{n}": close - (price - close) for n, price in enumerate(up, 1)}
    if high == low:
        levels = dict.fromkeys(levels, close)
    gone = tuple(name for name, price in levels.items() if price <= 0)
    return Camarilla(levels, high, low, close, variant, high == low, gone)


def last_period(
    days: object, period: Period, as_of: int, market: Market
) -> tuple[Bars, Span] | None:
    """The daily bars of the last completed day, week or month before `as_of` (microseconds UTC),
    and its span; None where no bar of one is there.

    The day of `as_of` itself is never complete. A week or month is once it has no session left.
    """
    if period not in get_args(Period):
        raise ValidationError("period", period, one_of(get_args(Period)))
    held, today = as_bars(days), date_of(as_of)
    before = held.within(Span(0, max(0, midnight(today))))
    while len(before):
        span = _period_of(date_of(int(before.timestamp[-1])), period)
        inside = before.within(span)
        left = market.sessions(Span(midnight(today), max(midnight(today), span.end)))
        if next(left, None) is None:
            return inside, span
        before = before.within(Span(0, max(0, span.start)))
    return None


def camarilla_of(
    days: object,
    period: Period,
    as_of: int,
    market: Market,
    *,
    variant: Variant = "pivot_boss",
) -> Camarilla | None:
    """The levels of the last completed period before `as_of`, from official daily bars; None where
    there are none. Raises ValidationError as `camarilla`.
    """
    found = last_period(days, period, as_of, market)
    if found is None:
        return None
    bars, _ = found
    made = camarilla(
        float(bars.high.max()), float(bars.low.min()), float(bars.close[-1]), variant=variant
    )
    first, last = date_of(int(bars.timestamp[0])), date_of(int(bars.timestamp[-1]))
    return Camarilla(
        made.levels, made.high, made.low, made.close, variant, made.flat, made.undrawable,
        period, first, last,
    )  # fmt: skip


def _period_of(day: date, period: Period) -> Span:
    """The day, the week from Sunday on, or the month that holds a day."""
    if period == "day":
        first, after = day, day + timedelta(days=1)
    elif period == "week":
        first = day - timedelta(days=(day.weekday() + 1) % 7)
        after = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        after = (first + timedelta(days=31)).replace(day=1)
    return Span(midnight(first), midnight(after))
