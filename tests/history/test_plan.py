"""The planner: what is asked is what is missing, no more and nothing from the future."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from polytape.history.plan import FetchGaps, Refuse, Serve, bridged, plan
from polytape.model.market import Market
from polytape.model.newyork import midnight
from polytape.model.spans import Span, SpanSet, day_span
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, HOUR_US
from tests.conftest import day_span as days

FIRST = midnight(date(2024, 6, 28))  # a Friday; the fourth of July is the Thursday after
HOURS = 24 * 16
spans = st.tuples(st.integers(0, HOURS), st.integers(0, 100)).map(
    lambda p: Span(FIRST + p[0] * HOUR_US, FIRST + (p[0] + p[1]) * HOUR_US)
)
moments = st.integers(0, HOURS + 48).map(lambda hour: FIRST + hour * HOUR_US)


@given(spans, st.lists(spans, max_size=5), moments, st.sampled_from(list(Series)))
def test_questions_and_what_is_held_cover_every_trading_day_up_to_now(
    market: Market, span: Span, held: list[Span], now: int, series: Series
) -> None:
    decided = plan(span, series, held, market=market, now=now, can_ask=True)
    asked = decided.questions if isinstance(decided, FetchGaps) else ()
    known = SpanSet.of([*held, *asked])
    past = Span(span.start, max(span.start, min(span.end, now)))
    for session in market.sessions(past):
        assert day_span(session.day).intersect(past) in known
    assert all(question in past for question in asked)
    assert all(a.end <= b.start for a, b in zip(asked, asked[1:], strict=False))
    refused = plan(span, series, held, market=market, now=now, can_ask=False)
    assert isinstance(refused, Serve) == isinstance(decided, Serve)
    if isinstance(refused, Refuse):
        assert SpanSet.of(refused.missing) == SpanSet.of(asked)


@given(spans, st.lists(spans, max_size=5), moments)
def test_nothing_that_is_held_on_a_trading_day_is_asked_for(
    market: Market, span: Span, held: list[Span], now: int
) -> None:
    decided = plan(span, Series.MINUTE, held, market=market, now=now, can_ask=True)
    asked = SpanSet.of(decided.questions if isinstance(decided, FetchGaps) else ())
    open_days = SpanSet.of(day_span(s.day) for s in market.sessions(span))
    assert not asked.intersection(SpanSet.of(held)).intersection(open_days)


def test_a_weekend_between_two_gaps_makes_them_one_question(market: Market) -> None:
    span = days(date(2024, 6, 27), date(2024, 7, 5))
    held = [days(date(2024, 6, 27)), days(date(2024, 7, 2))]
    decided = plan(span, Series.MINUTE, held, market=market, now=span.end, can_ask=True)
    assert decided == FetchGaps(
        (days(date(2024, 6, 28), date(2024, 7, 1)), days(date(2024, 7, 3), date(2024, 7, 5)))
    )


def test_closed_days_and_the_future_are_not_asked_for(market: Market) -> None:
    weekend = days(date(2024, 6, 29), date(2024, 6, 30))
    assert plan(weekend, Series.DAY, (), market=market, now=weekend.end, can_ask=False) == Serve()
    future = days(date(2024, 7, 1))
    assert plan(future, Series.DAY, (), market=market, now=weekend.end, can_ask=False) == Serve()


def test_long_gaps_are_cut_to_pages_of_the_vendor(market: Market) -> None:
    year = days(date(2023, 1, 1), date(2023, 12, 31))
    minutes = plan(year, Series.MINUTE, (), market=market, now=year.end, can_ask=True)
    assert isinstance(minutes, FetchGaps)
    assert len(minutes.questions) == 6
    assert max(q.end - q.start for q in minutes.questions) <= 62 * DAY_US
    whole = plan(year, Series.DAY, (), market=market, now=year.end, can_ask=True)
    assert isinstance(whole, FetchGaps)
    assert len(whole.questions) == 1


def test_closed_days_make_no_new_span(market: Market) -> None:
    known = SpanSet.of([days(date(2024, 6, 28)), days(date(2024, 7, 1)), days(date(2024, 7, 3))])
    assert bridged(known, market) == (
        days(date(2024, 6, 28), date(2024, 7, 1)), days(date(2024, 7, 3))
    )  # fmt: skip
