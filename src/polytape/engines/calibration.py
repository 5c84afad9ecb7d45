"""How often zones held: a walk through history, beside random levels at the same distances.

At each step a scan is made of what was complete then; its zones are watched over the bars that
follow. The base rate says what a level would do that means nothing: for every zone as many levels
are drawn at random distances like those of all zones, and watched the same way. Intervals are
Wilson's (1927).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from polytape.engines.confluence import ConfluenceZone, ZoneLevel
from polytape.engines.result import Result, run_with
from polytape.engines.runs import MINUTES_BACK_DAYS
from polytape.engines.scanner import scan_run
from polytape.engines.validation import as_bars
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.newyork import date_of, midnight, to_datetime
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import HOUR_US, MINUTE_US, Floats

LEVELS: tuple[ZoneLevel, ...] = ("L5", "L4", "L3", "L2", "L1")
CONFIDENCE_Z = 1.959964  # 95 %
RANDOM = "random"
STEP_AFTER_OPEN_US = HOUR_US


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
            {"level": one.level, "zones": one.zones, "touched": one.touched.rate,
             "touched_low": one.touched.low, "touched_high": one.touched.high,
             "held": one.held.rate, "held_low": one.held.low, "held_high": one.held.high}
            for one in self.levels
        ]  # fmt: skip

    def __repr__(self) -> str:
        lines = [f"{self.symbol}: {self.steps} steps of {self.horizon_days} days"]
        for one in self.levels:
            held = one.held
            lines.append(
                f"  {one.level:6} {one.zones:5} zones, touched {one.touched.rate:.0%}, held "
                f"{held.rate:.0%} ({held.low:.0%}-{held.high:.0%}) of {held.of}"
            )
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Seen:
    level: str
    touched: bool
    held: bool | None


def calibrate(
    minutes: object,
    days: object,
    *,
    market: Market,
    symbol: str = "",
    horizon_days: int = 5,
    every_days: int = 1,
    draws: int = 1,
    seed: int = 0,
) -> Calibration:
    """Walk the minutes of one symbol: an hour after each `every_days`-th open a scan is made, and
    its zones are watched for `horizon_days` trading days.

    `days` are its daily bars. The first scan comes once there are 30 days of minutes. `draws`
    random levels stand beside each zone, drawn with `seed` from the distances (in daily ATRs) of
    all zones, on either side. Raises ValidationError.
    """
    for name, value in (
        ("horizon_days", horizon_days), ("every_days", every_days), ("draws", draws)
    ):  # fmt: skip
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValidationError(name, value, "a whole number above 0")
    held, daily = as_bars(minutes), as_bars(days)
    instants = _instants(held, market, horizon_days, every_days)
    scans = [(at, end, _scan(held, daily, symbol, at, market)) for at, end in instants]
    seen: list[_Seen] = []
    for at, end, (zones, price, atr, _) in scans:
        after = held.within(Span(at, end))
        seen += [_watch(zone.level, zone.centre, price, atr, after) for zone in zones]
    seen += _random(held, scans, np.random.default_rng(seed), draws)
    begin, until = (int(held.timestamp[n]) if len(held) else 0 for n in (0, -1))
    named = [level for level in (*LEVELS, RANDOM) if any(one.level == level for one in seen)]
    rates = tuple(_rates(level, [one for one in seen if one.level == level]) for level in named)
    return Calibration(
        symbol, to_datetime(begin), to_datetime(until), len(instants), horizon_days, rates
    )


Scanned = tuple[Sequence[ConfluenceZone], float, float, float]


def _instants(minutes: Bars, market: Market, horizon: int, every: int) -> list[tuple[int, int]]:
    """Each instant of a scan, and the close at which its watch ends."""
    if not len(minutes):
        return []
    span = Span(int(minutes.timestamp[0]), int(minutes.timestamp[-1]) + MINUTE_US)
    sessions = list(market.sessions(span))
    first = midnight(date_of(span.start)) + MINUTES_BACK_DAYS * 24 * HOUR_US
    ready = [n for n, one in enumerate(sessions) if one.open >= first]
    return [
        (sessions[n].open + STEP_AFTER_OPEN_US, sessions[n + horizon].close)
        for n in ready[::every]
        if n + horizon < len(sessions)
    ]


def _scan(minutes: Bars, days: Bars, symbol: str, at: int, market: Market) -> Scanned:
    """Zones, price, ATR(15min) and ATR(1day) as they could be known."""

    def answer(query: BarsQuery) -> Bars:
        of = days if query.timeframe.series is Series.DAY else minutes
        return of.within(query.span)

    found = run_with(scan_run(symbol, at, market=market), answer)
    return (
        found.zones,
        found.price or math.nan,
        found.atr_15min or math.nan,
        found.atr_day or math.nan,
    )


def _watch(level: str, centre: float, price: float, atr: float, after: Bars) -> _Seen:
    """What the price did at a zone one ATR wide round `centre`, coming from `price`."""
    from_above = price > centre
    near = centre + atr / 2 if from_above else centre - atr / 2
    reached = after.low <= near if from_above else after.high >= near
    if not reached.any():
        return _Seen(level, touched=False, held=None)
    since = int(np.argmax(reached))
    closes: Floats = after.close[since:]
    away = closes >= near + atr if from_above else closes <= near - atr
    through = closes <= near - 2 * atr if from_above else closes >= near + 2 * atr
    left, broke = (int(np.argmax(hit)) if hit.any() else len(closes) for hit in (away, through))
    decided = min(left, broke) < len(closes)
    return _Seen(level, touched=True, held=left < broke if decided else None)


def _random(
    minutes: Bars, scans: list[tuple[int, int, Scanned]], chance: np.random.Generator, draws: int
) -> list[_Seen]:
    """Levels that mean nothing, at the distances of those that should mean something."""
    reach = np.array([
        abs(zone.centre - price) / day for _, _, (zones, price, _, day) in scans for zone in zones
    ])  # fmt: skip
    if not len(reach):
        return []
    seen = []
    for at, end, (zones, price, atr, day) in scans:
        after = minutes.within(Span(at, end))
        count = len(zones) * draws
        distances = chance.choice(reach, count) * chance.choice([-1.0, 1.0], count) * day
        seen += [_watch(RANDOM, price + away, price, atr, after) for away in distances.tolist()]
    return seen


def _rates(level: str, seen: list[_Seen]) -> LevelRates:
    touched = [one for one in seen if one.touched]
    decided = [one for one in touched if one.held is not None]
    held = sum(bool(one.held) for one in decided)
    return LevelRates(level, len(seen), wilson(len(touched), len(seen)), wilson(held, len(decided)))


def wilson(count: int, of: int) -> Rate:
    """A share with Wilson's score interval at 95 %."""
    if not of:
        return Rate(0, 0, math.nan, math.nan, math.nan)
    share, z2 = count / of, CONFIDENCE_Z**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = CONFIDENCE_Z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return Rate(count, of, share, max(0.0, middle - half), min(1.0, middle + half))
