"""How often zones held: a walk through history, beside random levels at the same distances.

At each step a scan is made of what was complete then; its zones are watched over the bars that
follow. The base rate says what a level would do that means nothing: for every zone as many levels
are drawn at random distances like those of all zones, and watched the same way.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from polytape.engines import options, rates, validation
from polytape.engines.confluence import ConfluenceZone, ZoneLevel
from polytape.engines.flow import run_with
from polytape.engines.scanner import scan_flow
from polytape.model import units
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.timestamps import to_datetime

LEVELS: tuple[ZoneLevel, ...] = ("L5", "L4", "L3", "L2", "L1")
RANDOM = "random"
STEP_AFTER_OPEN_US = units.HOUR_US


@dataclass(frozen=True, slots=True)
class _Watched:
    """What the price did at a level. `bounced`: whether it turned away, or else broke through; None
    where it did neither, or never came there.
    """

    level: str
    touched: bool
    bounced: bool | None


@dataclass(frozen=True, slots=True)
class _Step:
    """A scan at an instant, in dollars, and the bars that follow it."""

    zones: Sequence[ConfluenceZone]
    price: float
    atr_15min: float
    atr_day: float
    after: Bars

    def watch(self, level: str, centre: float) -> _Watched:
        return _watch(level, centre, self.price, self.atr_15min, self.after)


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
) -> rates.Calibration:
    """Walk the minutes of one symbol: an hour after each `every_days`-th open a scan is made, and
    its zones are watched for `horizon_days` trading days.

    `days` are its daily bars. The first scan comes once there are 30 days of minutes. `draws`
    random levels stand beside each zone, drawn with `seed` from the distances (in daily ATRs) of
    all zones, on either side.

    Raises: ValidationError for bad parameters or bars.
    """
    counts = {"horizon_days": horizon_days, "every_days": every_days, "draws": draws}
    for name, count in counts.items():
        sound = isinstance(count, int) and not isinstance(count, bool) and count >= 1
        validation.require(name, count, sound, "a whole number above 0")
    stored = _Stored(validation.as_bars(minutes), validation.as_bars(days))
    spans = stored.steps(market, horizon_days, every_days)
    steps = [stored.step(symbol, span, market) for span in spans]
    watched = [step.watch(zone.level, zone.centre) for step in steps for zone in step.zones]
    watched += _random(steps, np.random.default_rng(seed), draws)
    stamps = stored.minutes.timestamp
    first, last = (int(stamps[at]) if len(stamps) else 0 for at in (0, -1))
    return rates.Calibration(
        symbol=symbol,
        start=to_datetime(first),
        end=to_datetime(last),
        steps=len(steps),
        horizon_days=horizon_days,
        levels=tuple(_rates(watched)),
    )


@dataclass(frozen=True, slots=True)
class _Stored:
    """The bars of one symbol."""

    minutes: Bars
    days: Bars

    def answer(self, query: BarsQuery) -> Bars:
        bars = self.days if query.timeframe.series is Series.DAY else self.minutes
        return bars.within(query.span)

    def steps(self, market: Market, horizon: int, every: int) -> list[Span]:
        """From the instant of each scan to the close at which its watch ends."""
        if not len(self.minutes):
            return []
        stamps = self.minutes.timestamp
        span = Span(int(stamps[0]), int(stamps[-1]) + units.MINUTE_US)
        sessions = list(market.sessions(span))
        first = (
            market.midnight(market.date_of(span.start)) + options.MINUTES_BACK_DAYS * units.DAY_US
        )
        ready = [n for n, one in enumerate(sessions) if one.open >= first]
        return [
            Span(sessions[n].open + STEP_AFTER_OPEN_US, sessions[n + horizon].close)
            for n in ready[::every]
            if n + horizon < len(sessions)
        ]

    def step(self, symbol: str, span: Span, market: Market) -> _Step:
        """A scan at the start of a span, with the bars of the span."""
        scan = run_with(scan_flow(symbol, span.start, market, options.ScanOptions()), self.answer)
        return _Step(
            scan.zones,
            scan.price or math.nan,
            scan.atr_15min or math.nan,
            scan.atr_day or math.nan,
            self.minutes.within(span),
        )


def _watch(level: str, centre: float, price: float, atr: float, after: Bars) -> _Watched:
    """What the price did at a zone one ATR wide round `centre`, coming from `price`."""
    from_above = price > centre
    near = centre + atr / 2 if from_above else centre - atr / 2
    reached = after.low <= near if from_above else after.high >= near
    if not reached.any():
        return _Watched(level, touched=False, bounced=None)
    closes = after.close[int(np.argmax(reached)) :]
    away = closes >= near + atr if from_above else closes <= near - atr
    through = closes <= near - 2 * atr if from_above else closes >= near + 2 * atr
    left, broke = (int(np.argmax(hit)) if hit.any() else len(closes) for hit in (away, through))
    decided = min(left, broke) < len(closes)
    return _Watched(level, touched=True, bounced=left < broke if decided else None)


def _random(steps: list[_Step], chance: np.random.Generator, draws: int) -> list[_Watched]:
    """Levels that mean nothing, at the distances of those that should mean something."""
    reach = np.array(
        [abs(zone.centre - step.price) / step.atr_day for step in steps for zone in step.zones]
    )
    if not len(reach):
        return []
    watched = []
    for step in steps:
        count = len(step.zones) * draws
        distances = chance.choice(reach, count) * chance.choice([-1.0, 1.0], count) * step.atr_day
        watched += [step.watch(RANDOM, step.price + away) for away in distances.tolist()]
    return watched


def _rates(watched: list[_Watched]) -> Iterator[rates.LevelRates]:
    """The rates of each level that was watched."""
    for level in (*LEVELS, RANDOM):
        ours = [one for one in watched if one.level == level]
        touched = [one for one in ours if one.touched]
        decided = [one for one in touched if one.bounced is not None]
        count = sum(bool(one.bounced) for one in decided)
        if ours:
            share = rates.wilson(len(touched), len(ours))
            yield rates.LevelRates(level, len(ours), share, rates.wilson(count, len(decided)))
