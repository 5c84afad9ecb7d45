"""The vendor's bars, over real sockets: the truth or a typed error, whatever it does."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pytest

from polytape.errors import (
    AuthenticationError,
    ConnectionError,
    DataFetchError,
    IncompleteDataError,
    PolygonClientError,
    RateLimitError,
)
from polytape.fake_vendor.mischief import Mischief
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery, series_query
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.upstream.source import BarSource, SourceBars, Upstream
from polytape.wire.polygon.errors import PlanError, PlanLimit
from tests.conftest import MARKET, day_span
from tests.fakes.vendor import Street, street
from tests.upstream.polygon.conftest import NOW

pytestmark = pytest.mark.socket

WEEK = day_span(date(2026, 11, 9), date(2026, 11, 13))
TODAY = day_span(date(2026, 11, 23))
MINUTES = series_query("AAPL", Series.MINUTE, WEEK)
DAYS = series_query("AAPL", Series.DAY, WEEK)


@pytest.mark.parametrize("series", list(Series))
def test_bars_are_the_vendors_to_the_last_bit(wall: Street, series: Series) -> None:
    for span in (WEEK, Span(WEEK.start + 1, WEEK.end - 7), TODAY, Span(NOW + 5, NOW + 10**9)):
        answer = wall.source().bars.bars(series_query("AAPL", series, span))
        assert answer.bars.same(wall.true_bars("AAPL", series, span))
    assert all(one.query for one in wall.vendor.requests)
    assert wall.vendor.keys_in_urls == 0


def test_nothing_is_asked_before_the_vendors_first_day(wall: Street) -> None:
    answer = wall.source().bars.bars(DAYS.over(Span(0, MARKET.midnight(date(2003, 9, 10)))))
    assert (len(answer.bars), answer.provisional, wall.asked()) == (0, (), [])


def test_days_over_both_changes_of_the_clock_are_stamped_at_midnight(wall: Street) -> None:
    span = day_span(date(2026, 3, 2), date(2026, 11, 6))
    bars = wall.source().bars.bars(DAYS.over(span)).bars
    assert set((bars.timestamp // 3_600_000_000 % 24).tolist()) == {4, 5}
    stamps = bars.timestamp.tolist()
    assert [MARKET.midnight(MARKET.date_of(stamp)) for stamp in stamps] == stamps


def test_an_unknown_symbol_has_no_bars_and_is_not_found(wall: Street) -> None:
    source = wall.source()
    assert not len(source.bars.bars(replace(DAYS, symbol="NOPE")).bars)
    assert source.reference.find("NOPE") is None
    assert source.reference.find("AAPL") == SymbolInfo("AAPL", "Apple Inc.", "CS", "XNAS")


@pytest.mark.parametrize(
    "kind",
    [
        Mischief.TOO_MANY, Mischief.TOO_MANY_EMPTY, Mischief.TOO_MANY_LATER, Mischief.SERVER_ERROR,
        Mischief.BAD_GATEWAY, Mischief.UNAVAILABLE, Mischief.TIMED_OUT, Mischief.CLIENT_CLOSED,
        Mischief.RESET, Mischief.NO_ANSWER, Mischief.TOO_SHORT, Mischief.GARBAGE, Mischief.CUT_JSON,
        Mischief.LOST_ROWS, Mischief.DUPLICATES, Mischief.STRAYS, Mischief.EXPONENTS,
    ],
)  # fmt: skip
def test_one_thing_gone_wrong_is_overcome(wall: Street, kind: Mischief) -> None:
    wall.spoil(kind)
    answer = wall.source().bars.bars(replace(MINUTES, background=True))
    assert answer.bars.same(wall.true_bars("AAPL", Series.MINUTE, WEEK))


def test_who_waits_for_an_answer_is_told_when_to_come_back(wall: Street) -> None:
    wall.spoil(Mischief.TOO_MANY)
    source = wall.source("advanced")
    assert source.bars.bars(MINUTES).bars.same(wall.true_bars("AAPL", Series.MINUTE, WEEK))
    wall.spoil(Mischief.TOO_MANY)
    learning = wall.source()
    with pytest.raises(RateLimitError, match="5 in 60 s") as caught:
        learning.bars.bars(MINUTES)
    assert caught.value.retry_at is not None
    wait = caught.value.retry_at.timestamp() - wall.time.now / 1e6
    assert 55 < wait <= 60
    wall.time.sleep(wait)
    assert learning.bars.bars(MINUTES).bars.same(wall.true_bars("AAPL", Series.MINUTE, WEEK))


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Mischief.SERVER_ERROR, DataFetchError), (Mischief.BAD_GATEWAY, DataFetchError),
        (Mischief.RESET, ConnectionError), (Mischief.NO_ANSWER, ConnectionError),
        (Mischief.TOO_SHORT, IncompleteDataError), (Mischief.GARBAGE, IncompleteDataError),
        (Mischief.CUT_JSON, IncompleteDataError), (Mischief.LOST_ROWS, IncompleteDataError),
        (Mischief.UNKNOWN_KEY, AuthenticationError), (Mischief.NOT_IN_PLAN, PlanError),
        (Mischief.DATES_NOT_IN_PLAN, PlanError), (Mischief.NOT_YET, PlanError),
    ],
)  # fmt: skip
def test_what_stays_wrong_is_a_typed_error(
    wall: Street, kind: Mischief, error: type[PolygonClientError]
) -> None:
    wall.vendor.every = kind
    with pytest.raises(error):
        wall.source().bars.bars(MINUTES)


@pytest.mark.parametrize(
    "kind", [Mischief.LOST_PAGE, Mischief.LOOP, Mischief.ENDLESS, Mischief.BAD_LAST_PAGE]
)
def test_pages_that_do_not_end_well_are_no_answer(
    kind: Mischief, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polytape.wire.polygon.requests.MOST_PAGES", 25)
    with street(NOW, most_rows=500) as wall:
        wall.spoil(kind, kind)
        with pytest.raises(IncompleteDataError):
            wall.source().bars.bars(MINUTES)


@pytest.mark.parametrize("kind", [None, Mischief.OTHER_HOST])
def test_pages_are_followed_on_the_host_that_was_configured(kind: Mischief | None) -> None:
    with street(NOW, most_rows=500) as wall:
        wall.vendor.every = kind
        answer = wall.source().bars.bars(MINUTES)
        assert answer.bars.same(wall.true_bars("AAPL", Series.MINUTE, WEEK))
        assert len(wall.asked()) > 5
        assert wall.vendor.keys_in_urls == 0


def test_a_short_or_empty_page_that_goes_on_is_no_end() -> None:
    with street(NOW, most_rows=500) as wall:
        wall.spoil(Mischief.EMPTY_PAGE)
        got = wall.source().bars.bars(MINUTES).bars
        whole = wall.true_bars("AAPL", Series.MINUTE, WEEK)
        assert got.same(whole.take(slice(500, None)))


def test_bars_without_vwap_and_count_have_none(wall: Street) -> None:
    wall.spoil(Mischief.BARE)
    bars = wall.source().bars.bars(MINUTES).bars
    assert np.isnan(bars.vwap).all()
    assert np.isnan(bars.transactions).all()
    assert bars.close.tolist() == wall.true_bars("AAPL", Series.MINUTE, WEEK).close.tolist()


def test_delayed_bars_are_an_answer_that_is_not_whole_yet(wall: Street) -> None:
    wall.spoil(Mischief.DELAYED)
    answer = wall.source().bars.bars(MINUTES.over(TODAY))
    seen = NOW - 15 * 60_000_000
    assert answer.bars.same(wall.true_bars("AAPL", Series.MINUTE, Span(TODAY.start, seen)))
    assert (answer.through, answer.provisional) == (seen, (Span(seen, TODAY.end),))
    assert "delayed" in answer.notes[0]


def test_a_slow_drip_ends_at_the_timeout(wall: Street) -> None:
    wall.vendor.every = Mischief.DRIP
    with pytest.raises(ConnectionError, match=r"no whole answer|in time"):
        wall.source(timeout_s=0.2).bars.bars(DAYS)


# Plans


def test_the_free_plan_gets_today_tomorrow() -> None:
    with street(NOW, plan="basic") as wall:
        source = wall.source("basic")
        answer = source.bars.bars(MINUTES.over(Span(WEEK.start, TODAY.end)))
        assert answer.bars.same(
            wall.true_bars("AAPL", Series.MINUTE, Span(WEEK.start, TODAY.start))
        )
        assert (answer.through, answer.provisional) == (TODAY.start, (TODAY,))
        assert "once the day has ended" in answer.notes[0]
        assert source.bars.last_bar("AAPL").timestamp[0] < TODAY.start
        assert {one.status for one in wall.vendor.requests} == {200}


def test_a_plan_that_is_not_named_is_found_out() -> None:
    """One refusal teaches that today comes later, one 429 that the budget is the free one."""
    with street(NOW, plan="basic") as wall:
        source = wall.source()
        for series in (Series.MINUTE, Series.DAY):
            answer = source.bars.bars(series_query("AAPL", series, Span(WEEK.start, TODAY.end)))
            assert answer.bars.same(wall.true_bars("AAPL", series, Span(WEEK.start, TODAY.start)))
        assert [one.status for one in wall.vendor.requests] == [403, 200, 200]
        for _ in range(12):
            source.bars.bars(replace(DAYS, background=True))
        assert [one.status for one in wall.vendor.requests].count(429) == 1
        assert source.vendor.budget.state().limit == 5


def test_dates_before_the_plan_are_told_without_asking() -> None:
    with street(NOW, plan="basic") as wall:
        source = wall.source("basic")
        with pytest.raises(PlanError, match="2 years: nothing before 2024-11-23") as caught:
            source.bars.bars(DAYS.over(Span(source.bars.earliest() - 1, NOW)))
        assert caught.value.limit is PlanLimit.DATES
        assert wall.asked() == []
        assert len(source.bars.bars(DAYS.over(Span(source.bars.earliest(), NOW))).bars) > 490


def test_a_history_that_was_clipped_without_a_word_is_not_taken_for_whole(wall: Street) -> None:
    """Some refuse dates outside the plan, some leave them out: the edge gives them away."""
    with street(NOW, truth=clipped(wall.truth, date(2024, 11, 23))) as edged:
        answer = edged.source().bars.bars(DAYS.over(day_span(date(2024, 1, 2), date(2026, 1, 2))))
        first = int(answer.bars.timestamp[0])
        assert answer.provisional == (Span(MARKET.midnight(date(2024, 1, 2)), first),)
        assert "where a plan's history ends" in answer.notes[-1]


@dataclass
class Clipped:
    """A source that leaves out what lies before an instant, without a word."""

    inner: BarSource
    edge: int

    def earliest(self) -> int:
        return self.inner.earliest()

    def bars(self, query: BarsQuery) -> SourceBars:
        start, end = max(self.edge, query.span.start), max(self.edge, query.span.end)
        return self.inner.bars(query.over(Span(start, end)))

    def last_bar(self, symbol: str) -> Bars:
        return self.inner.last_bar(symbol)


def clipped(upstream: Upstream, first: date) -> Upstream:
    return replace(upstream, bars=Clipped(upstream.bars, MARKET.midnight(first)))


def test_the_last_bar_is_the_last_complete_minute(wall: Street) -> None:
    bar = wall.source().bars.last_bar("AAPL")
    assert bar.same(wall.true_bars("AAPL", Series.MINUTE, Span(NOW - 10**9, NOW)).last(1))
    wall.spoil(Mischief.DELAYED)
    assert wall.source().bars.last_bar("AAPL").timestamp[0] < bar.timestamp[0]
    assert not len(wall.source().bars.last_bar("NOPE"))
