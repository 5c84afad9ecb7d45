"""Volume-weighted average price since the beginning of the session, bar by bar."""

from typing import NamedTuple

from polytape.engines.live.day import DayReading
from polytape.model.bar import Bar


class _State(NamedTuple):
    """What was traded so far, in dollars and in shares."""

    dollars: float
    shares: float


class LiveVwap(DayReading[_State, float | None]):
    """The session's VWAP in dollars, as `vwap` has it; None before its first volume."""

    @property
    def value(self) -> float | None:
        """The VWAP by the last bar."""
        if not self._states or not self._states[-1].shares > 0:
            return None
        dollars, shares = self._states[-1]
        return dollars / shares

    def _next_state(self, bar: Bar, place: int) -> _State:
        before = self._states[-1] if place else _State(0.0, 0.0)
        typical = (bar.high + bar.low + bar.close) / 3
        price = bar.vwap if bar.vwap > 0 else typical  # NaN is not
        return _State(before.dollars + price * bar.volume, before.shares + bar.volume)
