"""History and live minutes as bars of one timeframe: closed ones, and the one that is forming.

Pure: no I/O, no clock. Minutes since the last midnight are held, and a bar is made anew whenever
one of its minutes comes or comes again, so that late and repeated minutes always count.
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime as Moment  # noqa: N812 - `datetime` is a property's name

import numpy as np

from polytape.engines.result import shown_at
from polytape.model.bar import Bar, bar_rows, bars_from
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.resample import bar_end, bar_start, days_from_minutes, resample
from polytape.model.spans import Span
from polytape.model.timeframes import Series, Timeframe
from polytape.model.timestamps import to_datetime

LAST = np.iinfo(np.int64).max
# Unanchored bars of regular hours begin at the half hour, as the bell does.
LONGEST_ON_GRID_MINUTES = 30


@dataclass(frozen=True, slots=True, repr=False)
class LiveBar(Bar):
    """A bar of a live series; `end` is when it is complete, microseconds UTC. `forming`: it may
    still grow. `revision`: how often it changed after it was closed. `live`: it came by the stream,
    not with the history.
    """

    symbol: str = ""
    end: int = 0
    forming: bool = False
    revision: int = 0
    live: bool = False

    @property
    def datetime(self) -> Moment:
        """Its start, an aware UTC datetime."""
        return to_datetime(self.timestamp)

    def __repr__(self) -> str:
        prices = f"open {self.open:g}, high {self.high:g}, low {self.low:g}, close {self.close:g}"
        state = ", forming" if self.forming else ""
        span = f"{shown_at(self.datetime)} to {shown_at(to_datetime(self.end))} New York"
        return f"LiveBar({self.symbol} {span}, {prices}, volume {self.volume:,.0f}{state})"

    def plain(self) -> Bar:
        """The bar alone."""
        return Bar(*(getattr(self, field.name) for field in fields(Bar)))


class LiveSeries:
    """One symbol's bars of one timeframe; instants are microseconds UTC."""

    def __init__(
        self, symbol: str, timeframe: Timeframe, market: Market, *, include_extended: bool = True
    ) -> None:
        self.symbol = symbol
        self.timeframe = timeframe
        self.include_extended = include_extended
        self._market = market
        minutes = timeframe.minutes or 0
        self._anchored = not include_extended and minutes > LONGEST_ON_GRID_MINUTES
        # Whole bars before the minutes here; for weeks and months, the days of the bar they grow.
        self._history, self._days = Bars.empty(), Bars.empty()
        self._edge = 0
        # The minutes of each bar since, by the bars' and their own starts, and what they made.
        self._minutes: dict[int, dict[int, Bar]] = {}
        self._made: dict[int, LiveBar] = {}
        self._changed: set[int] = set()
        self._closed_through = 0

    def load(self, history: Bars, minutes: Bars, edge: int) -> None:
        """Begin with what was before `edge`, a midnight of the market's (bars of the timeframe, or
        daily bars for days and longer), and with the minutes since.
        """
        self._edge, first = edge, self.start_of(edge)
        if self.timeframe.series is Series.DAY:
            whole = resample(history, self.timeframe, market=self._market)
            self._history = whole.take(whole.timestamp < first)
            self._days = history.take(history.timestamp >= first)
            if len(self._days):
                self._minutes[first] = {}
                self._changed.add(first)
        else:
            self._history = history
            self._load_minutes(minutes.within(Span(edge, LAST)))
            return
        self.merge(minutes)
        for start in sorted(self._changed):
            self._make(start, live=False)
        self._changed.clear()

    def _load_minutes(self, minutes: Bars) -> None:
        """All bars of the minutes at once: a day has many."""
        if not self.include_extended:
            minutes = minutes.take(self._market.regular(minutes.timestamp))
        whole = resample(
            minutes, self.timeframe, market=self._market, include_extended=self.include_extended
        )
        places = np.searchsorted(whole.timestamp, minutes.timestamp, side="right") - 1
        starts = whole.timestamp[places].tolist()
        for start, bar in zip(starts, bar_rows(minutes), strict=True):
            self._minutes.setdefault(start, {})[bar.timestamp] = bar
        newest = max(self._minutes, default=0)
        for bar in map(self._live_bar, bar_rows(whole)):
            forming = bar.end > self._closed_through and bar.timestamp >= newest
            self._made[bar.timestamp] = replace(bar, forming=forming)

    def merge(self, minutes: Bars) -> None:
        """Take minutes that were fetched: each replaces the one of its start."""
        for bar in bar_rows(minutes):
            self.push(bar)

    def push(self, bar: Bar) -> None:
        """Take one minute. One from before the minutes that were loaded is left out: the history
        has it.
        """
        if bar.timestamp < self._edge:
            return
        start = self.start_of(bar.timestamp)
        minutes = self._minutes.setdefault(start, {})
        if not same(minutes.get(bar.timestamp), bar):
            minutes[bar.timestamp] = bar
            self._changed.add(start)

    def through(self, instant: int) -> None:
        """Minutes are complete up to an instant."""
        self._closed_through = max(self._closed_through, instant)

    def take(self) -> list[LiveBar]:
        """The bars that changed or closed since this was last called, by their starts."""
        newest = max(self._minutes, default=0)
        for start, bar in self._made.items():
            if bar.forming and (bar.end <= self._closed_through or start < newest):
                self._changed.add(start)
        changed = sorted(self._changed)
        self._changed.clear()
        return [made for made in map(self._make, changed) if made is not None]

    def bars(self) -> Bars:
        """All bars, the forming one last."""
        return Bars.concat([self._history, bars_from(map(LiveBar.plain, self._in_order()))])

    def history(self) -> list[LiveBar]:
        """The bars of the history, then those made here."""
        return [*map(self._live_bar, bar_rows(self._history)), *self._in_order()]

    @property
    def forming(self) -> LiveBar | None:
        """The bar that may still grow."""
        last = self._made.get(max(self._made, default=0))
        return last if last is not None and last.forming else None

    def start_of(self, instant: int) -> int:
        """The start of the bar that an instant lies in."""
        return bar_start(instant, self.timeframe, self._market, anchored=self._anchored)

    def _in_order(self) -> list[LiveBar]:
        return [self._made[start] for start in sorted(self._made)]

    def _make(self, start: int, *, live: bool = True) -> LiveBar | None:
        """The bar of a start anew; None where none of its minutes counts."""
        made = self._sum(start)
        if made is None:
            return None
        before = self._made.get(start)
        closed = before is not None and not before.forming
        revision = 0 if before is None else before.revision + closed
        grows = made.end > self._closed_through and start >= max(self._minutes)
        bar = replace(made, forming=grows and not closed, revision=revision, live=live)
        self._made[start] = bar
        return bar

    def _sum(self, start: int) -> LiveBar | None:
        minutes = self._minutes[start]
        bars = bars_from(minutes[stamp] for stamp in sorted(minutes))
        if self.timeframe.series is Series.DAY:
            before = self._days if start == self.start_of(self._edge) else Bars.empty()
            bars = Bars.concat([before, days_from_minutes(bars, self._market)])
        made = resample(
            bars, self.timeframe, market=self._market, include_extended=self.include_extended
        )
        return self._live_bar(next(bar_rows(made))) if len(made) else None

    def _live_bar(self, bar: Bar) -> LiveBar:
        end = bar_end(bar.timestamp, self.timeframe, self._market, anchored=self._anchored)
        values = {field.name: getattr(bar, field.name) for field in fields(Bar)}
        return LiveBar(**values, symbol=self.symbol, end=end)


def same(before: Bar | None, bar: Bar) -> bool:
    """Whether a bar has come with these values; what is not known on one side does not count."""
    if before is None:
        return False
    values = ("open", "high", "low", "close", "volume")
    return all(getattr(before, name) == getattr(bar, name) for name in values)
