"""Filling history the cheapest way: single symbols, or whole days of the whole market.

A request for one symbol brings two months of its minutes, or all of its days; a file of the
vendor's, or its daily list, brings one day of every symbol. Which is cheaper depends on how many
symbols are wanted and on the plan's budget.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from typing import TypeAlias

from polytape.errors import ConfigurationError, DataFetchError, PolygonClientError
from polytape.history import plan as planning
from polytape.history.gap_filler import GapFiller
from polytape.model.market import Market
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.upstream.background_work import check_wanted
from polytape.upstream.source import DaySource, Upstream
from polytape.wire.budget import BudgetState

AT_ONCE = 4
# About how long a request for one symbol, and a file of a whole day, take until they are stored.
REQUEST_S = 0.4
FILE_S = {Series.MINUTE: 3.0, Series.DAY: 0.3}
NOBODY = "there is no source: nobody can be asked for what is missing (name a --source)"


@dataclass(frozen=True, slots=True)
class WholeDay:
    """A task of a backfill: every symbol on a day."""

    series: Series
    day: date
    source: DaySource


# One symbol over a span, or every symbol on a day.
Task: TypeAlias = BarsQuery | WholeDay


@dataclass(frozen=True, slots=True)
class TaskResult:
    """A task of a backfill that has ended: how many bars it stored, or its error."""

    task: Task
    bars: int
    error: PolygonClientError | None = None


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """The tasks of a backfill, how many requests of the budget they take, about how many seconds,
    and why it is done this way. `beyond` says what of the span is left out, since the source does
    not reach back to it: "" where it reaches back to all that is missing.
    """

    tasks: tuple[Task, ...]
    requests: int
    seconds: float
    why: str
    beyond: str = ""


def describe(task: Task, market: Market) -> str:
    """A task in plain words."""
    if isinstance(task, WholeDay):
        return f"the whole market on {task.day}"
    first, last = market.date_of(task.span.start), market.date_of(task.span.end - 1)
    return f"{task.symbol} {first}" + ("" if first == last else f" to {last}")


class BackfillPlanner:
    """Plans a backfill of one series over one span, within a budget. May block: it lists files."""

    def __init__(self, filler: GapFiller, series: Series, span: Span, budget: BudgetState) -> None:
        self._filler = filler
        self._market = filler.market
        self._series = series
        self._span = span
        self._budget = budget
        # Microseconds UTC: what is missing before it is not asked for symbol by symbol.
        self._earliest = 0

    def plan(self, symbols: Iterable[str]) -> BackfillPlan:
        """The quickest way to fill the gaps of some symbols. Days that were replaced at the source
        since they were stored are read again.

        Raises: DataFetchError.
        """
        upstream, gaps = self._filler.upstream, self._gaps(symbols)
        if upstream is None:
            return BackfillPlan(tuple(gaps), 0, 0.0, NOBODY)
        if upstream.days is not None and not upstream.days.requests_per_day:
            return self._from_files(gaps, upstream, upstream.days)
        best = self._quickest(gaps, upstream)
        if upstream.made_up:
            best = replace(best, requests=0)
        if upstream.files is not None:
            best = self._with_replaced(best, upstream.files)
        return replace(best, beyond=self._beyond(gaps, best))

    def _from_files(
        self, gaps: list[BarsQuery], upstream: Upstream, files: DaySource
    ) -> BackfillPlan:
        """Of a source that is files alone: it takes no requests. Days without a file are questions
        of their own: they fail, and the others do not.
        """
        days, whole = self._days(gaps), upstream.whole_days
        there = [day for day in days if files.has_day(self._series, day)]
        if whole is None:
            plan = self._by_symbol([part for gap in gaps for part in self._by_file(gap, there)])
        else:
            plan = self._by_days(gaps, whole)
        why = f"this source asks nobody: it has {len(there)} of {len(days)} days as {files.unit}"
        seconds = len(there) * FILE_S[self._series]
        return replace(plan, requests=0, seconds=seconds, why=why)

    def _by_file(self, gap: BarsQuery, days: list[date]) -> list[BarsQuery]:
        """The parts of a gap on some days, with the closed ones between them, and on the others."""
        span = SpanSet.of([gap.span])
        filed = SpanSet.of(
            planning.bridged(SpanSet.of(map(self._market.day_span, days)), self._market)
        )
        return [gap.over(part) for part in (*span.intersection(filed), *span.difference(filed))]

    def _beyond(self, gaps: list[BarsQuery], best: BackfillPlan) -> str:
        """What the plan leaves out of what is missing, since it is before the source's history."""
        before = [gap for gap in gaps if gap.span.start < self._earliest]
        days = [task.day for task in best.tasks if isinstance(task, WholeDay)]
        left = self._without(before, days)
        if not left:
            return ""
        first = self._market.date_of(min(gap.span.start for gap in left))
        last = self._market.date_of(max(gap.span.end for gap in left) - 1)
        edge = self._market.date_of(self._earliest)
        return f"{first} to {last} (the plan or source begins {edge})"

    def _quickest(self, gaps: list[BarsQuery], upstream: Upstream) -> BackfillPlan:
        single = self._by_symbol(gaps)
        ways = [single]
        if upstream.files is not None:
            ways.append(self._by_days(gaps, upstream.files))
        if upstream.days is not None and self._has_lists(upstream.days):
            ways.append(self._by_days(gaps, upstream.days))
        best = min(ways, key=lambda way: way.seconds)
        return best if best is single else _because(best, single)

    def _has_lists(self, source: DaySource) -> bool:
        """Whether a small request brings a day of every symbol."""
        last = self._market.date_of(self._span.end - 1)
        return source.requests_per_day > 0 and source.has_day(self._series, last)

    def _gaps(self, symbols: Iterable[str]) -> list[BarsQuery]:
        """What is missing of some symbols, as queries: nothing that is stored and final."""
        upstream = self._filler.upstream
        self._earliest = 0 if upstream is None else upstream.bars.earliest()
        gaps: list[BarsQuery] = []
        for symbol in symbols:
            check_wanted()
            parts = self._gaps_of(symbol)
            gaps += [series_query(symbol, self._series, g, background=True) for g in parts]
        return gaps

    def _gaps_of(self, symbol: str) -> tuple[Span, ...]:
        store, now = self._filler.store, self._filler.now()
        slices = [] if store is None else store.coverage(symbol, self._series, self._span)
        final = [part.span for part in slices if part.coverage.final]
        decision = planning.plan(
            self._span, self._series, final, market=self._market, now=now, earliest=self._earliest
        )
        return decision.gaps if isinstance(decision, planning.FetchGaps) else ()

    def _by_symbol(self, gaps: list[BarsQuery]) -> BackfillPlan:
        gaps = self._in_reach(gaps)
        seconds = max(len(gaps) * REQUEST_S / AT_ONCE, self._under_budget(len(gaps)))
        return BackfillPlan(tuple(gaps), len(gaps), seconds, "each symbol is asked for by itself")

    def _in_reach(self, gaps: list[BarsQuery]) -> list[BarsQuery]:
        """What the source would not refuse; no gap reaches over its first instant."""
        return [gap for gap in gaps if gap.span.start >= self._earliest]

    def _has_day(self, source: DaySource, day: date) -> bool:
        """Whether a day can be had whole: files reach back as far as they do, what takes requests
        as far as the source.
        """
        beyond = source.requests_per_day and self._market.day_span(day).start < self._earliest
        return not beyond and source.has_day(self._series, day)

    def _by_days(self, gaps: list[BarsQuery], source: DaySource) -> BackfillPlan:
        """The days that the source has, as whole days; the others by symbol."""
        there = [day for day in self._days(gaps) if self._has_day(source, day)]
        sessions = [session.day for session in self._market.sessions(self._span)]
        days = sorted({*there, *source.replaced(self._series, sessions)})
        rest = self._in_reach(self._without(gaps, there))
        requests = len(days) * source.requests_per_day + len(rest)
        reading = 0.0 if source.requests_per_day else len(days) * FILE_S[self._series]
        fetching = max(requests * REQUEST_S / AT_ONCE, self._under_budget(requests))
        tasks: list[Task] = [WholeDay(self._series, day, source) for day in days]
        why = f"{len(days)} {source.unit} of a whole day"
        return BackfillPlan((*tasks, *rest), requests, reading + fetching, why)

    def _with_replaced(self, best: BackfillPlan, files: DaySource) -> BackfillPlan:
        """The plan, with the files that were replaced since they were stored."""
        planned = {task.day for task in best.tasks if isinstance(task, WholeDay)}
        days = [session.day for session in self._market.sessions(self._span)]
        replaced = files.replaced(self._series, days)
        again: list[Task] = [
            WholeDay(self._series, day, files) for day in replaced if day not in planned
        ]
        if not again:
            return best
        why = f"{best.why}; files replaced since they were kept: {len(again)}"
        seconds = best.seconds + len(again) * FILE_S[self._series]
        return replace(best, tasks=(*best.tasks, *again), seconds=seconds, why=why)

    def _days(self, gaps: list[BarsQuery]) -> list[date]:
        """The trading days that have ended and of which something is missing."""
        now = self._filler.now()
        sessions = {s for gap in gaps for s in self._market.sessions(gap.span)}
        return sorted(s.day for s in sessions if self._market.day_span(s.day).end <= now)

    def _without(self, gaps: list[BarsQuery], days: list[date]) -> list[BarsQuery]:
        """The queries without the days that come another way."""
        whole = SpanSet.of(self._market.day_span(day) for day in days)
        return [gap.over(part) for gap in gaps for part in SpanSet.of([gap.span]).difference(whole)]

    def _under_budget(self, requests: int) -> float:
        """Seconds that so many requests take under the budget."""
        upstream = self._filler.upstream
        if upstream is not None and upstream.made_up:
            return 0.0  # no vendor is asked, whatever plan the gateway was started with
        over = max(0.0, requests - self._budget.remaining)
        return over / self._budget.limit * self._budget.window_s


def _because(best: BackfillPlan, other: BackfillPlan) -> BackfillPlan:
    why = (
        f"{best.why} take about {timedelta(seconds=round(best.seconds))}, {other.requests:,} "
        f"questions by symbol about {timedelta(seconds=round(other.seconds))}"
    )
    return replace(best, why=why)


async def backfill(filler: GapFiller, tasks: Iterable[Task]) -> AsyncIterator[TaskResult]:
    """Do several tasks at a time, in the background. What a task brought is stored when it is done,
    so an interrupted backfill goes on where it stopped.
    """
    left = iter(tasks)
    running: set[asyncio.Task[TaskResult]] = set()
    try:
        while True:
            begun = islice(left, AT_ONCE - len(running))
            running |= {asyncio.ensure_future(_done(filler, task)) for task in begun}
            if not running:
                return
            ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for one in ended:
                yield one.result()
    finally:
        for future in running:
            future.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _done(filler: GapFiller, task: Task) -> TaskResult:
    if filler.upstream is None:  # what is stored already would pass for an answer
        return TaskResult(task, 0, ConfigurationError(NOBODY))
    try:
        if isinstance(task, WholeDay):
            market = await filler.days.fetch(task.series, task.day, task.source)
            if market is None:
                gone = f"the source has no such day (any more): {task.series.value} {task.day}"
                return TaskResult(task, 0, DataFetchError(gone))
            return TaskResult(task, len(market))
        read = await filler.read(task)
        # Who waits for bars has them all the same; a backfill is there to store them.
        if read.write_failure:
            return TaskResult(task, 0, DataFetchError(read.write_failure))
        return TaskResult(task, len(read.bars))
    except PolygonClientError as error:
        return TaskResult(task, 0, error)


async def run_tasks(
    filler: GapFiller,
    tasks: Iterable[Task],
    on_result: Callable[[TaskResult], None] = lambda _: None,
) -> "BackfillCount":
    """Do all tasks and count how it went; those that failed in the order of the tasks."""
    count, listed = BackfillCount(), list(tasks)
    async for result in backfill(filler, listed):
        count = count.plus(result)
        on_result(result)
    places = {id(task): place for place, task in enumerate(listed)}
    failed = sorted(count.failed, key=lambda result: places[id(result.task)])
    return replace(count, failed=tuple(failed))


@dataclass(frozen=True, slots=True)
class BackfillCount:
    """How many tasks were done, how many bars they brought, and those that failed."""

    tasks: int = 0
    bars: int = 0
    failed: tuple[TaskResult, ...] = ()

    def plus(self, result: TaskResult) -> "BackfillCount":
        """With one more task."""
        failed = (*self.failed, result) if result.error is not None else self.failed
        return BackfillCount(self.tasks + 1, self.bars + result.bars, failed)
