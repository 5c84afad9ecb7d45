"""One day's minute bars, each symbol's read once: a feed wants them minute by minute."""

from functools import lru_cache

from polytape.model.bars import Bars
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.upstream.source import BarSource, SourceBars

# More than trade on a day.
MOST_SYMBOLS = 20_000


class DayBars:
    """A `BarSource` of the minutes inside `day`. What the source does not find is looked for again
    each time.
    """

    def __init__(self, source: BarSource, day: Span) -> None:
        self._source = source
        self._day = day
        self._of = lru_cache(maxsize=MOST_SYMBOLS)(self._read)

    def earliest(self) -> int:
        """As `BarSource.earliest`."""
        return self._day.start

    def bars(self, query: BarsQuery) -> SourceBars:
        """As `BarSource.bars`."""
        return SourceBars(self._of(query.symbol).within(query.span))

    def last_bar(self, symbol: str) -> Bars:
        """As `BarSource.last_bar`: the last one of the day."""
        return self._of(symbol).last(1)

    def _read(self, symbol: str) -> Bars:
        return self._source.bars(series_query(symbol, Series.MINUTE, self._day)).bars
