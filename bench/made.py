"""Made-up bars that the rows stand on."""

from datetime import date

from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.query import series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.upstream.synthetic.source import Synthetic

MARKET = xnys()
AS_OF_TEXT = "2026-11-20 14:30 America/New_York"
NOW = parse_instant("2026-11-20 20:00 America/New_York", "now", MARKET)
AS_OF = parse_instant(AS_OF_TEXT, "as_of", MARKET)
# What a scan reads.
MINUTES = Span(MARKET.midnight(date(2026, 9, 25)), AS_OF)
DAYS = Span(MARKET.midnight(date(2025, 10, 1)), MARKET.midnight(date(2026, 11, 20)))
YEAR = Span(MARKET.midnight(date(2024, 1, 1)), MARKET.midnight(date(2025, 1, 1)))


def minutes_of_year(source: Synthetic) -> Bars:
    """A year of minutes of one symbol."""
    return source.bars(series_query("AAPL", Series.MINUTE, YEAR)).bars
