"""Filling history the cheapest way: single questions, or whole days of the whole market.

A question of one symbol covers two months of its minutes, or all of its days; a file of the
vendor's, or its daily list, covers one day of every symbol. Which is cheaper depends on how many
symbols are wanted and on the plan's budget.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from polytape.errors import PolygonClientError
from polytape.history.gap_filler import GapFiller
from polytape.history.plan import FetchGaps, plan
from polytape.model.newyork import date_of
from polytape.model.spans import Span, SpanSet, day_span
from polytape.model.timeframes import Series
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.source import Source
from polytape.wire.budget import BudgetState

AT_ONCE = 4
# About what a question of one symbol, and a file of a whole day, takes to come and be kept.
QUESTION_S = 0.4
FILE_S = {Series.MINUTE: 3.0, Series.DAY: 0.3}


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a backfill: a symbol over a span."""

    symbol: str
    span: Span

    def __str__(self) -> str:
        days = date_of(self.span.start), date_of(self.span.end - 1)
        return f"{self.symbol} {days[0]}" + ("" if days[0] == days[1] else f" to {days[1]}")


@dataclass(frozen=True, slots=True)
class WholeDay:
    """One question of a backfill: every symbol on a day."""

    day: date
    source: Source

    def __str__(self) -> str:
        return f"the whole market on {self.day}"


Task: TypeAlias = Question | WholeDay


@dataclass(frozen=True, slots=True)
class Filled:
    """A question of a backfill that was answered, or the error that came instead."""

    question: Task
    bars: int
    error: PolygonClientError | None = None


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """What a backfill asks, how many requests of the budget that takes, about how long, and why it
    is asked this way.
    """

    tasks: tuple[Task, ...]
    requests: int
    seconds: float
    why: str


def questions(
    filler: GapFiller, symbols: Iterable[str], series: Series, span: Span, now: int
) -> list[Question]:
    """What is missing of some symbols, cut to questions: nothing that is held and final."""
    earliest = 0 if filler.source is None else filler.source.earliest()
    found = []
    for symbol in symbols:
        known = [] if filler.store is None else filler.store.coverage(symbol, series, span)
        held = [piece.span for piece in known if piece.cover.final]
        decided = plan(
            span, series, held, market=filler.market, now=now, can_ask=True, earliest=earliest
        )
        if isinstance(decided, FetchGaps):
            found += [Question(symbol, gap) for gap in decided.questions]
    return found


def plan_backfill(
    filler: GapFiller,
    files: FlatFiles | None,
    gaps: list[Question],
    series: Series,
    span: Span,
    budget: BudgetState,
) -> BackfillPlan:
    """The quickest of the ways there are to close the gaps of `span`: by symbol, by the source's
    whole days, by files. Files that were replaced since they were kept are read again.
    """
    source, single = filler.source, _by_symbol(gaps, budget)
    if isinstance(source, FlatFiles) and source.whole_days:
        return _by_files(filler, source, gaps, series, span, budget)
    ways = [single]
    if files is not None:
        ways.append(_by_files(filler, files, gaps, series, span, budget))
    if series is Series.DAY and source is not None and source.lists_days:
        ways.append(_by_lists(source, gaps, _days(filler, gaps), budget))
    best = min(ways, key=lambda way: way.seconds)
    best = best if best is single else _because(best, single)
    return best if files is None else _with_replaced(best, filler, files, series, span)


def _with_replaced(
    best: BackfillPlan, filler: GapFiller, files: FlatFiles, series: Series, span: Span
) -> BackfillPlan:
    """The plan, and the files that were replaced since they were kept."""
    planned = {task.day for task in best.tasks if isinstance(task, WholeDay)}
    days = [session.day for session in filler.market.sessions(span)]
    again: list[Task] = [
        WholeDay(day, files) for day in files.replaced(series, days) if day not in planned
    ]
    if not again:
        return best
    why = f"{best.why}; {len(again)} files were replaced since they were kept"
    seconds = best.seconds + len(again) * FILE_S[series]
    return BackfillPlan((*best.tasks, *again), best.requests, seconds, why)


def _by_symbol(gaps: list[Question], budget: BudgetState) -> BackfillPlan:
    seconds = max(len(gaps) * QUESTION_S / AT_ONCE, _under(budget, len(gaps)))
    return BackfillPlan(tuple(gaps), len(gaps), seconds, "each symbol is asked for by itself")


def _by_lists(
    source: Source, gaps: list[Question], days: list[date], budget: BudgetState
) -> BackfillPlan:  # fmt: skip
    rest = _without(gaps, days)
    requests = len(days) + len(rest)
    seconds = max(requests * QUESTION_S / AT_ONCE, _under(budget, requests))
    tasks: list[Task] = [WholeDay(day, source) for day in days]
    return BackfillPlan((*tasks, *rest), requests, seconds, f"{len(days)} lists of a whole day")


def _by_files(
    filler: GapFiller,
    files: FlatFiles,
    gaps: list[Question],
    series: Series,
    span: Span,
    budget: BudgetState,
) -> BackfillPlan:
    """The days that have a file by file; the others by symbol."""
    there = [day for day in _days(filler, gaps) if files.listing.file(series, day) is not None]
    whole = [session.day for session in filler.market.sessions(span)]
    read = sorted({*there, *files.replaced(series, whole)})
    rest = _without(gaps, there)
    asking = max(len(rest) * QUESTION_S / AT_ONCE, _under(budget, len(rest)))
    tasks: list[Task] = [WholeDay(day, files) for day in read]
    seconds = len(read) * FILE_S[series] + asking
    return BackfillPlan((*tasks, *rest), len(rest), seconds, f"{len(read)} files of a whole day")


def _because(best: BackfillPlan, other: BackfillPlan) -> BackfillPlan:
    why = (
        f"{best.why} take about {timedelta(seconds=round(best.seconds))}, {other.requests:,} "
        f"questions by symbol about {timedelta(seconds=round(other.seconds))}"
    )
    return BackfillPlan(best.tasks, best.requests, best.seconds, why)


def _under(budget: BudgetState, requests: int) -> float:
    """Seconds that so many requests take under the budget."""
    return max(0.0, requests - budget.remaining) / budget.limit * budget.window_s


def _days(filler: GapFiller, gaps: list[Question]) -> list[date]:
    """The trading days that have ended and of which something is missing."""
    now = filler.now()
    sessions = {s for gap in gaps for s in filler.market.sessions(gap.span)}
    return sorted(s.day for s in sessions if day_span(s.day).end <= now)


def _without(gaps: list[Question], days: list[date]) -> list[Question]:
    """The questions without the days that come another way."""
    taken = SpanSet.of(day_span(day) for day in days)
    return [
        Question(gap.symbol, part)
        for gap in gaps
        for part in SpanSet.of([gap.span]).difference(taken)
        if part.end - part.start > 0
    ]


async def backfill(
    filler: GapFiller, asked: Iterable[Task], series: Series, *, again: bool = False
) -> AsyncIterator[Filled]:
    """Ask several questions at a time, behind everybody who waits for an answer. Each answer is
    kept when it comes, so an interrupted backfill goes on where it stopped. `again` asks for what
    is held, too.
    """
    room = asyncio.Semaphore(AT_ONCE)

    async def one(task: Task) -> Filled:
        async with room:
            return await _filled(filler, task, series, again=again)

    running = [asyncio.ensure_future(one(task)) for task in asked]
    try:
        for done in asyncio.as_completed(running):
            yield await done
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _filled(filler: GapFiller, task: Task, series: Series, *, again: bool) -> Filled:
    try:
        if isinstance(task, WholeDay):
            return Filled(task, await filler.market_day(series, task.day, task.source) or 0)
        base = await filler.base(
            task.symbol, series, task.span, use_cache=not again, background=True
        )
    except PolygonClientError as error:
        return Filled(task, 0, error)
    return Filled(task, len(base.bars))
