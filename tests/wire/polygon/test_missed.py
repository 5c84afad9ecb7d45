"""What a break may have cost, and how it is fetched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.spans import Span
from polytape.model.units import MINUTE_US
from polytape.wire.polygon.events import MinuteAggregate, Trade
from polytape.wire.polygon.missed import (
    CORRECTED_MINUTES,
    FillPlan,
    MinuteMemory,
    missed,
    plan_fill,
)

NOON = 1_795_539_600_000_000
ONE, TWO = Span(NOON, NOON + MINUTE_US), Span(NOON, NOON + 2 * MINUTE_US)


def bar(symbol: str, minute: int, close: float = 10.0) -> MinuteAggregate:
    return MinuteAggregate(symbol, 10, 11, 9, close, 100, NOON // 1_000 + minute * 60_000)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_every_minute_that_may_be_lost_is_in_the_span(after: int, length: int) -> None:
    """Those that ended since the break, and the one whose bars were being sent; none that is not
    over.
    """
    broken, ready = NOON + after, NOON + after + length
    span = missed(broken, ready)
    assert span.start <= broken
    assert span.end <= ready
    assert ready - span.end < MINUTE_US
    sent_by = span.start + MINUTE_US + 5_000_000
    assert sent_by > broken - MINUTE_US


def test_a_break_within_a_minute_costs_nothing() -> None:
    """No bar was sent in it."""
    assert not missed(NOON + 10_000_000, NOON + 50_000_000)


@pytest.mark.parametrize(
    ("span", "watched", "whole", "plan"),
    [
        (Span(NOON, NOON), ["A"], True, FillPlan(first=("A",))),
        (Span(NOON, NOON), ["A", "B", "C"], True, FillPlan()),
        (ONE, [], False, FillPlan()),
        (ONE, ["A"], True, FillPlan(snapshot=True, first=("A",))),
        (ONE, ["A"], False, FillPlan(first=("A",))),
        (ONE, ["C", "A", "B"], False, FillPlan(snapshot=True)),
        (TWO, ["C", "A", "B"], False, FillPlan(first=("A", "B", "C"))),
        (ONE, [], True, FillPlan(snapshot=True)),
        (TWO, ["A"], True, FillPlan(snapshot=True, first=("A",), rest=True)),
    ],
)
def test_the_cheapest_way(span: Span, watched: list[str], whole: bool, plan: FillPlan) -> None:
    """One snapshot heals one minute of any number of symbols."""
    assert plan_fill(span, watched, whole=whole) == plan


def test_news_is_what_has_not_come_or_came_with_other_values() -> None:
    """In the order of time."""
    memory = MinuteMemory()
    memory.remember([bar("A", 0), bar("B", 0), Trade("A", 10.0, 1)])
    fetched = [bar("B", 1), bar("A", 0, 10.5), bar("B", 0), bar("A", 1)]
    assert memory.news(fetched, NOON) == [bar("A", 0, 10.5), bar("A", 1), bar("B", 1)]
    assert memory.symbols() == ["A", "B"]
    assert memory.latest("A") == NOON
    assert memory.latest("C") is None


def test_memory_is_bounded_for_each_symbol() -> None:
    """As long as a bar may be corrected."""
    memory = MinuteMemory()
    memory.remember(bar("A", minute) for minute in range(CORRECTED_MINUTES + 1))
    assert memory.news([bar("A", 0), bar("A", 1)], NOON) == [bar("A", 0)]
    assert memory.news([bar("A", 0), bar("A", 1, 9.5)], NOON + 1) == [bar("A", 1, 9.5)]
