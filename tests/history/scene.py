"""A store before a source that counts, at a time that can be moved."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from polytape.errors import DataFetchError
from polytape.history.bars_cache import BarsCache
from polytape.history.bars_service import BarsService
from polytape.history.gap_filler import GapFiller
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series, Timeframe
from polytape.net.storage import Storage, open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.source import SourceBars, Upstream
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire.budget import BudgetState
from tests.conftest import MARKET, day_span

T = TypeVar("T")
JULY = [date(2024, 7, day) for day in range(1, 15)]
IDLE = BudgetState(limit=100, used=0, reset_s=0.0, window_s=1.0)


def at(text: str) -> int:
    """An instant of New York."""
    return parse_instant(f"{text} America/New_York", "at", MARKET)


class AtOnce:
    """Workers without threads: each call is run where it is made."""

    async def work(self, call: Callable[[], T]) -> T:
        return call()

    async def heavy(self, call: Callable[[], T]) -> T:
        return call()

    async def foreground(self, call: Callable[[], T]) -> T:
        return call()

    async def background(self, call: Callable[[], T]) -> T:
        return call()


class Counting:
    """A made-up market that notes what is fetched of it and fails where it is told to."""

    def __init__(self, inner: Synthetic) -> None:
        self.inner = inner
        self.queries: list[BarsQuery] = []
        self.broken: SpanSet = SpanSet()

    def upstream(self) -> Upstream:
        return Upstream("synthetic", self, self.inner, made_up=True)

    def earliest(self) -> int:
        return 0

    def bars(self, query: BarsQuery) -> SourceBars:
        self.queries.append(query)
        if self.broken.intersection(SpanSet.of([query.span])):
            raise DataFetchError("the vendor is down")
        return self.inner.bars(query)

    def last_bar(self, symbol: str) -> Bars:
        return self.inner.last_bar(symbol)


class Scene:
    """Bars of a counting source, stored; what it stored can be opened again without the source."""

    def __init__(self, storage: Storage | None = None) -> None:
        self.now = at("2024-07-15 12:00")
        self.source = Counting(Synthetic(MARKET, lambda: self.now))
        self.storage = open_storage("memory") if storage is None else storage
        self.store, self.service = self.open(self.source.upstream())

    @property
    def filler(self) -> GapFiller:
        return self.service.filler

    def open(self, upstream: Upstream | None) -> tuple[SegmentStore, BarsService]:
        store = SegmentStore(self.storage, "synthetic/0", MARKET)
        cache = BarsCache(10**8)
        filler = GapFiller(upstream, store, MARKET, lambda: self.now, AtOnce(), cache)
        return store, BarsService(filler)

    async def fetch(self, first: date, last: date, *, use_cache: bool = True) -> Bars:
        span = day_span(first, last)
        query = BarsQuery("AAPL", Timeframe.MIN_1, span, adjusted=False, use_cache=use_cache)
        return (await self.service.bars(query)).bars

    def truth(
        self, first: date, last: date, *, symbol: str = "AAPL", series: Series = Series.MINUTE
    ) -> Bars:
        return self.source.inner.bars(series_query(symbol, series, day_span(first, last))).bars

    def fetched(self) -> list[Span]:
        """The spans that the source was asked for."""
        return [query.span for query in self.source.queries]

    def close(self) -> None:
        """Ends once a compaction under way is done."""
        self.filler.close()
        self.store.close()
