"""The planner: what is fetched is what is missing, no more and nothing from the future."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from polytape.history.plan import FetchGaps, Serve, bridged, missing_of, plan
from polytape.model.market import Market
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, HOUR_US
from tests.conftest import MARKET
from tests.conftest import day_span as days

FIRST = MARKET.midnight(date(2024, 6, 28))  # a Friday; the fourth of July is the Thursday after
HOURS = 24 * 16
spans = st.tuples(st.integers(0, HOURS), st.integers(0, 100)).map(
    lambda p: Span(FIRST + p[0] * HOUR_US, FIRST + (p[0] + p[1]) * HOUR_US)
)
moments = st.integers(0, HOURS + 48).map(lambda hour: FIRST + hour * HOUR_US)


@given(spans, st.lists(spans, max_size=5), moments, st.sampled_from(list(Series)))
def test_gaps_and_coverage_make_up_every_trading_day_up_to_now(
    market: Market, span: Span, covered: list[Span], now: int, series: Series
) -> None:
    decision = plan(span, series, covered, market=market, now=now)
    gaps = decision.gaps if isinstance(decision, FetchGaps) else ()
    known = SpanSet.of([*covered, *gaps])
    past = Span(span.start, max(span.start, min(span.end, now)))
    for session in market.sessions(past):
        assert market.day_span(session.day).intersect(past) in known
    assert all(gap in past for gap in gaps)
    assert all(a.end <= b.start for a, b in zip(gaps, gaps[1:], strict=False))


@given(spans, st.lists(spans, max_size=5), moments)
def test_nothing_that_is_covered_on_a_trading_day_is_fetched(
    market: Market, span: Span, covered: list[Span], now: int
) -> None:
    decision = plan(span, Series.MINUTE, covered, market=market, now=now)
    gaps = SpanSet.of(decision.gaps if isinstance(decision, FetchGaps) else ())
    open_days = SpanSet.of(market.day_span(s.day) for s in market.sessions(span))
    assert not gaps.intersection(SpanSet.of(covered)).intersection(open_days)


@given(spans, st.lists(spans, max_size=5), moments, moments)
def test_no_gap_reaches_over_the_first_instant_of_the_source_or_a_midnight(
    market: Market, span: Span, covered: list[Span], now: int, earliest: int
) -> None:
    for whole_days in (False, True):
        decision = plan(
            span, Series.MINUTE, covered, market=market, now=now,
            earliest=earliest, whole_days=whole_days,
        )  # fmt: skip
        plain = plan(span, Series.MINUTE, covered, market=market, now=now)
        gaps = decision.gaps if isinstance(decision, FetchGaps) else ()
        assert all(not gap.start < earliest < gap.end for gap in gaps)
        wanted = SpanSet.of(plain.gaps if isinstance(plain, FetchGaps) else ())
        if whole_days:
            assert all(market.date_of(gap.start) == market.date_of(gap.end - 1) for gap in gaps)
            open_days = SpanSet.of(market.day_span(s.day) for s in market.sessions(span))
            wanted = wanted.intersection(open_days)
        assert SpanSet.of(gaps) == wanted


def test_a_weekend_between_two_gaps_makes_them_one(market: Market) -> None:
    span = days(date(2024, 6, 27), date(2024, 7, 5))
    covered = [days(date(2024, 6, 27)), days(date(2024, 7, 2))]
    decision = plan(span, Series.MINUTE, covered, market=market, now=span.end)
    assert decision == FetchGaps(
        (days(date(2024, 6, 28), date(2024, 7, 1)), days(date(2024, 7, 3), date(2024, 7, 5)))
    )


def test_closed_days_and_the_future_are_not_fetched(market: Market) -> None:
    weekend = days(date(2024, 6, 29), date(2024, 6, 30))
    assert plan(weekend, Series.DAY, (), market=market, now=weekend.end) == Serve()
    future = days(date(2024, 7, 1))
    assert plan(future, Series.DAY, (), market=market, now=weekend.end) == Serve()


def test_long_gaps_are_cut_to_pages_of_the_vendor(market: Market) -> None:
    year = days(date(2023, 1, 1), date(2023, 12, 31))
    minutes = plan(year, Series.MINUTE, (), market=market, now=year.end)
    assert isinstance(minutes, FetchGaps)
    assert len(minutes.gaps) == 6
    assert max(gap.end - gap.start for gap in minutes.gaps) <= 62 * DAY_US
    whole = plan(year, Series.DAY, (), market=market, now=year.end)
    assert isinstance(whole, FetchGaps)
    assert len(whole.gaps) == 1


def test_closed_days_make_no_new_span(market: Market) -> None:
    known = SpanSet.of([days(date(2024, 6, 28)), days(date(2024, 7, 1)), days(date(2024, 7, 3))])
    assert bridged(known, market) == (
        days(date(2024, 6, 28), date(2024, 7, 1)), days(date(2024, 7, 3))
    )  # fmt: skip
    assert bridged(SpanSet(), market) == ()


def test_what_is_missing_begins_and_ends_on_trading_days(market: Market) -> None:
    week = days(date(2024, 6, 29), date(2024, 7, 7))
    assert missing_of(week, SpanSet(), market) == (days(date(2024, 7, 1), date(2024, 7, 5)),)
    assert missing_of(week, SpanSet.of([days(date(2024, 7, 1), date(2024, 7, 5))]), market) == ()
