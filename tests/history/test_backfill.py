"""Backfills in front of the vendor: the cheapest way, in plain sight."""

from collections.abc import Iterator
from datetime import date

import pytest

from polytape.gateway.api.history_messages import planned
from polytape.gateway.service import Desk
from polytape.history.backfill import backfill, questions
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.query import BarsQuery
from polytape.model.splits import Split
from polytape.model.timeframes import Series, Timeframe
from polytape.net.storage import open_storage
from polytape.store.answer_store import StoredAnswers
from polytape.store.segments import SegmentStore
from polytape.wire.polygon.plans import PlanName
from tests.conftest import day_span
from tests.fakes.vendor import UNIVERSE, Street, street

pytestmark = pytest.mark.socket

NOW = parse_instant("2026-11-23 11:30 America/New_York", "now")
WEEK = day_span(date(2026, 11, 9), date(2026, 11, 13))
QUARTER = day_span(date(2026, 7, 1), date(2026, 9, 30))
BAD = Split(date(2026, 10, 14), "AAPL", 1.0, 10.0)


@pytest.fixture
def wall() -> Iterator[Street]:
    with street(NOW, extra_splits=(BAD,)) as made:
        yield made


def desk_of(wall: Street, plan: PlanName = "advanced", place: object = None) -> Desk:
    held = open_storage("memory") if place is None else place
    source = wall.source(plan, memory=StoredAnswers(held))  # type: ignore[arg-type]
    store = SegmentStore(held, "polygon")  # type: ignore[arg-type]
    return Desk(source, xnys(), lambda: wall.time.now, source.vendor.budget, store)


async def test_days_of_many_symbols_come_as_lists_of_whole_days(wall: Street) -> None:
    desk = desk_of(wall)
    many = [*UNIVERSE, *(f"X{n}" for n in range(20))]
    told = planned(desk, many, Series.DAY, WEEK)
    assert [str(task) for task in told.tasks][:2] == [
        "the whole market on 2026-11-09", "the whole market on 2026-11-10"
    ]  # fmt: skip
    assert (told.requests, len(told.tasks)) == (5, 5)
    assert "5 lists of a whole day take about 0:00:00, 25 questions by symbol" in told.why
    async for one in backfill(desk.filler, told.tasks, Series.DAY):
        assert one.error is None
    asked = len(wall.vendor.asked)
    assert planned(desk, many, Series.DAY, WEEK).tasks == ()
    for symbol in ("MSFT", "SPY"):
        bars = (await desk.bars(BarsQuery(symbol, Timeframe.DAY, WEEK, adjusted=False))).bars
        assert bars.same(wall.truth.bars(symbol, Series.DAY, WEEK).bars)
    assert len(wall.vendor.asked) == asked
    desk.close()


def test_few_symbols_are_asked_for_by_themselves(wall: Street) -> None:
    desk = desk_of(wall, "basic")
    told = planned(desk, ["AAPL", "MSFT"], Series.MINUTE, QUARTER)
    assert (told.requests, told.why) == (4, "each symbol is asked for by itself")
    long = planned(desk, list(UNIVERSE), Series.MINUTE, QUARTER)
    assert (long.requests, round(long.seconds)) == (10, 60)
    assert wall.asked() == []
    desk.close()


async def test_a_backfill_stays_behind_the_budget_and_goes_on_where_it_stopped(
    wall: Street,
) -> None:
    wall.vendor.budget = (5, 60.0)
    place = open_storage("memory")
    desk = desk_of(wall, "basic", place)
    gaps = questions(desk.filler, list(UNIVERSE), Series.DAY, QUARTER, NOW)
    gaps += questions(desk.filler, list(UNIVERSE), Series.MINUTE, WEEK, NOW)
    one_by_one = [gap for gap in gaps if gap.span.end == WEEK.end]
    done = 0
    async for told in backfill(desk.filler, one_by_one, Series.MINUTE):
        assert told.error is None
        done += 1
        if done == 3:
            break
    desk.close()
    wall.time.sleep(60)
    again = desk_of(wall, "basic", place)
    left = questions(again.filler, list(UNIVERSE), Series.MINUTE, WEEK, NOW)
    assert len(left) <= 2
    async for told in backfill(again.filler, left, Series.MINUTE):
        assert told.error is None
    assert wall.vendor.busiest() <= 5
    assert {one.status for one in wall.vendor.asked} == {200}
    again.close()


async def test_a_split_that_prices_contradict_is_not_applied_and_told(wall: Street) -> None:
    desk = desk_of(wall)
    october = day_span(date(2026, 10, 1), date(2026, 10, 30))
    told = await desk.bars(BarsQuery("AAPL", Timeframe.DAY, october))
    assert told.bars.same(wall.truth.bars("AAPL", Series.DAY, october).bars)
    (note,) = told.metadata.notes
    assert "doubtful split: AAPL 10-for-1 on 2026-10-14: the price did not move" in note
    assert note.endswith("it is not applied")
    asked = len(wall.vendor.asked)
    minutes = day_span(date(2026, 10, 1), date(2026, 10, 2))
    told = await desk.bars(BarsQuery("AAPL", Timeframe.MIN_60, minutes))
    assert len(told.metadata.notes) == 1
    assert len(wall.vendor.asked) == asked + 1  # the minutes; the days around it are held
    desk.close()


async def test_a_true_split_is_confirmed_and_applied(wall: Street) -> None:
    desk = desk_of(wall)
    splits = [s for s in wall.truth.splits("NVDA") or () if s.execution_date.year > 2004]
    split = splits[-1]
    around = day_span(split.execution_date.replace(day=1), split.execution_date)
    told = await desk.bars(BarsQuery("NVDA", Timeframe.DAY, around))
    assert told.metadata.notes == []
    assert told.metadata.adjusted is True
    raw = wall.truth.bars("NVDA", Series.DAY, around).bars
    assert told.bars.close[0] == pytest.approx(raw.close[0] / split.ratio)
    desk.close()


async def test_what_the_plan_does_not_reach_is_an_error_or_named_as_missing(wall: Street) -> None:
    from polytape.errors import AuthenticationError

    desk = desk_of(wall, "basic")
    question = BarsQuery("MSFT", Timeframe.DAY, day_span(date(2024, 11, 4), date(2024, 12, 6)))
    with pytest.raises(
        AuthenticationError, match=r"nothing before 2024-11-23.*missing: \[2024-11-04"
    ):
        await desk.bars(question)
    told = await desk.bars(question, allow_partial=True)
    assert told.bars.timestamp[0] >= day_span(date(2024, 11, 23)).start
    assert [gap.start for gap in told.metadata.missing] == ["2024-11-04T05:00:00Z"]
    desk.close()


async def test_an_end_of_day_plan_says_through_when_an_answer_is_complete(wall: Street) -> None:
    desk = desk_of(wall, "basic")
    today = day_span(date(2026, 11, 20), date(2026, 11, 23))
    told = await desk.bars(BarsQuery("MSFT", Timeframe.MIN_15, today))
    assert told.metadata.complete_through == "2026-11-23T05:00:00Z"
    assert told.metadata.notes == ["today's bars are published once the day has ended"]
    desk.close()
