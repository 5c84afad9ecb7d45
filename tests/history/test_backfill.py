"""Backfills: the cheapest way, in plain sight; in front of the vendor, and where they stopped."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

import pytest

from polytape.errors import AuthenticationError, DataFetchError
from polytape.gateway.gateway import Gateway
from polytape.history.backfill import (
    BackfillCount,
    BackfillPlan,
    BackfillPlanner,
    TaskResult,
    WholeDay,
    backfill,
    describe,
    run_tasks,
)
from polytape.history.status import series_status, symbol_status
from polytape.model.instants import parse_instant
from polytape.model.market import Market, xnys
from polytape.model.market_bars import MarketBars
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series, Timeframe
from polytape.net.storage import Storage, open_storage
from polytape.store.answers import StoredAnswers
from polytape.store.compact import forget
from polytape.store.segments import SegmentStore
from polytape.wire.budget import BudgetState
from polytape.wire.polygon.plans import PlanName
from tests.conftest import MARKET, day_span
from tests.fakes.vendor import UNIVERSE, Street, street
from tests.history.scene import IDLE, JULY, Scene
from tests.store.bars import write_market

NOW = parse_instant("2026-11-23 11:30 America/New_York", "now", MARKET)
WEEK = day_span(date(2026, 11, 9), date(2026, 11, 13))
QUARTER = day_span(date(2026, 7, 1), date(2026, 9, 30))
BAD = Split(date(2026, 10, 14), "AAPL", 1.0, 10.0)


@pytest.fixture
def wall() -> Iterator[Street]:
    with street(NOW, extra_splits=(BAD,)) as made:
        yield made


def vendor_gateway(
    wall: Street, plan: PlanName = "advanced", storage: Storage | None = None
) -> Gateway:
    storage = open_storage("memory") if storage is None else storage
    source = wall.source(plan, memory=StoredAnswers(storage))
    store = SegmentStore(storage, "polygon", MARKET)
    budget = source.vendor.budget
    return Gateway(source.upstream(), xnys(), lambda: wall.time.now, budget, store)


def gaps_of(gateway: Gateway, series: Series, span: Span) -> list[BarsQuery]:
    """What is missing of every symbol, each by itself."""
    budget = gateway.budget_state()
    plan = BackfillPlanner(gateway.bars.filler, series, span, budget).plan(UNIVERSE)
    return [task for task in plan.tasks if isinstance(task, BarsQuery)]


@pytest.mark.socket
async def test_days_of_many_symbols_come_as_lists_of_whole_days(wall: Street) -> None:
    gateway = vendor_gateway(wall)
    many = [*UNIVERSE, *(f"X{n}" for n in range(20))]
    plan = await gateway.history.plan(many, Series.DAY, WEEK)
    assert [describe(task, MARKET) for task in plan.tasks][:2] == [
        "the whole market on 2026-11-09", "the whole market on 2026-11-10"
    ]  # fmt: skip
    assert (plan.requests, len(plan.tasks)) == (5, 5)
    assert "5 lists of a whole day take about 0:00:00, 25 questions by symbol" in plan.why
    async for result in backfill(gateway.bars.filler, plan.tasks):
        assert result.error is None
    requests = len(wall.vendor.requests)
    assert (await gateway.history.plan(many, Series.DAY, WEEK)).tasks == ()
    for symbol in ("MSFT", "SPY"):
        query = BarsQuery(symbol, Timeframe.DAY, WEEK, adjusted=False)
        bars = (await gateway.bars.bars(query)).bars
        assert bars.same(wall.true_bars(symbol, Series.DAY, WEEK))
    assert len(wall.vendor.requests) == requests
    gateway.close()


@pytest.mark.socket
async def test_few_symbols_are_fetched_by_themselves(wall: Street) -> None:
    gateway = vendor_gateway(wall, "basic")
    plan = await gateway.history.plan(["AAPL", "MSFT"], Series.MINUTE, QUARTER)
    assert (plan.requests, plan.why) == (4, "each symbol is asked for by itself")
    long = await gateway.history.plan(UNIVERSE, Series.MINUTE, QUARTER)
    assert (long.requests, round(long.seconds)) == (10, 60)
    assert wall.asked() == []
    gateway.close()


@pytest.mark.socket
async def test_a_backfill_keeps_to_the_budget_and_goes_on_where_it_stopped(wall: Street) -> None:
    wall.vendor.budget = (5, 60.0)
    storage = open_storage("memory")
    gateway = vendor_gateway(wall, "basic", storage)
    gaps = gaps_of(gateway, Series.DAY, QUARTER) + gaps_of(gateway, Series.MINUTE, WEEK)
    weeks = [gap for gap in gaps if gap.span.end == WEEK.end]
    assert len(weeks) == len(UNIVERSE)
    done = 0
    async for result in backfill(gateway.bars.filler, weeks):
        assert result.error is None
        done += 1
        if done == 3:
            break
    gateway.close()
    wall.time.sleep(60)
    again = vendor_gateway(wall, "basic", storage)
    left = gaps_of(again, Series.MINUTE, WEEK)
    assert len(left) <= 2
    async for result in backfill(again.bars.filler, left):
        assert result.error is None
    assert gaps_of(again, Series.MINUTE, WEEK) == []
    assert wall.vendor.busiest() <= 5
    assert {one.status for one in wall.vendor.requests} == {200}
    again.close()


@pytest.mark.socket
async def test_a_split_that_prices_contradict_is_not_applied_and_noted(wall: Street) -> None:
    gateway = vendor_gateway(wall)
    october = day_span(date(2026, 10, 1), date(2026, 10, 30))
    answer = await gateway.bars.bars(BarsQuery("AAPL", Timeframe.DAY, october))
    assert answer.bars.same(wall.true_bars("AAPL", Series.DAY, october))
    (note,) = answer.metadata.notes
    assert "doubtful split: AAPL 10-for-1 on 2026-10-14: the price did not move" in note
    assert note.endswith("it is not applied")
    requests = len(wall.vendor.requests)
    minutes = day_span(date(2026, 10, 1), date(2026, 10, 2))
    answer = await gateway.bars.bars(BarsQuery("AAPL", Timeframe.MIN_60, minutes))
    assert len(answer.metadata.notes) == 1
    assert len(wall.vendor.requests) == requests + 1  # the minutes; the days around it are stored
    gateway.close()


@pytest.mark.socket
async def test_a_true_split_is_confirmed_and_applied(wall: Street) -> None:
    gateway = vendor_gateway(wall)
    splits = [s for s in wall.truth.reference.splits("NVDA") or () if s.execution_date.year > 2004]
    split = splits[-1]
    around = day_span(split.execution_date.replace(day=1), split.execution_date)
    answer = await gateway.bars.bars(BarsQuery("NVDA", Timeframe.DAY, around))
    assert answer.metadata.notes == []
    assert answer.metadata.adjusted is True
    raw = wall.true_bars("NVDA", Series.DAY, around)
    assert answer.bars.close[0] == pytest.approx(raw.close[0] / split.ratio)
    gateway.close()


@pytest.mark.socket
async def test_what_the_plan_does_not_reach_is_an_error_or_named_as_missing(wall: Street) -> None:
    gateway = vendor_gateway(wall, "basic")
    span = day_span(date(2024, 11, 4), date(2024, 12, 6))
    query = BarsQuery("MSFT", Timeframe.DAY, span)
    with pytest.raises(
        AuthenticationError, match=r"nothing before 2024-11-23.*missing: \[2024-11-04"
    ):
        await gateway.bars.bars(query)
    partial = BarsQuery("MSFT", Timeframe.DAY, span, allow_partial=True)
    answer = await gateway.bars.bars(partial)
    assert answer.bars.timestamp[0] >= day_span(date(2024, 11, 23)).start
    assert [gap.start for gap in answer.metadata.missing] == ["2024-11-04T05:00:00Z"]
    gateway.close()


@pytest.mark.socket
async def test_an_end_of_day_plan_says_through_when_an_answer_is_complete(wall: Street) -> None:
    gateway = vendor_gateway(wall, "basic")
    today = day_span(date(2026, 11, 20), date(2026, 11, 23))
    answer = await gateway.bars.bars(BarsQuery("MSFT", Timeframe.MIN_15, today))
    assert answer.metadata.complete_through == "2026-11-23T05:00:00Z"
    assert answer.metadata.notes == ["today's bars are published once the day has ended"]
    gateway.close()


# Without a vendor.


def plan_of(scene: Scene, symbols: list[str], series: Series, span: Span) -> BackfillPlan:
    return BackfillPlanner(scene.filler, series, span, IDLE).plan(symbols)


@pytest.mark.parametrize(("made_up", "requests", "seconds"), [(True, 0, 2), (False, 20, 240)])
def test_a_made_up_market_takes_no_request_of_a_small_budget(
    made_up: bool, requests: int, seconds: int
) -> None:
    """A gateway of one, started with a plan, named minutes for what asks no vendor."""
    scene = Scene()
    scene.filler.upstream = replace(scene.source.upstream(), made_up=made_up)
    budget = BudgetState(limit=5, used=5, reset_s=60.0, window_s=60.0)
    planner = BackfillPlanner(scene.filler, Series.DAY, day_span(JULY[0], JULY[1]), budget)
    plan = planner.plan([f"X{n}" for n in range(20)])
    assert (len(plan.tasks), plan.requests, plan.seconds) == (20, requests, seconds)


async def test_a_backfill_goes_on_where_it_stopped(market: Market) -> None:
    scene = Scene()
    span = day_span(date(2024, 1, 1), date(2024, 6, 28))
    tasks = plan_of(scene, ["AAPL", "MSFT"], Series.MINUTE, span).tasks
    assert len(tasks) == 6
    done = 0
    async for _ in backfill(scene.filler, tasks):
        done += 1
        if done == 2:
            break
    left = plan_of(scene, ["AAPL", "MSFT"], Series.MINUTE, span).tasks
    assert 0 < len(left) <= 4  # those under way when it stopped may have been stored
    async for result in backfill(scene.filler, left):
        assert result.error is None
    assert plan_of(scene, ["AAPL", "MSFT"], Series.MINUTE, span).tasks == ()
    (row,) = series_status(scene.store)
    assert (row.series, row.symbols) == ("1min", 2)
    (one,) = symbol_status(scene.store, ["AAPL"], market)
    assert (len(one.spans), one.final) == (1, True)
    scene.close()


async def test_a_task_that_fails_is_counted_and_the_others_are_done() -> None:
    scene = Scene()
    week = day_span(JULY[0], JULY[4])
    tasks = plan_of(scene, ["AAPL", "ZZZZZZ"], Series.DAY, week).tasks
    assert [describe(task, MARKET) for task in tasks] == [
        "AAPL 2024-07-01 to 2024-07-05", "ZZZZZZ 2024-07-01 to 2024-07-05"
    ]  # fmt: skip
    assert describe(series_query("A", Series.DAY, day_span(JULY[1])), MARKET) == "A 2024-07-02"
    results: list[TaskResult] = []
    count = await run_tasks(scene.filler, tasks, results.append)
    assert (count.tasks, count.bars) == (2, 4)
    (failure,) = count.failed
    assert isinstance(failure.error, DataFetchError)
    assert failure in results
    assert len(results) == 2
    assert BackfillCount().plus(failure) == BackfillCount(1, 0, (failure,))
    scene.close()


class Days:
    """Whole days of two symbols, as files; one of them was replaced."""

    reads_whole_days, requests_per_day, unit, covers_unlisted = False, 0, "files", False

    def __init__(self, scene: Scene, replaced: tuple[date, ...] = ()) -> None:
        self._scene = scene
        self._replaced = replaced
        self.reads: list[date] = []
        self.stored: list[date] = []

    def has_day(self, series: Series, day: date) -> bool:
        return series is Series.DAY and day != JULY[2]

    def market_day(
        self, series: Series, day: date, *, background: bool = False
    ) -> MarketBars | None:
        assert background
        self.reads.append(day)
        return MarketBars.of(
            {s: self._scene.truth(day, day, symbol=s, series=series) for s in ("AAPL", "MSFT")}
        )

    def mark_stored(self, series: Series, day: date) -> None:
        self.stored.append(day)

    def replaced(self, series: Series, days: Iterable[date]) -> list[date]:
        return [day for day in days if day in self._replaced]


async def test_a_day_that_is_gone_when_it_is_read_has_failed() -> None:
    """It was there when it was planned: nothing is stored of it, and that is no answer."""

    class Gone(Days):
        def market_day(
            self, series: Series, day: date, *, background: bool = False
        ) -> MarketBars | None:
            return None

    scene = Scene()
    count = await run_tasks(scene.filler, [WholeDay(Series.DAY, JULY[0], Gone(scene))])
    (failure,) = count.failed
    assert str(failure.error) == "the source has no such day (any more): 1day 2024-07-01"
    scene.close()


def beside(scene: Scene, files: Days) -> None:
    """Put flat files beside the scene's source, which is a vendor then."""
    scene.filler.upstream = replace(scene.source.upstream(), files=files, made_up=False)


async def test_files_are_read_where_that_is_quicker_and_the_rest_is_fetched_by_symbol() -> None:
    scene = Scene()
    files = Days(scene)
    beside(scene, files)
    week, many = day_span(JULY[0], JULY[4]), ["AAPL", "MSFT", *(f"X{n}" for n in range(98))]
    few = plan_of(scene, many[:2], Series.DAY, week)
    assert few.why == "each symbol is asked for by itself"
    # The third day has no file, and the fourth is a holiday: they are stored, but for AAPL.
    without_file = day_span(JULY[2], JULY[3])
    write_market(scene.store, {}, without_file, 1, series=Series.DAY)
    forget(scene.store, "AAPL", Series.DAY, without_file)
    plan = plan_of(scene, many, Series.DAY, week)
    wholes = [task for task in plan.tasks if isinstance(task, WholeDay)]
    days = [task.day for task in wholes]
    assert days == [JULY[0], JULY[1], JULY[4]]
    (rest,) = [task for task in plan.tasks if isinstance(task, BarsQuery)]
    assert (rest.symbol, rest.span, rest.background) == ("AAPL", without_file, True)
    assert plan.requests == 1
    assert plan.why.startswith("3 files of a whole day take about 0:00:01, 199 questions by symbol")
    count = await run_tasks(scene.filler, wholes)
    assert (count.tasks, count.bars, count.failed) == (3, 6, ())
    assert files.reads == files.stored == days
    assert scene.source.queries == []
    # Beside an API a file says nothing of a symbol that is not in it.
    assert {part.span for part in scene.store.coverage("AAPL", Series.DAY)} == set(
        map(day_span, days)
    )
    assert [part.span for part in scene.store.coverage("X0", Series.DAY)] == [without_file]
    scene.close()


async def test_a_file_that_was_replaced_is_read_again_though_nothing_is_missing() -> None:
    scene = Scene()
    files = Days(scene, replaced=(JULY[1],))
    week = day_span(JULY[0], JULY[4])
    await run_tasks(scene.filler, plan_of(scene, ["AAPL"], Series.DAY, week).tasks)
    assert plan_of(scene, ["AAPL"], Series.DAY, week).tasks == ()
    beside(scene, files)
    plan = plan_of(scene, ["AAPL"], Series.DAY, week)
    assert [task.day for task in plan.tasks if isinstance(task, WholeDay)] == [JULY[1]]
    assert "files replaced since they were kept: 1" in plan.why
    assert plan.requests == 0
    await run_tasks(scene.filler, plan.tasks)
    assert files.reads == [JULY[1]]
    scene.close()


async def test_without_a_source_a_backfill_costs_nothing_and_fails() -> None:
    """Nobody can be asked: no request is counted. What is stored passes for no answer either, where
    a repair would ask again.
    """
    scene = Scene()
    await scene.fetch(JULY[0], JULY[1])
    scene.filler.upstream = None
    plan = plan_of(scene, ["AAPL"], Series.MINUTE, day_span(JULY[0], JULY[2]))
    assert (len(plan.tasks), plan.requests, plan.seconds) == (1, 0, 0.0)
    assert plan.why.startswith("there is no source: nobody can be asked")
    again = series_query("AAPL", Series.MINUTE, day_span(JULY[0]), use_cache=False, background=True)
    count = await run_tasks(scene.filler, [*plan.tasks, again])
    assert (count.tasks, count.bars, len(count.failed)) == (2, 0, 2)
    assert all("nobody can be asked" in str(result.error) for result in count.failed)
    scene.close()


def test_a_source_of_files_asks_nobody_and_its_days_without_a_file_are_questions_apart() -> None:
    """They fail, and what has a file is stored all the same."""
    scene = Scene()
    scene.filler.upstream = replace(scene.source.upstream(), days=Days(scene))
    plan = plan_of(scene, ["AAPL"], Series.DAY, day_span(JULY[0], JULY[4]))
    assert (plan.requests, plan.why) == (0, "this source asks nobody: it has 3 of 4 days as files")
    assert [task.span for task in plan.tasks if isinstance(task, BarsQuery)] == [
        day_span(JULY[0], JULY[1]), day_span(JULY[4]), day_span(JULY[2], JULY[3])
    ]  # fmt: skip
    scene.close()


@pytest.mark.socket
@pytest.mark.parametrize("series", list(Series))
async def test_what_the_plan_does_not_reach_back_to_is_said_and_not_asked_for(
    wall: Street, series: Series
) -> None:
    """Neither by symbol nor as lists of whole days; what it reaches is planned, and goes well."""
    gateway = vendor_gateway(wall, "basic")
    span = day_span(date(2020, 1, 2), date(2024, 12, 2))
    plan = await gateway.history.plan(UNIVERSE, series, span)
    assert plan.beyond == "2020-01-02 to 2024-11-22 (the plan or source begins 2024-11-23)"
    spans = [task.span for task in plan.tasks if isinstance(task, BarsQuery)]
    days = [task.day for task in plan.tasks if isinstance(task, WholeDay)]
    first = min([*days, *(MARKET.date_of(one.start) for one in spans)])
    assert first >= date(2024, 11, 23)
    assert plan.requests == len(plan.tasks) == 5
    count = await gateway.history.run(plan.tasks)
    assert (count.failed, count.bars > 0) == ((), True)
    before = day_span(date(2020, 1, 2), date(2020, 3, 2))
    nothing = await gateway.history.plan(UNIVERSE, series, before)
    assert (nothing.tasks, nothing.beyond[:10]) == ((), "2020-01-02")
    within = await gateway.history.plan(UNIVERSE, series, WEEK)
    assert (within.beyond, bool(within.tasks)) == ("", True)
    gateway.close()
