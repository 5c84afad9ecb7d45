"""What the vendor has published so far, without asking it."""

from dataclasses import dataclass
from datetime import date

import pytest

from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.spans import Span
from polytape.model.units import HOUR_US
from polytape.upstream.polygon.publication import AFTER_THE_DAY, CLIPPED_US, LATE, Publication
from polytape.wire.polygon.errors import PlanError, PlanLimit
from polytape.wire.polygon.plans import DELAY_US, FIRST_DAY, PLANS, PlanName, plan_edge
from tests.conftest import MARKET, day_span, flat_bars
from tests.upstream.polygon.conftest import NOW

DAY_US = 86_400_000_000
TODAY = day_span(date(2026, 11, 23))


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: int = NOW


def of_plan(plan: PlanName | None, clock: Clock | None = None) -> Publication:
    moment = clock or Clock()
    return Publication(MARKET, lambda: moment.now, None if plan is None else PLANS[plan])


@pytest.mark.parametrize(
    ("plan", "until"),
    [(None, NOW), ("basic", TODAY.start), ("starter", NOW - DELAY_US), ("advanced", NOW)],
)
def test_each_plan_publishes_up_to_an_instant(plan: PlanName | None, until: int) -> None:
    """A plan that is not named is taken for the best until it says otherwise."""
    assert of_plan(plan).until() == until


def test_a_refusal_of_today_teaches_until_midnight() -> None:
    """It says something new once a day: then there is no second try."""
    clock = Clock()
    publication = of_plan(None, clock)
    refusal = PlanError(PlanLimit.TODAY, "before end of day")
    assert not publication.learn(PlanError(PlanLimit.DATA, "no"))
    assert publication.until() == NOW
    assert publication.learn(refusal)
    assert publication.until() == TODAY.start
    assert not publication.learn(refusal)
    clock.now += DAY_US
    assert publication.until() == clock.now
    assert publication.learn(refusal)


def test_a_named_plan_that_ends_with_the_day_has_nothing_to_learn() -> None:
    """A refusal of what it never had is an error."""
    assert not of_plan("basic").learn(PlanError(PlanLimit.TODAY, "before end of day"))


def test_what_lies_before_the_plan_is_refused_without_a_request() -> None:
    """The error names the first day that can be had; unnamed plans refuse nothing here."""
    publication = of_plan("basic")
    first = publication.earliest()
    publication.check_start(first)
    with pytest.raises(PlanError, match="2 years: nothing before 2024-11-23") as caught:
        publication.check_start(first - 1)
    assert caught.value.limit is PlanLimit.DATES
    unnamed = of_plan(None)
    assert unnamed.earliest() == MARKET.midnight(FIRST_DAY)
    unnamed.check_start(0)


def test_an_answer_of_the_past_is_vouched_for_whole() -> None:
    """Nothing is left to come."""
    span = day_span(date(2026, 11, 20))
    for plan in (None, *PLANS):
        publication = of_plan(plan)
        answer = publication.vouched(Bars.empty(), span, publication.until())
        assert (answer.notes, answer.provisional, answer.through) == ((), (), None)


@pytest.mark.parametrize(("plan", "note"), [("basic", AFTER_THE_DAY), ("starter", LATE)])
def test_what_comes_later_is_provisional_and_said(plan: PlanName, note: str) -> None:
    """From the instant on up to which the plan publishes."""
    publication = of_plan(plan)
    until = publication.until()
    answer = publication.vouched(Bars.empty(), TODAY, until)
    assert (answer.notes, answer.through) == ((note,), until)
    assert answer.provisional == (Span(until, TODAY.end),)


def test_hours_without_trading_need_no_note() -> None:
    """On a Sunday nothing is late."""
    clock = Clock(MARKET.midnight(date(2026, 11, 22)) + DAY_US // 2)
    publication = of_plan("basic", clock)
    answer = publication.vouched(Bars.empty(), day_span(date(2026, 11, 22)), publication.until())
    assert (answer.notes, len(answer.provisional)) == ((), 1)


@pytest.mark.parametrize("years", [2, 5, 10])
def test_a_history_that_begins_where_a_plans_does_was_cut(years: int) -> None:
    """Some leave out what the plan does not hold, without a word: that is no empty history."""
    edge = plan_edge(years, NOW, MARKET)
    first = MARKET.midnight(MARKET.date_of(edge + 3 * DAY_US))
    span = Span(edge - 30 * DAY_US, edge + 30 * DAY_US)
    answer = of_plan(None).vouched(flat_bars([first, first + DAY_US]), span, NOW)
    assert answer.provisional == (Span(span.start, first),)
    assert "where a plan's history ends" in answer.notes[0]


def test_a_history_that_begins_elsewhere_was_not_cut() -> None:
    """A week or more behind the edge it is the stock that is young; a named plan is known."""
    edge = plan_edge(2, NOW, MARKET)
    span = Span(edge - 30 * DAY_US, edge + 60 * DAY_US)
    late = MARKET.midnight(MARKET.date_of(edge + CLIPPED_US + 2 * DAY_US))
    for plan, first in ((None, late), (None, span.start), ("advanced", edge)):
        answer = of_plan(plan).vouched(flat_bars([first]), span, NOW)  # type: ignore[arg-type]
        assert answer.provisional == ()
    assert of_plan(None).vouched(Bars.empty(), span, NOW).provisional == ()
    inside = Span(edge, span.end)
    assert of_plan(None).vouched(flat_bars([edge]), inside, NOW).provisional == ()


def test_a_cut_history_that_is_not_published_whole_says_both() -> None:
    """What lies before it, and what comes later."""
    edge = plan_edge(2, NOW, MARKET)
    publication = of_plan(None)
    publication.learn(PlanError(PlanLimit.TODAY, "before end of day"))
    span = Span(edge - DAY_US, TODAY.end)
    answer = publication.vouched(flat_bars([edge]), span, publication.until())
    assert answer.provisional == (Span(span.start, edge), Span(TODAY.start, TODAY.end))
    assert answer.notes[0] == AFTER_THE_DAY
    assert len(answer.notes) == 2


# Where trade dates begin at 20:00 of the evening before, all through a plan's two years.
LONG = xnys(long_day_from=date(2024, 11, 4))


def on_a_long_day(clock: str, plan: PlanName | None = None) -> Publication:
    now = parse_instant(f"2026-11-23 {clock} America/New_York", "now", MARKET)
    return Publication(LONG, lambda: now, None if plan is None else PLANS[plan])


@pytest.mark.parametrize("clock", ["12:00", "20:30"])
def test_what_is_published_after_the_day_is_by_the_calendar(clock: str) -> None:
    """In the evening the trade date is tomorrow's: its midnight lies ahead, and nothing of today is
    published.
    """
    named, learning = on_a_long_day(clock, "basic"), on_a_long_day(clock)
    assert learning.learn(PlanError(PlanLimit.TODAY, "before end of day"))
    assert not learning.learn(PlanError(PlanLimit.TODAY, "before end of day"))
    for publication in (named, learning):
        assert publication.until() == TODAY.start
        evening = Span(TODAY.start - 3 * HOUR_US, TODAY.start + 12 * HOUR_US)
        answer = publication.vouched(flat_bars([evening.start]), evening, publication.until())
        assert answer.provisional == (Span(TODAY.start, evening.end),)


def test_a_refusal_names_the_first_trade_date_that_is_held_whole() -> None:
    publication = on_a_long_day("12:00", "basic")
    first = date(2024, 11, 23)
    assert publication.earliest() == MARKET.midnight(first)
    with pytest.raises(PlanError, match="nothing before 2024-11-24"):
        publication.check_start(LONG.day_start(first))
    publication.check_start(LONG.day_start(date(2024, 11, 24)))


def test_a_cut_history_ends_before_its_first_bar() -> None:
    """That of an evening, too: what is answered is not said to be cut."""
    publication = on_a_long_day("12:00")
    edge = plan_edge(2, publication.now(), LONG)
    bars = flat_bars([edge + 22 * HOUR_US])  # Sunday: Monday's trade date
    span = Span(edge - 10 * DAY_US, edge + 10 * DAY_US)
    (clipped,) = publication.vouched(bars, span, publication.now()).provisional
    assert clipped.end <= bars.timestamp[0]


def test_a_refusal_to_reach_back_is_not_asked_for_twice_on_a_day() -> None:
    """Of a plan that is not named: what lies before the refused instant is refused here, until the
    next day, for a plan may change; what lies after it may be within.
    """
    clock = Clock()
    publication = of_plan(None, clock)
    edge = MARKET.midnight(date(2022, 1, 3))
    publication.learn_refusal(PlanError(PlanLimit.DATA, "no"), edge)
    publication.check_start(edge)
    for start in (edge, edge - DAY_US):
        publication.learn_refusal(PlanError(PlanLimit.DATES, "timeframe"), start)
    for start in (edge, 0):
        with pytest.raises(PlanError, match="refused 2022-01-03 today") as caught:
            publication.check_start(start)
        assert caught.value.limit is PlanLimit.DATES
    publication.check_start(edge + 1)
    clock.now += DAY_US
    publication.check_start(edge)
