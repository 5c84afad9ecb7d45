"""The answer to a query, from bars of the stored series: adjusted, cut, summed, described. Pure."""

from dataclasses import dataclass
from typing import Protocol

from polytape.history.reader import SeriesRead
from polytape.history.splits import Splits
from polytape.history.symbol_reference import SymbolReference
from polytape.model import quality, timestamps
from polytape.model.bars import Bars
from polytape.model.basis import Basis, SplitStep
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.session_count import Lacks, series_basis
from polytape.model.spans import Span
from polytape.model.units import MINUTE_US
from polytape.wire.api.messages import BarsMetadata, SpanMessage

NO_SPLITS = "no table of splits at hand: prices are as traded"


class Origin(Protocol):
    """Where bars come from."""

    @property
    def name(self) -> str:
        """What answers call it."""
        ...

    @property
    def made_up(self) -> bool:
        """Whether the prices are invented."""
        ...


@dataclass(frozen=True)
class BarsResult:
    """Bars, what is said of them, and a quality report where the query wants one."""

    bars: Bars
    metadata: BarsMetadata
    report: quality.QualityReport | None = None


def make_result(
    query: BarsQuery,
    read: SeriesRead,
    splits: Splits,
    reference: SymbolReference,
    market: Market,
    now: int,
) -> BarsResult:
    """The answer from bars of the stored series. `now`: microseconds UTC."""
    today = market.date_of(now)
    bars = query.answer(read.bars, splits.used or (), market=market, today=today)
    basis = make_basis(query, read, splits, reference, market, now)
    metadata = BarsMetadata(
        symbol=query.symbol,
        timeframe=query.timeframe.value,
        count=len(bars),
        source=reference.name,
        made_up=reference.made_up,
        adjusted=query.adjusted and splits.used is not None,
        include_extended=query.include_extended,
        complete_through=timestamps.iso(_complete_through(query, read, market, now)),
        notes=list(basis.notes),
        missing=[
            SpanMessage(timestamps.iso(gap.start), timestamps.iso(gap.end)) for gap in read.missing
        ],
        basis=basis,
    )
    return BarsResult(bars, metadata, _report(query, bars, market, now) if query.validate else None)


def make_basis(
    query: BarsQuery,
    read: SeriesRead,
    splits: Splits,
    origin: Origin,
    market: Market,
    now: int,
) -> Basis:
    """What the answer to a query stands on. `now`: microseconds UTC."""
    # A query that wants prices as traded needs no splits.
    no_splits = (NO_SPLITS,) if splits.used is None else ()
    series = series_basis(
        read.bars,
        query.series,
        query.of_series(market).span,
        market,
        now=now if read.through is None else min(now, read.through),
        complete_through=_complete_through(query, read, market, now),
        lacks=Lacks(read.missing, read.from_minutes, read.missing_reason),
    )
    used = _used(query, read.bars, splits, market, now)
    return Basis(
        source=origin.name,
        made_up=origin.made_up,
        adjusted=query.adjusted and splits.used is not None,
        adjustment=_adjustment(query, splits, used),
        splits=used,
        notes=(*read.notes, *splits.notes, *no_splits),
        inputs=(series,),
    )


def splits_basis(origin: Origin, splits: Splits) -> Basis:
    """What a single price in today's shares stands on."""
    return Basis(
        source=origin.name,
        made_up=origin.made_up,
        adjusted=splits.used is not None,
        adjustment=NO_SPLITS if splits.used is None else "adjusted for splits",
        notes=(*splits.notes, *((NO_SPLITS,) if splits.used is None else ())),
    )


def _used(
    query: BarsQuery, stored: Bars, splits: Splits, market: Market, now: int
) -> tuple[SplitStep, ...]:
    """The splits that any of the bars is adjusted for."""
    if not query.adjusted or not splits.used:
        return ()
    today = market.date_of(now)
    first = market.date_of(int(stored.timestamp[0])) if len(stored) else today
    steps = {
        SplitStep(
            at=timestamps.to_datetime(market.day_start(split.execution_date)),
            day=split.execution_date,
            split_from=split.split_from,
            split_to=split.split_to,
        )
        for split in splits.used
        if first < split.execution_date <= today
    }
    return tuple(sorted(steps))


def _adjustment(query: BarsQuery, splits: Splits, used: tuple[SplitStep, ...]) -> str:
    """Why prices are in today's shares, or are not; "" where no split had to be applied."""
    if not query.adjusted:
        return "as traded: the query wants it so"
    if splits.used is None:
        return NO_SPLITS
    return f"adjusted for splits: {', '.join(map(str, used))}" if used else ""


def _complete_through(query: BarsQuery, read: SeriesRead, market: Market, now: int) -> int:
    """Through which instant the bars are complete: not past what the source has published, and
    never after `now`, to the minute, though the span may begin later.
    """
    complete = query.complete_through(now, market)
    if read.through is not None:
        published = query.complete_through(read.through, market)
        complete = max(query.span.start, min(complete, published))
    return min(complete, now // MINUTE_US * MINUTE_US)


def _report(query: BarsQuery, bars: Bars, market: Market, now: int) -> quality.QualityReport:
    """Gaps are not looked for in the future, nor before the first bar that `limit` left."""
    ends, starts = query.complete_through(now, market), query.span.start
    if query.limit is not None and len(bars) == query.limit:
        starts = int(bars.timestamp[0])
    span = Span(min(starts, ends), ends)
    return quality.check(bars, query.timeframe, span, market=market, anchored=query.anchored)
