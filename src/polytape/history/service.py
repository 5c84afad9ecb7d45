"""Stored history to manage: status, verification, backfill, repair, compaction, deletion."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from polytape.errors import ConfigurationError
from polytape.history import backfill
from polytape.history.gap_filler import GapFiller
from polytape.history.quarantine import Quarantine
from polytape.history.status import StoreStatus, store_status
from polytape.history.verify import SpanReport, repair_queries, verify
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.store.compact import Compaction, compact, forget
from polytape.store.segments import SegmentStore
from polytape.upstream.background_work import check_wanted
from polytape.wire.budget import BudgetState


class HistoryService:
    """One store before one source. Every method but `run` raises ConfigurationError where there is
    no store, and errors of our tree.
    """

    def __init__(self, filler: GapFiller, budget: Callable[[], BudgetState]) -> None:
        self._filler = filler
        self._workers = filler.workers
        self._budget = budget

    def must_store(self) -> SegmentStore:
        """The store.

        Raises: ConfigurationError where there is none.
        """
        if self._filler.store is None:
            raise ConfigurationError("this gateway keeps nothing: start it with a --store")
        return self._filler.store

    async def status(self, symbols: Sequence[str]) -> StoreStatus:
        """What is stored of each series, and of each of the symbols."""
        store, market = self.must_store(), self._filler.market
        return await self._workers.work(partial(store_status, store, symbols, market))

    async def verify(self, symbols: Sequence[str], span: Span) -> list[SpanReport]:
        """The quality report on each stored span of some symbols."""
        store, market = self.must_store(), self._filler.market
        today = market.date_of(self._filler.now())
        check = partial(verify, store, symbols, span, market=market, today=today)
        return await self._workers.work(lambda: list(_while_wanted(check())))

    async def plan(
        self, symbols: Sequence[str], series: Series, span: Span
    ) -> backfill.BackfillPlan:
        """What a backfill would fetch, the quickest way."""
        planner = backfill.BackfillPlanner(self._filler, series, span, self._budget())
        return await self._workers.foreground(partial(planner.plan, symbols))

    async def without_bars(self, symbols: Sequence[str], series: Series) -> list[str]:
        """The symbols of which no bar of a series is stored, in their order."""
        stored = frozenset(await self._workers.work(partial(self.must_store().symbols, series)))
        return [symbol for symbol in symbols if symbol not in stored]

    async def run(
        self,
        tasks: Sequence[backfill.Task],
        on_result: Callable[[backfill.TaskResult], None] = lambda _: None,
    ) -> backfill.BackfillCount:
        """Do the tasks of a backfill, in the background."""
        return await backfill.run_tasks(self._filler, tasks, on_result)

    async def repairs(self, symbols: Sequence[str], span: Span) -> Sequence[backfill.Task]:
        """What a repair would fetch again: the days that the report doubts."""
        return repair_queries(await self.verify(symbols, span), self._filler.market)

    async def folders(self) -> list[str]:
        """The folders of the store: the months and years of its series."""
        catalog = self.must_store().catalog

        def listed() -> list[str]:
            return [folder for series in catalog.series() for folder in catalog.folders(series)]

        return await self._workers.work(listed)

    async def compact_folder(self, folder: str) -> Compaction | None:
        """Merge the small files of a month or year into one; None where there is one at most."""
        return await self._workers.work(partial(compact, self.must_store(), folder))

    async def delete(self, symbol: str, span: Span) -> int:
        """Delete a symbol's bars of a span, and their coverage; returns how many bars."""
        store, now = self.must_store(), self._filler.now()
        gone = await self._workers.work(
            lambda: sum(forget(store, symbol, series, span, now=now) for series in Series)
        )
        await self._workers.work(partial(Quarantine(store.storage).forget, symbol, span))
        self._filler.cache.clear(symbol)
        return gone


def _while_wanted(reports: Iterable[SpanReport]) -> Iterator[SpanReport]:
    """Reports one by one, until the work that wants them is cancelled. Raises: DataFetchError."""
    for report in reports:
        check_wanted()
        yield report
