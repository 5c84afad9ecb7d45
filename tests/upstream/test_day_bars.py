"""A day's minutes, each symbol's read once."""

from datetime import date

import pytest

from polytape.errors import NotFoundError
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from polytape.upstream.day_bars import DayBars
from polytape.upstream.source import SourceBars
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, NOW, day_span

DAY = day_span(date(2024, 7, 2))


class Counting(Synthetic):
    """Counts what it is asked for."""

    reads = 0

    def bars(self, query: BarsQuery) -> SourceBars:
        self.reads += 1
        return super().bars(query)


def test_each_minute_is_the_sources_and_read_once() -> None:
    """However many minutes a feed wants, one after the other."""
    source = Counting(MARKET, lambda: NOW)
    day = DayBars(source, DAY)
    whole = source.bars(series_query("AAPL", Series.MINUTE, DAY)).bars
    source.reads = 0
    for start in (DAY.start, *whole.timestamp[:5].tolist(), DAY.end):
        span = Span(start, start + MINUTE_US)
        got = day.bars(series_query("AAPL", Series.MINUTE, span)).bars
        assert got.same(whole.within(span))
    assert day.last_bar("AAPL").same(whole.last(1))
    assert (source.reads, day.earliest()) == (1, DAY.start)


def test_a_symbol_that_is_not_there_is_an_error_each_time() -> None:
    """A feed leaves it out."""
    day = DayBars(Synthetic(MARKET, lambda: NOW), DAY)
    for _ in range(2):
        with pytest.raises(NotFoundError):
            day.bars(series_query("NOPE", Series.MINUTE, DAY))
