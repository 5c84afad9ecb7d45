"""Trading days without a bar: one answer that has none is no proof that there are none. Pure."""

from collections.abc import Iterable, Iterator

import numpy as np

from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.spans import Span
from polytape.model.units import HOUR_US

# An answer without bars is looked at again once it is so old.
LOOK_AGAIN_US = HOUR_US
# So many trading days in a row without a bar are looked at again, too.
EMPTY_DAYS = 3


def empty_runs(market: Market, spans: Iterable[Span], bars: Bars) -> Iterator[Span]:
    """Runs of at least EMPTY_DAYS trading days of some spans without one of the tidy bars; shorter
    ones, where they are all the trading days that there are.
    """
    days = [
        session.day
        for span in spans
        for session in market.sessions(span)
        if session.regular.intersect(span)
    ]
    wholes = list(map(market.day_span, dict.fromkeys(days)))
    edges = np.array([(span.start, span.end) for span in wholes], np.int64).reshape(-1, 2)
    counts = np.diff(np.searchsorted(bars.timestamp, edges), axis=1).ravel().tolist()
    begins = 0
    # A bar after the last day ends the last run.
    for place, count in enumerate([*counts, 1]):
        if count:
            if place - begins >= min(EMPTY_DAYS, max(1, len(wholes))):
                yield Span(wholes[begins].start, wholes[place - 1].end)
            begins = place + 1
