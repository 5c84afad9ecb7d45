"""A store as a source: for a gateway that reads it and never writes to it, such as a replay's."""

from collections.abc import Iterable
from datetime import date
from typing import ClassVar

from polytape.errors import NotFoundError
from polytape.history.reader import read_stored
from polytape.history.store_reference import StoreReference
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.query import BarsQuery
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span, SpanSet
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.store.market_day import market_day
from polytape.store.periods import all_time
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore
from polytape.upstream.source import SourceBars, Upstream


class StoredSource:
    """A `BarSource`, `DaySource` and `ReferenceSource`. It ends at `end` (microseconds UTC): later
    bars, and symbols that have only those, are not in it.
    """

    reads_whole_days: ClassVar[bool] = False
    requests_per_day: ClassVar[int] = 0
    unit: ClassVar[str] = "days"
    covers_unlisted: ClassVar[bool] = True

    def __init__(self, store: SegmentStore, market: Market, end: int) -> None:
        self._store = store
        self._market = market
        self._past = Span(all_time(market).start, end)
        self._reference = Reference(store.storage)
        self._candidates = StoreReference(store)
        self._listed: set[str] = set()

    def upstream(self) -> Upstream:
        """This source by its parts; closing it closes the store."""
        made_up = self._candidates.made_up
        return Upstream(
            self._store.source,
            self,
            self,
            made_up,
            days=self,
            close=self._store.close,
            refused_splits=self._reference.refused_splits,
            suggest=self._candidates.suggest,
        )

    def earliest(self) -> int:
        """As `BarSource.earliest`: all of time."""
        return 0

    def bars(self, query: BarsQuery) -> SourceBars:
        """As `BarSource.bars`; what the store does not cover is `missing`."""
        query = query.over(query.span.until(self._past.end))
        read = read_stored(self._store, query, self._market, self._past.end)
        if not len(read.bars) and self.find(query.symbol) is None:
            raise NotFoundError(f"the store that is read has no symbol {query.symbol}")
        provisional = (query.span,) if read.provisional else ()
        return SourceBars(
            read.bars,
            read.notes,
            provisional,
            missing=read.missing,
            from_minutes=read.from_minutes,
        )

    def last_bar(self, symbol: str) -> Bars:
        """The last stored minute bar, else the last daily bar."""
        for series in Series:
            for part in reversed(self._store.coverage(symbol, series, self._past)):
                bars = self._store.read(symbol, series, part.span)
                if len(bars):
                    return bars.last(1)
        return Bars.empty()

    def missing(self, symbol: str, span: Span) -> SpanSet:
        """What of a span of minutes the store does not cover for a symbol."""
        slices = self._store.coverage(symbol, Series.MINUTE, span)
        return SpanSet.of(part.span for part in slices).gaps(span)

    def symbols_in(self, span: Span) -> list[str]:
        """The symbols whose minutes of a span are stored whole, sorted."""
        symbols = self._store.symbols(Series.MINUTE)
        return [symbol for symbol in symbols if not self.missing(symbol, span)]

    @property
    def checks_splits(self) -> bool:
        """As `ReferenceSource.checks_splits`: those that the vendor listed."""
        return not self._reference.imported()

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """As `ReferenceSource.splits`."""
        return self._reference.splits(symbol)

    cached_splits = splits

    def find(self, symbol: str) -> SymbolInfo | None:
        """As `ReferenceSource.find`: where there is a stored bar."""
        if symbol not in self._listed:
            if not len(self.last_bar(symbol)):
                return None
            self._listed.add(symbol)
        return SymbolInfo(symbol)

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """As `ReferenceSource.search`, by symbol: a store has no names."""
        infos = self._candidates.search(query, active_only=active_only)
        return [info for info in infos if self.find(info.symbol) is not None]

    def forget(self) -> None:
        """As `ReferenceSource.forget`: nothing is cached that could change."""

    def has_day(self, series: Series, day: date) -> bool:
        """As `DaySource.has_day`."""
        return self.market_day(series, day) is not None

    def market_day(
        self,
        series: Series,
        day: date,
        *,
        background: bool = False,  # noqa: ARG002 - a store takes no budget
    ) -> MarketBars | None:
        """As `DaySource.market_day`: where one fetch covered the whole market."""
        span = self._market.day_span(day)
        return market_day(self._store, series, span) if span in self._past else None

    def mark_stored(self, series: Series, day: date) -> None:
        """As `DaySource.mark_stored`: nothing is written."""

    def replaced(self, series: Series, days: Iterable[date]) -> list[date]:  # noqa: ARG002 - as promised
        """As `DaySource.replaced`: none."""
        return []
