"""Bars of a store alone, where there is no source to fetch more from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from polytape.errors import IncompleteDataError
from polytape.history.days_from_minutes import make_days, note_on
from polytape.history.plan import missing_of
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.store.segments import SegmentStore

SHOWN_SPANS = 3


@dataclass(frozen=True)
class SeriesRead:
    """Bars of a stored series, and the spans that are `missing` from them; `missing_reason` says
    why, where the source did. `provisional`: some bars are not to be stored or cached. `through`:
    the instant up to which the source has published, microseconds UTC, where that is not now.
    `from_minutes`: the days whose bar was made from those.
    `write_failure`: why fetched bars of it could not be stored; "" where they were.
    """

    bars: Bars
    notes: tuple[str, ...] = ()
    missing: tuple[Span, ...] = ()
    provisional: bool = False
    through: int | None = None
    from_minutes: tuple[date, ...] = ()
    write_failure: str = ""
    missing_reason: str = ""


def read_stored(store: SegmentStore, query: BarsQuery, market: Market, now: int) -> SeriesRead:
    """The stored bars of a query's series in its span; days without an official bar are made from
    stored minutes. What neither covers is missing, up to `now` in microseconds UTC.
    """
    bars, span = store.read(query.symbol, query.series, query.span), query.span
    covered = SpanSet.of(part.span for part in store.coverage(query.symbol, query.series, span))
    past = span.until(now)
    missing = () if past in covered else missing_of(past, covered, market)
    if query.series is Series.MINUTE:
        return SeriesRead(bars, missing=missing)
    made = make_days(store, query.symbol, span, bars, market=market)
    if len(made):
        bars = Bars.concat([bars, made]).tidy()
    if missing:
        slices = store.coverage(query.symbol, Series.MINUTE, span)
        minutes = SpanSet.of(part.span for part in slices)
        missing = tuple(part for gap in missing for part in missing_of(gap, minutes, market))
    days = tuple(market.date_of(start) for start in made.timestamp.tolist())
    return SeriesRead(
        bars, note_on(made, market), missing, provisional=len(made) > 0, from_minutes=days
    )


def read_without_source(
    store: SegmentStore | None, query: BarsQuery, market: Market, now: int
) -> SeriesRead:
    """As `read_stored`, where there may be no store either.

    Raises: IncompleteDataError naming what is missing, unless the query allows a part.
    """
    if store is None:
        missing = missing_of(query.span.until(now), SpanSet(), market)
        read = SeriesRead(Bars.empty(), missing=missing)
    else:
        read = read_stored(store, query, market, now)
    if read.missing and not query.allow_partial:
        raise IncompleteDataError(
            f"{query.symbol} {query.series.value}: {spans_text(read.missing)} is not in the "
            "store, and this gateway has no source to ask (allow_partial=true gives what is "
            "held)"
        )
    return read


def spans_text(spans: Sequence[Span]) -> str:
    """Spans for an error: the first ones, and how many more."""
    shown = ", ".join(str(span) for span in spans[:SHOWN_SPANS])
    more = len(spans) - SHOWN_SPANS
    return shown if more <= 0 else f"{shown} and {more} more"
