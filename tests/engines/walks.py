"""Markets without memory, with levels that mean nothing: what intervals are tested on."""

from collections.abc import Iterator

import numpy as np

from polytape.engines.calibration import BLOCK_HORIZONS, LEVELS, Step, _count, _no_cases
from polytape.engines.rates import LevelRates, rates_of
from polytape.model.bars import Bars

SHARES = (0.05, 0.10, 0.20, 0.30, 0.35)
ATR_15MIN, ATR_DAY = 1.9, 10.0
BARS_A_DAY = 39


def walk_rates(
    seed: int, *, steps: int = 60, horizon: int = 5, draws: int = 10
) -> tuple[LevelRates, ...]:
    """Rates of a random walk beside levels at fixed prices, each of one level all along. So the same
    zones are watched step after step, over days that overlap.
    """
    chance = np.random.default_rng([20_261_126, seed])
    cases = {level: _no_cases(steps) for level in LEVELS}
    walked = list(enumerate(_steps(chance, steps, horizon)))
    _count(cases, walked, draws, chance)
    return rates_of(cases, BLOCK_HORIZONS * horizon, chance)


def _steps(chance: np.random.Generator, steps: int, horizon: int) -> Iterator[Step]:
    count = (steps + horizon) * BARS_A_DAY
    closes = 1_000 + np.cumsum(chance.standard_normal(count))
    opens = np.concatenate([[1_000.0], closes[:-1]])
    highs = np.maximum(opens, closes) + np.abs(chance.standard_normal(count)) * 0.4
    lows = np.minimum(opens, closes) - np.abs(chance.standard_normal(count)) * 0.4
    bars = Bars.of(range(count), opens, highs, lows, closes, np.ones(count))
    prices = np.cumsum(chance.uniform(2, 5, 700))
    levels = chance.choice(LEVELS, 700, p=SHARES)
    for step in range(steps):
        price = float(opens[step * BARS_A_DAY])
        away = np.abs(prices - price)
        near = (away < 2 * ATR_DAY) & (away > ATR_15MIN / 2)
        after = bars.take(slice(step * BARS_A_DAY, (step + horizon) * BARS_A_DAY))
        yield Step(tuple(levels[near]), prices[near], price, ATR_15MIN, ATR_DAY, after)
