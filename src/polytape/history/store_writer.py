"""Fetched bars into the store, with their coverage: up to the fetch, and whether it is final."""

import logging
from concurrent.futures import ThreadPoolExecutor

from polytape.errors import PolygonClientError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.query import BarsQuery
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.model.units import HOUR_US
from polytape.store.compact import compact
from polytape.store.coverage import Coverage
from polytape.store.periods import periods
from polytape.store.segments import SegmentStore
from polytape.upstream.source import SourceBars

log = logging.getLogger(__name__)

# So many segments in one folder are merged in the background.
PILE = 64
# An empty answer is asked for again once it is so old.
LOOK_AGAIN_US = HOUR_US


class StoreWriter:
    """Usable from many threads. Small segments that pile up are compacted in a thread apart."""

    def __init__(self, store: SegmentStore, market: Market) -> None:
        self._store = store
        self._market = market
        self._compactor = ThreadPoolExecutor(1, thread_name_prefix="polytape-compact")
        self._piled: set[str] = set()

    def close(self) -> None:
        """End the background thread once a compaction under way is done."""
        self._compactor.shutdown(wait=True, cancel_futures=True)

    def store_answer(self, query: BarsQuery, answer: SourceBars, fetched_at: int) -> None:
        """Store the bars that a source vouches for, up to `fetched_at` (microseconds UTC).

        Raises: DataFetchError.
        """
        past = query.span.until(fetched_at)
        sure = SpanSet.of([past]).difference(SpanSet.of(answer.provisional))
        bars = Bars.concat(answer.bars.within(part) for part in sure)
        market = MarketBars.of({query.symbol: bars})
        final = bool(len(bars)) or answer.proves_empty or self._was_empty(query, sure, fetched_at)
        self.write(query.series, (query.symbol,), sure, market, fetched_at, may_be_final=final)

    def _was_empty(self, query: BarsQuery, spans: SpanSet, fetched_at: int) -> bool:
        """Whether spans need no other look: there was no trading in them, or an earlier answer was
        as empty. One empty answer on trading days is no proof: a vendor's "OK" may mean nothing.
        """
        before: list[Span] = []
        for span in spans:
            slices = self._store.coverage(query.symbol, query.series, span)
            earlier = fetched_at - LOOK_AGAIN_US
            before += [part.span for part in slices if part.coverage.fetched_at <= earlier]
            if len(self._store.read(query.symbol, query.series, span)):
                return False
        left = [gap for span in spans for gap in SpanSet.of(before).gaps(span)]
        return not any(
            session.regular.intersect(gap) for gap in left for session in self._market.sessions(gap)
        )

    def write(
        self,
        series: Series,
        symbols: tuple[str, ...] | None,
        spans: SpanSet,
        market: MarketBars,
        fetched_at: int,
        *,
        may_be_final: bool = True,
    ) -> None:
        """Store bars of spans, of some symbols or (None) of every symbol there is; what is final at
        `fetched_at` (microseconds UTC) is stored as final.

        Raises: DataFetchError.
        """
        if not spans:
            return
        coverage = [
            Coverage(symbol, part, fetched_at, final)
            for symbol in ((None,) if symbols is None else symbols)
            for span in spans
            for part, final in self._by_finality(span, fetched_at, may_be_final=may_be_final)
        ]
        self._store.write(series, market, coverage)
        whole = Span(spans.spans[0].start, spans.spans[-1].end)
        for folder, _ in periods(series, whole, self._market):
            self._compact_pile(folder)

    def _by_finality(
        self, span: Span, fetched_at: int, *, may_be_final: bool
    ) -> list[tuple[Span, bool]]:
        """The part of a span that is final, and the part that is not, as far as there are both."""
        if not may_be_final:
            return [(span, False)]
        edge = min(max(span.start, self._market.final_before(fetched_at)), span.end)
        parts = ((Span(span.start, edge), True), (Span(edge, span.end), False))
        return [(part, final) for part, final in parts if part]

    def _compact_pile(self, folder: str) -> None:
        if folder not in self._piled and len(self._store.catalog.segments(folder)) >= PILE:
            self._piled.add(folder)
            self._compactor.submit(self._compact, folder)

    def _compact(self, folder: str) -> None:
        """A compaction that fails is tried again at the next pile."""
        try:
            log.info("compacted %s", compact(self._store, folder))
        except PolygonClientError as error:
            log.warning("compaction of %s failed: %s", folder, error)
        finally:
            self._piled.discard(folder)
