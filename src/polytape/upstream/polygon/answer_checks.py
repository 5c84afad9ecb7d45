"""Is an answer the answer to its question? Pure.

What is not is never stored as final: rows of another span are no bars of this one, and a price of
0 is no price. Days with rows that make no sense are answered without them, and asked for again.
"""

from dataclasses import dataclass

import numpy as np

from polytape.errors import IncompleteDataError
from polytape.model.arrays import Bools
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.model.timestamps import iso
from polytape.model.units import MINUTE_US

# Beyond any stock's price or a day's volume: a number that went wrong.
MOST = 1e12


@dataclass(frozen=True, slots=True)
class CheckedBars:
    """The bars that make sense; what a reader must know of the others; the spans that the answer
    does not vouch for.
    """

    bars: Bars
    notes: tuple[str, ...] = ()
    suspect: tuple[Span, ...] = ()


def check_bars(rows: Bars, query: BarsQuery, market: Market) -> CheckedBars:
    """Tidy rows of an answer, as the answer to a query.

    Raises: IncompleteDataError where rows came, and none of them is of the query's span.
    """
    inside = rows.within(query.span)
    if len(rows) and not len(inside):
        raise IncompleteDataError(
            f"asked for {query.symbol} {query.span}, the vendor answered with {len(rows)} bars "
            f"from {iso(int(rows.timestamp[0]))} on"
        )
    sound = _on_grid(inside, query.series, market) & _sane(inside)
    notes, suspect = [], []
    if not sound.all():
        wrong = inside.take(~sound)
        first = iso(int(wrong.timestamp[0]))
        notes.append(f"{len(wrong)} of the vendor's bars make no sense and were left out: {first}")
        suspect = [market.day_span(market.date_of(int(stamp))) for stamp in wrong.timestamp]
    if len(inside) < len(rows):
        notes.append(f"{len(rows) - len(inside)} of the vendor's bars were of another time")
        suspect = [query.span]
    parts = SpanSet.of(span.intersect(query.span) for span in suspect)
    return CheckedBars(inside.take(sound), tuple(notes), parts.spans)


def _on_grid(bars: Bars, series: Series, market: Market) -> Bools:
    """Whether each bar starts where one can: at a minute, at a midnight of the market's."""
    if series is Series.MINUTE:
        starts: Bools = bars.timestamp % MINUTE_US == 0
        return starts
    midnights = np.array(
        [market.midnight(market.date_of(int(s))) for s in bars.timestamp], np.int64
    )
    return np.asarray(bars.timestamp == midnights)


def _sane(bars: Bars) -> Bools:
    """Whether prices are positive, finite and in order, and the volume is one."""
    prices = np.stack([bars.open, bars.high, bars.low, bars.close])
    ordered = (bars.high >= prices.max(axis=0)) & (bars.low <= prices.min(axis=0))
    known = np.isfinite(prices).all(axis=0) & (prices > 0).all(axis=0) & (prices < MOST).all(axis=0)
    traded = np.isfinite(bars.volume) & (bars.volume >= 0) & (bars.volume < MOST)
    return np.asarray(ordered & known & traded)
