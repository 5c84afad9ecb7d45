"""How often zones held: a walk through history, beside random levels at the same distances.

At each step a scan is made of what was complete then; its zones are watched over the bars that
follow. The base rate says what a level would do that means nothing: beside every zone stand random
levels, at distances (in daily ATRs, with their sign) drawn from the zones of the same level at any
step, and watched the same way. So zones that lie near are compared with prices that lie near.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from polytape.engines import options, rates, validation
from polytape.engines.confluence import ZoneLevel
from polytape.engines.flow import run_with
from polytape.engines.scanner import scan_flow
from polytape.model import arrays, units
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.timestamps import to_datetime

LEVELS: tuple[ZoneLevel, ...] = ("L5", "L4", "L3", "L2", "L1")
STEP_AFTER_OPEN_US = units.HOUR_US
# Watches of steps in blocks that follow each other overlap: the longer the blocks, the less.
BLOCK_HORIZONS = 2


@dataclass(frozen=True, slots=True)
class CalibrationPlan:
    """How history is walked: an hour after each `every_days`-th open a scan, the first once there
    are `warm_up_days` calendar days of minutes; each watched for `horizon_days` trading days.
    `draws` random levels stand beside each zone, drawn with `seed`. `levels` says which scores make
    L1 to L5.
    """

    horizon_days: int = 5
    every_days: int = 1
    draws: int = 10
    seed: int = 0
    warm_up_days: int = options.MINUTES_BACK_DAYS
    levels: options.LevelScale = "standard"

    def __post_init__(self) -> None:
        for name in ("horizon_days", "every_days", "draws", "warm_up_days"):
            count = getattr(self, name)
            sound = validation.is_number(count, whole=True) and count >= 1
            validation.require(name, count, sound, "a whole number above 0")


PLAN = CalibrationPlan()


def calibrate(
    minutes: object, days: object, *, market: Market, symbol: str = "", plan: CalibrationPlan = PLAN
) -> rates.Calibration:
    """Walk the minutes of one symbol; `days` are its daily bars.

    Zones that the price lies in at their scan are left out: nothing could be seen to reach them.

    Raises: ValidationError for bad parameters or bars.
    """
    return calibrate_many({symbol: (minutes, days)}, market=market, plan=plan)


def calibrate_many(
    history: Mapping[str, tuple[object, object]], *, market: Market, plan: CalibrationPlan = PLAN
) -> rates.Calibration:
    """The same of several symbols together, each with its minutes and daily bars. They move
    together, so that a day of all of them is one day of the blocks.

    Raises: ValidationError for bad parameters or bars.
    """
    stored = {name: _Stored.of(*bars, name, market, plan) for name, bars in history.items()}
    spans = sorted({span.start for one in stored.values() for span in one.steps()})
    at = {start: number for number, start in enumerate(spans)}
    cases = {level: _no_cases(len(spans)) for level in LEVELS}
    chance = np.random.default_rng(plan.seed)
    for one in stored.values():
        steps = [(at[span.start], one.step(span)) for span in one.steps()]
        _count(cases, steps, plan.draws, chance)
    stamps = [one.minutes.timestamp for one in stored.values() if len(one.minutes)]
    block = BLOCK_HORIZONS * plan.horizon_days
    return rates.Calibration(
        symbol=", ".join(stored),
        start=to_datetime(min((int(one[0]) for one in stamps), default=0)),
        end=to_datetime(max((int(one[-1]) for one in stamps), default=0)),
        steps=len(spans),
        horizon_days=plan.horizon_days,
        block_days=block,
        scale=plan.levels,
        levels=rates.rates_of(cases, max(1, math.ceil(block / plan.every_days)), chance),
    )


@dataclass(frozen=True, slots=True)
class Step:
    """A scan at an instant: its zones' levels and centres, the price and ATRs in dollars, and the
    bars that follow it. Zones that hold the price are not among them.
    """

    levels: tuple[str, ...]
    centres: arrays.Floats
    price: float
    atr_15min: float
    atr_day: float
    after: Bars

    def distances(self, level: str) -> arrays.Floats:
        """Of the zones of a level, in daily ATRs, below zero downwards."""
        return (self.centres[self.of(level)] - self.price) / self.atr_day

    def of(self, level: str) -> arrays.Bools:
        """Which zones are of a level."""
        return np.array([one == level for one in self.levels], dtype=bool)


@dataclass(frozen=True, slots=True)
class _Stored:
    """The bars of one symbol, and how they are walked."""

    minutes: Bars
    days: Bars
    symbol: str
    market: Market
    plan: CalibrationPlan

    @classmethod
    def of(
        cls, minutes: object, days: object, symbol: str, market: Market, plan: CalibrationPlan
    ) -> "_Stored":
        bars = validation.as_bars(minutes), validation.as_bars(days)
        return cls(*bars, symbol, market, plan)

    def answer(self, query: BarsQuery) -> Bars:
        bars = self.days if query.timeframe.series is Series.DAY else self.minutes
        return bars.within(query.span)

    def steps(self) -> list[Span]:
        """From the instant of each scan to the close at which its watch ends."""
        if not len(self.minutes):
            return []
        stamps, market, horizon = self.minutes.timestamp, self.market, self.plan.horizon_days
        span = Span(int(stamps[0]), int(stamps[-1]) + units.MINUTE_US)
        sessions = list(market.sessions(span))
        warm_up = self.plan.warm_up_days * units.DAY_US
        first = market.day_start(market.date_of(span.start)) + warm_up
        ready = [n for n, one in enumerate(sessions) if one.open >= first]
        return [
            Span(sessions[n].open + STEP_AFTER_OPEN_US, sessions[n + horizon].close)
            for n in ready[:: self.plan.every_days]
            if n + horizon < len(sessions)
        ]

    def step(self, span: Span) -> Step:
        """A scan at the start of a span, with the bars of the span."""
        chosen = options.ScanOptions(levels=self.plan.levels)
        scan = run_with(scan_flow(self.symbol, span.start, self.market, chosen), self.answer)
        price = scan.price or math.nan
        zones = [zone for zone in scan.zones if not zone.low <= price <= zone.high]
        return Step(
            tuple(zone.level for zone in zones),
            np.array([zone.centre for zone in zones], dtype=np.float64),
            price,
            scan.atr_15min or math.nan,
            scan.atr_day or math.nan,
            self.minutes.within(span),
        )


def _no_cases(steps: int) -> rates.Cases:
    return rates.Cases(*(np.zeros((2, steps), dtype=np.int64) for _ in range(4)))


def _count(
    cases: dict[ZoneLevel, rates.Cases],
    steps: list[tuple[int, Step]],
    draws: int,
    chance: np.random.Generator,
) -> None:
    """Add the zones of each step, and the random levels beside them, to their levels' cases."""
    for level, mine in cases.items():
        pool = np.concatenate([np.empty(0), *(step.distances(level) for _, step in steps)])
        for number, step in steps:
            own = step.centres[step.of(level)]
            if len(own):
                _add(mine, (0, number), step, own)
                _add(mine, (1, number), step, random_levels(step, pool, len(own) * draws, chance))


def random_levels(
    step: Step, pool: arrays.Floats, count: int, chance: np.random.Generator
) -> arrays.Floats:
    """Prices at random ones of some distances; those whose zone holds the price are left out."""
    away = chance.choice(pool, count) * step.atr_day
    return step.price + away[np.abs(away) > step.atr_15min / 2]


def _add(cases: rates.Cases, place: tuple[int, int], step: Step, centres: arrays.Floats) -> None:
    touched, turned, broke = watch(centres, step.price, step.atr_15min, step.after)
    cases.zones[place] += len(centres)
    cases.touched[place] += touched.sum()
    cases.decided[place] += (turned | broke).sum()
    cases.held[place] += turned.sum()


def watch(
    centres: arrays.Floats, price: float, atr: float, after: Bars
) -> tuple[arrays.Bools, arrays.Bools, arrays.Bools]:
    """What the price did at zones one ATR wide, coming from `price`: which were touched, which of
    them held, which it broke through. Neither, where it came to no decision.
    """
    above: arrays.Bools = np.asarray(price > centres, dtype=bool)
    near = np.where(above, centres + atr / 2, centres - atr / 2)[:, None]
    below = ~above[:, None]
    reached = np.where(below, after.high >= near, after.low <= near)
    later = np.maximum.accumulate(np.asarray(reached, dtype=bool), axis=1)
    left = later & np.where(below, after.close <= near - atr, after.close >= near + atr)
    through = later & np.where(below, after.close >= near + 2 * atr, after.close <= near - 2 * atr)
    turned, passed = _first(left), _first(through)
    touched: arrays.Bools = np.asarray(later.any(axis=1), dtype=bool)
    return touched, turned < passed, passed < turned


def _first(hits: arrays.Bools) -> arrays.Ints:
    """The place of the first hit of each row; past the end where there is none."""
    places: arrays.Ints = np.where(hits.any(axis=1), hits.argmax(axis=1), hits.shape[1])
    return places
