"""The bars of the made-up market, of any symbol and span.

Every number is a hash of (seed, symbol, day, minute), so any range in any order gives the same
bars, and only each symbol's daily path is cached. Sessions and early closes are real; a night that
belongs to a trade date by the market's hours has bars, and counts for its daily bar. The daily bar
follows from the minutes as the vendor's does: open, high and low of regular hours, the closing
auction as close, more volume than the minutes have.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import lru_cache

import numpy as np

from polytape.model import units
from polytape.model.arrays import Ints
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.resample import days_from_minutes
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.model.timestamps import day_number
from polytape.upstream.synthetic.nights import night_bars
from polytape.upstream.synthetic.prices import Path, Sessions, character, minute_bars, walk_days

FIRST_DAY, LAST_DAY = date(2003, 9, 10), date(2040, 12, 31)
DAYS_AT_ONCE = 300
DAILY_OVER_MINUTES = 1.2
MOST_PATHS = 512


class SyntheticBars:
    """Made-up bars over a market's real sessions. `now` gives microseconds UTC: no bar is from the
    future.
    """

    def __init__(self, market: Market, now: Callable[[], int], seed: int) -> None:
        self._market = market
        self._now = now
        self._seed = seed
        edges = (day_number(FIRST_DAY), day_number(LAST_DAY) + 1)
        begin, end = (int(at) for at in np.searchsorted(market.days, edges))
        self._begin = begin
        opens = market.opens[begin:end]
        self._sessions = Sessions(
            days=market.days[begin:end],
            starts=opens - market.pre_market_us,
            opens=opens,
            closes=market.closes[begin:end],
        )
        self._path = lru_cache(maxsize=MOST_PATHS)(self._walk)

    def splits(self, symbol: str) -> tuple[Split, ...]:
        """All splits of a symbol, future ones included."""
        return self._path(symbol).splits

    def chunks(self, symbol: str, span: Span, series: Series) -> Iterator[Bars]:
        """The bars of the days of a span and around it, some days at a time: 20 years of minutes
        do not fit a small machine.
        """
        midnights = self._sessions.days * units.DAY_US
        lo = int(np.searchsorted(midnights, span.start - 2 * units.DAY_US))
        hi = int(np.searchsorted(midnights, span.end + units.DAY_US))
        for at in range(lo, hi, DAYS_AT_ONCE):
            days = np.arange(at, min(at + DAYS_AT_ONCE, hi))
            if series is Series.DAY:
                yield self._daily(symbol, days)
            else:
                yield self._minutes(symbol, days)

    def _walk(self, symbol: str) -> Path:
        return walk_days(symbol, character(symbol, self._seed), self._sessions.days)

    def _minutes(self, symbol: str, days: Ints) -> Bars:
        traits = character(symbol, self._seed)
        path = self._path(symbol)
        bars = minute_bars(traits, path, self._sessions, days)
        starts, ends = self._market.overnights(self._begin + days)
        if (ends > starts).any():
            nights = night_bars(traits, path, self._sessions.days, days, starts, ends)
            bars = Bars.concat([nights, bars]).tidy()
        ended = Span(0, max(0, self._now() - units.MINUTE_US + 1))
        return bars.within(ended)

    def _daily(self, symbol: str, days: Ints) -> Bars:
        made = days_from_minutes(self._minutes(symbol, days), self._market)
        return replace(made, volume=np.round(made.volume * DAILY_OVER_MINUTES))
