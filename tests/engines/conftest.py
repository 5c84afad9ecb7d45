"""Made-up bars, made once."""

from dataclasses import dataclass

import pytest

from polytape.engines.as_of import days_query, minutes_query
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.model.units import DAY_US
from polytape.upstream.synthetic.source import Synthetic
from tests.engines.test_scanner import answers, at

AS_OF = at("2026-11-18 11:30")  # a Wednesday


@dataclass(frozen=True)
class StoredBars:
    """AAPL's minutes and daily bars up to three days after `AS_OF`. Answers reach `lie` microseconds
    too far into the future.
    """

    minutes: Bars
    days: Bars
    lie: int = 0

    def answer(self, query: BarsQuery) -> Bars:
        """The bars of a query for either series."""
        bars = self.days if query.timeframe is Timeframe.DAY else self.minutes
        return bars.within(Span(query.span.start, query.span.end + self.lie))


@pytest.fixture(scope="session")
def stored(synthetic: Synthetic, market: Market) -> StoredBars:
    answer, until = answers(synthetic, market), AS_OF + 3 * DAY_US
    return StoredBars(
        answer(minutes_query("AAPL", until, market, 65)),
        answer(days_query("AAPL", until, market, 435)),
    )
