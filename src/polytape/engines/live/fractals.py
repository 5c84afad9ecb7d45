"""Swing points, bar by bar."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from polytape.engines import zigzag
from polytape.engines.fractals import Fractals, Swing, fractals, structure_of
from polytape.engines.live.atr import LiveAtr
from polytape.engines.live.reading import LiveReading
from polytape.engines.options import AtrMethod
from polytape.engines.zigzag import Kind
from polytape.model.bar import Bar
from polytape.model.bars import Bars
from polytape.model.market import Market, xnys
from polytape.model.resample import bar_ends
from polytape.model.timeframes import Timeframe, parse_timeframe
from polytape.model.timestamps import to_datetime


class _State(NamedTuple):
    """How many swings are settled after a bar, and the last one of the zigzag, which is not."""

    settled: int
    last: Swing | None


class LiveFractals(LiveReading[_State, Fractals]):
    """Swings of bars of one timeframe, as `fractals` has them. A push looks at the
    `fractal_length` last bars; a swing is there with the bar that confirms it. Keeps every bar.
    """

    def __init__(
        self,
        *,
        timeframe: str | Timeframe = "15min",
        fractal_length: int = 11,
        min_atr_distance: float = 1.0,
        atr_period: int = 14,
        atr_method: AtrMethod = "wilder",
        check_price_overlap: bool = True,
        market: Market | None = None,
    ) -> None:
        """Raises: ValidationError for bad parameters."""
        super().__init__()
        self._without_bars = fractals(
            Bars.empty(),
            timeframe=timeframe,
            fractal_length=fractal_length,
            min_atr_distance=min_atr_distance,
            atr_period=atr_period,
            atr_method=atr_method,
        )
        self._timeframe, self._market = parse_timeframe(timeframe), market or xnys()
        self._side, self._distance = fractal_length // 2, min_atr_distance
        self._apart = check_price_overlap
        self._atr = LiveAtr(period=atr_period, method=atr_method)
        # Settled swings are never rewritten by later bars: a state only counts them.
        self._settled: list[Swing] = []

    @property
    def value(self) -> Fractals:
        """The swings so far; takes time linear in their number."""
        last = self._states[-1].last if self._states else None
        swings = (*self._settled, last) if last is not None else ()
        return replace(
            self._without_bars, swings=swings, structure=structure_of(swings), bars=len(self)
        )

    def _take(self, bars: list[Bar]) -> None:
        self._atr._take(bars)  # noqa: SLF001 - it has the same bars
        super()._take(bars)

    def _next_state(self, bar: Bar, place: int) -> _State:
        before = self._states[-1] if place else _State(0, None)
        del self._settled[before.settled :]  # where bars are taken again
        last, middle = before.last, place - self._side
        for kind in self._kinds(middle):
            last = self._zigzag(last, self._swing(middle, kind, confirmed_by=bar))
        return _State(len(self._settled), last)

    def _kinds(self, middle: int) -> Iterator[Kind]:
        """What the bar in the middle of the last ones is: strictly beyond all others."""
        if middle < self._side or self._atr.at(middle) is None:
            return
        bar, first = self._bars[middle], middle - self._side
        others = [*self._bars[first:middle], *self._bars[middle + 1 :]]
        if all(bar.high > other.high for other in others):
            yield "high"
        if all(bar.low < other.low for other in others):
            yield "low"

    def _zigzag(self, last: Swing | None, swing: Swing) -> Swing | None:
        """The last swing of the zigzag after a candidate; the one before it may settle."""
        before = self._settled[-1] if self._settled else None
        least = self._distance * swing.atr
        what = zigzag.step(before, last, swing, least=least, apart=self._apart)
        if what is zigzag.Step.IGNORED:
            return last
        if what is zigzag.Step.TURNS and last is not None:
            self._settled.append(replace(last, settled_at=swing.confirmed_at))
        return swing

    def _swing(self, place: int, kind: Kind, *, confirmed_by: Bar) -> Swing:
        bar, reading = self._bars[place], self._atr.at(place)
        assert reading is not None
        occurred = to_datetime(bar.timestamp)
        ends = bar_ends(np.array([confirmed_by.timestamp]), self._timeframe, self._market)
        return Swing(
            datetime=occurred,
            kind=kind,
            price=bar.high if kind == "high" else bar.low,
            atr=reading,
            index=place,
            open=bar.open,
            high=bar.high,
            low=bar.low,
            close=bar.close,
            volume=bar.volume,
            occurred_at=occurred,
            confirmed_at=to_datetime(int(ends[0])),
            settled_at=None,
        )
