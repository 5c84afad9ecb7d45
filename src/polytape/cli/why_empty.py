"""Why an answer has no bars, by this machine's clock."""

from polytape.cli.clock import now_us, this_market
from polytape.model.date_words import read_dates
from polytape.model.instants import parse_span
from polytape.model.why_empty import empty_note


def why_empty(start: str, end: str, timeframe: str) -> str:
    """A sentence about the bars of `start` to `end`, dates as `BarsRequest` has them.

    Raises: ValidationError.
    """
    market, now = this_market(), now_us()
    dates = read_dates(start, end, now, market, ("start", "end"))
    return empty_note(parse_span(*dates, market), timeframe, market, now)
