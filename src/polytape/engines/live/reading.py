"""What every live reading does: takes bars one by one, also late ones and ones that come again.

Each bar leaves a small state behind, made from the states before it. A new last bar adds one: O(1).
A bar that comes again replaces the one of its start, and one that comes late is put into its place;
the states from there on are made again, as many as there are bars from there on. So the value never
depends on the order in which bars came: it is the batch's on `Bars.tidy()` of all of them.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left
from math import inf
from typing import Generic, TypeVar

from polytape.engines.validation import as_bars, require
from polytape.model.bar import Bar, bar_rows
from polytape.model.counts import counted

ALLOWED = "finite prices above 0, high not below low, a finite volume of 0 or more"

State = TypeVar("State")
Value = TypeVar("Value")


class LiveReading(ABC, Generic[State, Value]):
    """A reading of one symbol's bars of one timeframe. `value` is what is known by the last bar."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._bars: list[Bar] = []
        self._states: list[State] = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.value!r} after {counted(len(self), 'bar')}"

    def __len__(self) -> int:
        return len(self._bars)

    @property
    @abstractmethod
    def value(self) -> Value:
        """The batch engine's result on the bars so far."""

    def push(self, bar: Bar) -> None:
        """Take a bar: the next one, or one again with other values (the last one counts).

        Raises: ValidationError for a bar that the batch engine would refuse; nothing is changed.
        """
        check_bar(bar)
        self._take([bar])

    def extend(self, bars: object) -> None:
        """Push every bar of what engines take (Bars, an Arrow table of ours, an OHLCV frame) in one
        go: in time linear in these and in the bars that are there from the first of them on.

        Raises: ValidationError, as the batch engine; nothing is changed.
        """
        self._take(list(bar_rows(as_bars(bars))))

    def _take(self, bars: list[Bar]) -> None:
        """Put sound bars, in the order of their starts, into their places."""
        if bars and self._starts and bars[0].timestamp <= self._starts[-1]:
            place = bisect_left(self._starts, bars[0].timestamp)
            newest = {bar.timestamp: bar for bar in (*self._bars[place:], *bars)}
            bars = [newest[start] for start in sorted(newest)]
            for column in (self._starts, self._bars, self._states):
                del column[place:]
        for bar in bars:
            self._append(bar)

    def _append(self, bar: Bar) -> None:
        self._starts.append(bar.timestamp)
        self._bars.append(bar)
        self._states.append(self._next_state(bar, len(self._states)))

    @abstractmethod
    def _next_state(self, bar: Bar, place: int) -> State:
        """The state after the bar at a place, which is the last one for now; `_states` are those
        of the bars before it.
        """


def check_bar(bar: Bar) -> None:
    """Refuse a bar that is not sound. Raises: ValidationError."""
    prices = (bar.open, bar.high, bar.low, bar.close)
    sound = (
        all(0 < price < inf for price in prices)
        and bar.high >= bar.low
        and 0 <= bar.volume < inf  # NaN fails each comparison
    )
    require("bar", bar, sound, ALLOWED)
