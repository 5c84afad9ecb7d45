"""Average true range, bar by bar."""

from typing import NamedTuple

import numpy as np

from polytape.engines.atr import BLOCK, atr
from polytape.engines.live.reading import LiveReading
from polytape.engines.options import AtrMethod
from polytape.model.bar import Bar
from polytape.model.bars import Bars


class _Smoothing(NamedTuple):
    """Where the smoothing stands: the batch sums block by block, and so the same is done here.
    `start` is the value at the start of the block, `own` what the block's bars add to it, `place`
    the next bar's in the block.
    """

    start: float
    own: float
    place: int
    value: float


class _State(NamedTuple):
    """The true range of a bar, the sum of all so far, and the smoothing where it has begun."""

    range: float
    total: float
    smoothing: _Smoothing | None


class LiveAtr(LiveReading[_State, float | None]):
    """ATR in dollars, as `atr` has it; None with too few bars. Keeps every bar."""

    def __init__(self, *, period: int = 14, method: AtrMethod = "wilder") -> None:
        """Raises: ValidationError for bad parameters."""
        super().__init__()
        self.needed = atr(Bars.empty(), period=period, method=method).needed
        self.period, self.method = period, method
        self._weight = 1 / period if method == "wilder" else 2 / (period + 1)
        self._fade = 1 - self._weight
        self._fading: list[float] = (self._fade ** np.arange(1, BLOCK + 1)).tolist()

    @property
    def value(self) -> float | None:
        """The ATR at the last bar."""
        return self.at(len(self) - 1)

    def at(self, place: int) -> float | None:
        """The ATR at the bar of a place, counted from 0."""
        if place < self.period:
            return None
        state = self._states[place]
        if state.smoothing is not None:
            return state.smoothing.value
        return (state.total - self._states[place - self.period].total) / self.period

    def _next_state(self, bar: Bar, place: int) -> _State:
        if not place:
            widest = bar.high - bar.low
            return _State(widest, widest, self._smoothed(None, widest, place))
        close, before = self._bars[place - 1].close, self._states[-1]
        widest = max(bar.high - bar.low, abs(bar.high - close), abs(bar.low - close))
        smoothing = self._smoothed(before.smoothing, widest, place)
        return _State(widest, before.total + widest, smoothing)

    def _smoothed(self, before: _Smoothing | None, widest: float, place: int) -> _Smoothing | None:
        """The smoothing after a bar; None before it begins, and where nothing is smoothed."""
        if before is not None:
            return self._smoothed_on(before, widest)
        if self.method == "ema" and place == 0:
            return _Smoothing(widest, 0.0, 0, widest)
        if self.method == "wilder" and place == self.period:
            ranges = [state.range for state in self._states[1:]]
            seed = float(np.mean([*ranges, widest]))
            return _Smoothing(seed, 0.0, 0, seed)
        return None

    def _smoothed_on(self, before: _Smoothing, widest: float) -> _Smoothing:
        own = widest * self._weight
        if before.place:
            own += before.own * self._fade
        value = own + before.start * self._fading[before.place]
        if before.place == BLOCK - 1:
            return _Smoothing(value, 0.0, 0, value)
        return _Smoothing(before.start, own, before.place + 1, value)
