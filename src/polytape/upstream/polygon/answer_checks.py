"""Is an answer the answer to its question? Pure.

What is not is never stored as final: rows of another span are no bars of this one, and a price of
0 is no price. Days with rows that make no sense are answered without them, and asked for again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from polytape.errors import IncompleteDataError
from polytape.model.arrays import Bools, Floats, Ints
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.query import BarsQuery
from polytape.model.spans import Span, SpanSet
from polytape.model.suspect_bars import SuspectBars
from polytape.model.timeframes import Series
from polytape.model.timestamps import iso
from polytape.model.units import MINUTE_US
from polytape.wire.polygon.errors import WrongAnswerError

# Beyond any stock's price or a day's volume: a number that went wrong.
MOST = 1e12
# Suspect days of an answer that are named one by one.
MOST_DAYS = 50
# Symbols of a market's day that may be left out of it: so many, or so great a part.
MOST_SYMBOLS, MOST_PART = 100, 0.05

NO_PRICE = "a price that is none"
DISORDER = "prices out of order"
NO_VOLUME = "a volume that is none"
OFF_GRID = "a start where no bar starts"
TWICE = "several bars of one start"
OTHER_TIME = "another time than was asked for"


@dataclass(frozen=True, slots=True)
class CheckedBars:
    """The bars that make sense; what a reader must know of the others; the spans that the answer
    does not vouch for; the rows that were left out.
    """

    bars: Bars
    notes: tuple[str, ...] = ()
    provisional: tuple[Span, ...] = ()
    suspects: tuple[SuspectBars, ...] = ()


def check_bars(rows: Bars, query: BarsQuery, market: Market, request: str = "") -> CheckedBars:
    """Tidy the rows of an answer to a query, in any order. `request`: what the vendor was asked.

    Raises: WrongAnswerError where rows came, and none of them is of the query's span.
    """
    inside = (rows.timestamp >= query.span.start) & (rows.timestamp < query.span.end)
    if len(rows) and not inside.any():
        raise WrongAnswerError(
            f"asked for {query.symbol} {query.span}, the vendor answered with {len(rows)} bars "
            f"from {iso(int(rows.timestamp.min()))} on"
        )
    mine, others = rows.take(inside), rows.take(~inside)
    reasons = np.where(_on_grid(mine, query.series, market), reasons_of(mine), OFF_GRID)
    reasons = np.where((reasons == "") & _contradicted(mine), TWICE, reasons)
    wrong = reasons != ""
    suspects = list(_by_day(mine.take(wrong), reasons[wrong].tolist(), query, market, request))
    notes = []
    if wrong.any():
        first = iso(int(mine.timestamp[wrong].min()))
        notes.append(f"{wrong.sum()} of the vendor's bars make no sense and were left out: {first}")
    if len(others):
        notes.append(f"{len(others)} of the vendor's bars were of another time")
        suspects.append(
            SuspectBars(query.symbol, query.series, query.span, OTHER_TIME, request, others)
        )
    spans = SpanSet.of(suspect.span for suspect in suspects)
    return CheckedBars(mine.take(~wrong).tidy(), tuple(notes), spans.spans, tuple(suspects))


def check_day(
    symbols: Sequence[str], rows: Bars, day: date, market: Market, request: str
) -> MarketBars:
    """The daily bars of the market's day, by symbol: `rows[n]` is of symbols[n]. Symbols whose rows
    make no sense are left out, and are the day's suspects.

    Raises: WrongAnswerError where the rows are of another day, IncompleteDataError where too many
        make no sense.
    """
    span = market.day_span(day)
    inside = (rows.timestamp >= span.start) & (rows.timestamp < span.end)
    if len(rows) and not inside.any():
        other = market.date_of(int(rows.timestamp[0]))
        raise WrongAnswerError(f"asked for the market's {day}, the vendor answered with {other}")
    bars = Bars(np.full(len(rows), span.start, np.int64), *list(rows.columns().values())[1:])
    names, codes = np.unique(np.array(symbols, np.str_), return_inverse=True)
    reasons = np.where(inside, reasons_of(bars), OTHER_TIME)
    reasons = np.where((reasons == "") & _contradicted(bars, codes), TWICE, reasons)
    # All rows of a symbol go, where one of them is wrong.
    bad = sorted(set(codes[reasons != ""].tolist()))
    if len(bad) > max(MOST_SYMBOLS, MOST_PART * len(names)):
        text = f"{len(bad)} symbols of the market's {day} make no sense, such as {names[bad[0]]}"
        raise IncompleteDataError(f"{text}: {_joined(reasons[codes == bad[0]].tolist())}")
    suspects = []
    for code in bad:
        own = codes == code
        reason, sent = _joined(reasons[own].tolist()), rows.take(own)
        suspects.append(SuspectBars(str(names[code]), Series.DAY, span, reason, request, sent))
    good = ~np.isin(codes, bad)
    listed = MarketBars.sorted_by(names.tolist(), codes[good], bars.take(good))
    return MarketBars(listed.bars, listed.places, tuple(suspects))


def sound(bars: Bars) -> Bars:
    """The bars with prices and a volume that make sense."""
    return bars.take(reasons_of(bars) == "")


def reasons_of(bars: Bars) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """What is wrong with the prices or the volume of each bar; "" where nothing is."""
    prices = np.stack([bars.open, bars.high, bars.low, bars.close])
    known = (np.isfinite(prices) & (prices > 0) & (prices < MOST)).all(axis=0)
    ordered = (bars.high >= prices.max(axis=0)) & (bars.low <= prices.min(axis=0))
    known &= _unknown_or_sane(bars.vwap)
    traded = np.isfinite(bars.volume) & (bars.volume >= 0) & (bars.volume < MOST)
    traded &= _unknown_or_sane(bars.transactions)
    return np.select([~known, ~ordered, ~traded], [NO_PRICE, DISORDER, NO_VOLUME], "")


def _unknown_or_sane(column: Floats) -> Bools:
    return np.asarray(np.isnan(column) | ((column >= 0) & (column < MOST)))


def _on_grid(bars: Bars, series: Series, market: Market) -> Bools:
    """Whether each bar starts where one can: at a minute, at a midnight of the market's."""
    if series is Series.MINUTE:
        starts: Bools = bars.timestamp % MINUTE_US == 0
        return starts
    midnights = np.array(
        [market.midnight(market.date_of(int(s))) for s in bars.timestamp], np.int64
    )
    return np.asarray(bars.timestamp == midnights)


def _contradicted(bars: Bars, codes: Ints | None = None) -> Bools:
    """Whether another row has the same start (and the same code) and says something else. A row
    that comes twice is one.
    """
    groups = np.zeros(len(bars), np.int64) if codes is None else codes
    order = np.lexsort((bars.timestamp, groups))
    ranked, starts = bars.take(order), bars.timestamp[order]
    again = (np.diff(starts) == 0) & (np.diff(groups[order]) == 0)
    wrong = np.zeros(len(bars), bool)
    if not again.any():
        return wrong
    columns = np.stack(list(ranked.columns().values())[1:])
    before, after = columns[:, :-1], columns[:, 1:]
    same = ((before == after) | (np.isnan(before) & np.isnan(after))).all(axis=0)
    places = np.flatnonzero(again & ~same)
    keys = {(int(groups[order[at]]), int(starts[at])) for at in places}
    hit = [(int(g), int(s)) in keys for g, s in zip(groups, bars.timestamp, strict=True)]
    return np.array(hit, bool)


def _joined(reasons: Iterable[str]) -> str:
    return ", ".join(sorted(set(reasons) - {""}))


def _by_day(
    wrong: Bars, reasons: Sequence[str], query: BarsQuery, market: Market, request: str
) -> Iterator[SuspectBars]:
    """The wrong rows by their days; of very many days, in one."""
    days = np.array([market.date_of(int(stamp)).toordinal() for stamp in wrong.timestamp], np.int64)
    single = len(set(days.tolist())) > MOST_DAYS
    groups = [np.ones(len(days), bool)] if single else [days == day for day in sorted(set(days))]
    for group in groups:
        rows = wrong.take(group)
        first, last = int(rows.timestamp.min()), int(rows.timestamp.max())
        start = market.day_span(market.date_of(first)).start
        span = Span(start, market.day_span(market.date_of(last)).end).intersect(query.span)
        reason = _joined(reason for reason, here in zip(reasons, group, strict=True) if here)
        yield SuspectBars(query.symbol, query.series, span, reason, request, rows)
