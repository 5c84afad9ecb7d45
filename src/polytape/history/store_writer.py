"""Fetched bars into the store, with their coverage: up to the fetch, and whether it is final.

Rows that cannot be right go into the quarantine beside it. What cannot be written is covered by
nobody: it is fetched again.
"""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from polytape.errors import DataFetchError, PolygonClientError
from polytape.history.empty_days import LOOK_AGAIN_US, empty_runs
from polytape.history.quarantine import Quarantine
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.query import BarsQuery
from polytape.model.spans import Span, SpanSet
from polytape.model.suspect_bars import SuspectBars
from polytape.model.timeframes import Series
from polytape.store.compact import compact
from polytape.store.coverage import Coverage
from polytape.store.footer import DamagedSegmentError
from polytape.store.periods import periods
from polytape.store.segments import SegmentStore
from polytape.upstream.source import SourceBars

log = logging.getLogger(__name__)

# So many segments in one folder are merged in the background.
PILE = 64


class StoreWriteError(DataFetchError):
    """Fetched bars could not be stored: a full disk, one that is read-only, keys of a bucket."""


class StoreWriter:
    """Usable from many threads. Small segments that pile up are compacted in a thread apart.

    `on_failure` is called for each write that failed, for whoever counts them. `now` gives
    microseconds UTC; the store's own clock by default.
    """

    def __init__(
        self,
        store: SegmentStore,
        market: Market,
        on_failure: Callable[[], None] = lambda: None,
        now: Callable[[], int] | None = None,
    ) -> None:
        self._store = store
        self._now = store.now if now is None else now
        self._market = market
        self._on_failure = on_failure
        self._failing = False
        self._quarantine = Quarantine(store.storage)
        self._compactor = ThreadPoolExecutor(1, thread_name_prefix="polytape-compact")
        self._piled: set[str] = set()

    def close(self) -> None:
        """End the background thread once a compaction under way is done."""
        self._compactor.shutdown(wait=True, cancel_futures=True)

    def store_answer(self, query: BarsQuery, answer: SourceBars, fetched_at: int) -> None:
        """Store the bars that a source vouches for, up to `fetched_at` (microseconds UTC), and set
        aside the rows that cannot be right.

        Raises: StoreWriteError where it cannot be written, DataFetchError where it cannot be read.
        """
        past = query.span.until(fetched_at)
        sure = SpanSet.of([past]).difference(SpanSet.of(answer.provisional))
        bars = Bars.concat(answer.bars.within(part) for part in sure)
        self._set_aside(answer.suspects, fetched_at)
        unproven = SpanSet()
        if not answer.proves_empty:
            empty, traded = self._empty_runs(query, sure, bars)
            sure, unproven = sure.difference(traded), self._unproven(query, empty, fetched_at)
        market = MarketBars.of({query.symbol: bars})
        self.write(query.series, (query.symbol,), sure, market, fetched_at, unproven=unproven)

    def _empty_runs(self, query: BarsQuery, spans: SpanSet, bars: Bars) -> tuple[SpanSet, SpanSet]:
        """Trading days in a row without a bar, many or all of the answer's; and apart from them
        those that the store has bars of, which such an answer does not take away.
        """
        runs = SpanSet.of(empty_runs(self._market, spans, bars))
        stored = [self._store.read(query.symbol, query.series, span) for span in runs]
        starts = [start for part in stored for start in part.timestamp.tolist()]
        days = SpanSet.of(self._market.day_span(d) for d in set(map(self._market.date_of, starts)))
        traded = runs.intersection(days)
        for span in traded:
            log.warning("%s has stored %s bars where the vendor sends none now, they stay: %s",
                        query.symbol, query.series.value, span)  # fmt: skip
        return runs.difference(traded), traded

    def _unproven(self, query: BarsQuery, empty: SpanSet, fetched_at: int) -> SpanSet:
        """What of empty spans needs another look: a vendor's "OK" may mean nothing. An earlier
        answer that was as empty is proof, and so is a list of the whole market without the symbol.
        """
        before: list[Span] = []
        for span in empty:
            slices = self._store.coverage(query.symbol, query.series, span)
            earlier = fetched_at - LOOK_AGAIN_US
            before += [part.span for part in slices if part.coverage.fetched_at <= earlier]
        return empty.difference(SpanSet.of(before))

    def write(
        self,
        series: Series,
        symbols: tuple[str, ...] | None,
        spans: SpanSet,
        market: MarketBars,
        fetched_at: int,
        *,
        unproven: SpanSet = SpanSet(),  # noqa: B008 - it cannot be changed
    ) -> None:
        """Store bars of spans, of some symbols or (None) of every symbol there is but the suspects;
        what is final at `fetched_at` (microseconds UTC), and not `unproven`, is stored as final.

        Raises: StoreWriteError.
        """
        if not spans:
            return
        suspects = frozenset(suspect.symbol for suspect in market.suspects)
        names = (None,) if symbols is None else tuple(s for s in symbols if s not in suspects)
        coverage = [
            Coverage(name, part, fetched_at, final, suspects if name is None else frozenset())
            for name in names
            for span in spans
            for part, final in self._by_finality(span, fetched_at, unproven)
        ]
        self._written(lambda: self._store.write(series, market, coverage, now=self._now()))
        self._set_aside(market.suspects, fetched_at)
        self._quarantine.clear(self._store, series, spans, self._market)
        whole = Span(spans.spans[0].start, spans.spans[-1].end)
        for folder, _ in periods(series, whole, self._market):
            self._compact_pile(folder)

    def _set_aside(self, suspects: Iterable[SuspectBars], fetched_at: int) -> None:
        for suspect in suspects:
            self._written(partial(self._quarantine.put, suspect, fetched_at))

    def _written(self, write: Callable[[], None]) -> None:
        """Write; a failure is counted, and logged when it is the first one in a row.

        Raises: StoreWriteError.
        """
        try:
            write()
        except DamagedSegmentError:
            raise
        except DataFetchError as error:
            self._on_failure()
            if not self._failing:
                log.warning("the store cannot be written, what is fetched is not stored: %s", error)
            self._failing = True
            raise StoreWriteError(str(error)) from error
        if self._failing:
            log.warning("the store can be written again")
            self._failing = False

    def _by_finality(
        self, span: Span, fetched_at: int, unproven: SpanSet
    ) -> list[tuple[Span, bool]]:
        """The parts of a span that are final, and those that are not."""
        past = span.until(self._market.final_before(fetched_at))
        final = SpanSet.of([past]).difference(unproven)
        return [(part, True) for part in final] + [(part, False) for part in final.gaps(span)]

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
