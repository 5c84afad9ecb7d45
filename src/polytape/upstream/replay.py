"""A source as it could be read at an instant of its past: the one place where a replay cuts.

A minute bar is there once it has ended. A day's official bar counts every trade of the day: it is
there once the post-market has ended, and before that the bar is made from the minutes so far. A
split is there from its day on. Days are trade dates here: one that begins the evening before is
today's from then on.
"""

from collections.abc import Callable

from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery, series_query
from polytape.model.resample import days_from_minutes
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span, SpanSet
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US
from polytape.upstream.replay_cut import Cut, ReplayedDays
from polytape.upstream.source import SourceBars, Upstream

# How far back a last bar is looked for: mostly it is near, and files of days are slow to read.
LAST_BAR_DAYS = (10, 400)


def replayed(upstream: Upstream, market: Market, now: Callable[[], int]) -> Upstream:
    """A source whose bars, days and splits end at `now`, microseconds UTC. Its securities are those
    of the source, which has to end with the replayed day.
    """
    cut = Cut(market, now)
    source = ReplayedSource(upstream, cut)
    days = None if upstream.days is None else ReplayedDays(upstream.days, cut)
    return Upstream(
        upstream.name,
        source,
        source,
        upstream.made_up,
        days=days,
        close=upstream.close,
        refused_splits=upstream.refused_splits,
        suggest=upstream.suggest,
    )


class ReplayedSource:
    """A `BarSource` and a `ReferenceSource` over those of another source."""

    def __init__(self, upstream: Upstream, cut: Cut) -> None:
        self._bars = upstream.bars
        self._reference = upstream.reference
        self._cut = cut
        self._market = cut.market

    def earliest(self) -> int:
        """As `BarSource.earliest`."""
        return self._bars.earliest()

    def bars(self, query: BarsQuery) -> SourceBars:
        """As `BarSource.bars`."""
        if query.series is Series.MINUTE:
            return self._bars.bars(query.over(query.span.until(self._cut.minutes_before())))
        edge = self._cut.days_before()
        official = self._bars.bars(query.over(query.span.until(edge)))
        day = self._market.day_span(self._market.date_of(edge))
        running = bool(day.intersect(query.span))
        return _joined(official, self._forming(query, day)) if running else official

    def last_bar(self, symbol: str) -> Bars:
        """As `BarSource.last_bar`; one of more than 400 days ago is none."""
        begins = self._market.day_start(self._cut.today())
        minutes = self._minutes(symbol, Span(begins, max(begins, self._cut.now())))
        if len(minutes):
            return minutes.last(1)
        for days in LAST_BAR_DAYS:
            span = Span(begins - days * DAY_US, begins)
            day = self._bars.bars(series_query(symbol, Series.DAY, span)).bars.last(1)
            if len(day):
                traded = self._market.date_of(int(day.timestamp[0]))
                minutes = self._minutes(symbol, self._market.day_span(traded))
                return minutes.last(1) if len(minutes) else day
        return Bars.empty()

    @property
    def checks_splits(self) -> bool:
        """As `ReferenceSource.checks_splits`."""
        return self._reference.checks_splits

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """As `ReferenceSource.splits`, but for those of later days."""
        return self._executed(self._reference.splits(symbol))

    def cached_splits(self, symbol: str) -> tuple[Split, ...] | None:
        """As `ReferenceSource.cached_splits`, but for those of later days."""
        return self._executed(self._reference.cached_splits(symbol))

    def find(self, symbol: str) -> SymbolInfo | None:
        """As `ReferenceSource.find`."""
        return self._reference.find(symbol)

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """As `ReferenceSource.search`."""
        return self._reference.search(query, active_only=active_only)

    def forget(self) -> None:
        """As `ReferenceSource.forget`."""
        self._reference.forget()

    def _executed(self, splits: tuple[Split, ...] | None) -> tuple[Split, ...] | None:
        if splits is None:
            return None
        today = self._cut.today()
        return tuple(split for split in splits if split.execution_date <= today)

    def _minutes(self, symbol: str, span: Span) -> Bars:
        return self.bars(series_query(symbol, Series.MINUTE, span)).bars

    def _forming(self, query: BarsQuery, day: Span) -> SourceBars:
        """The daily bar of the day that is not over, from its minutes so far: all of them, also
        where the query's span begins or ends within the day.
        """
        minutes = self.bars(series_query(query.symbol, Series.MINUTE, day))
        made = days_from_minutes(minutes.bars, self._market).within(query.span)
        date = self._market.date_of(day.start)
        note = f"{date} is not over: its bar is made from minutes"
        notes, days = ((note,), (date,)) if len(made) else ((), ())
        missing = SpanSet.of(span.intersect(query.span) for span in minutes.missing).spans
        inside = day.intersect(query.span)
        return SourceBars(made, notes, (inside,), missing=missing, from_minutes=days)


def _joined(official: SourceBars, forming: SourceBars) -> SourceBars:
    return SourceBars(
        Bars.concat([official.bars, forming.bars]),
        (*official.notes, *forming.notes),
        (*official.provisional, *forming.provisional),
        official.through,
        SpanSet.of((*official.missing, *forming.missing)).spans,
        (*official.from_minutes, *forming.from_minutes),
    )
