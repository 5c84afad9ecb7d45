"""The vendor as a source, over real sockets: the truth or a typed error, whatever it does."""

from collections.abc import Iterator
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
from polytape.model.instants import parse_instant
from polytape.model.newyork import date_of, midnight
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.wire.polygon.errors import PlanError, PlanLimit
from tests.conftest import day_span
from tests.fakes.vendor import Street, street

pytestmark = pytest.mark.socket

NOW = parse_instant("2026-11-23 11:30 America/New_York", "now")
WEEK = day_span(date(2026, 11, 9), date(2026, 11, 13))
TODAY = day_span(date(2026, 11, 23))


@pytest.fixture
def wall() -> Iterator[Street]:
    with street(NOW) as made:
        yield made


def truth(wall: Street, series: Series, span: Span, symbol: str = "AAPL") -> Bars:
    return wall.truth.bars(symbol, series, span).bars


@pytest.mark.parametrize("series", list(Series))
def test_bars_are_the_vendors_to_the_last_bit(wall: Street, series: Series) -> None:
    for span in (WEEK, Span(WEEK.start + 1, WEEK.end - 7), TODAY, Span(NOW + 5, NOW + 10**9)):
        told = wall.source().bars("AAPL", series, span)
        assert told.bars.same(truth(wall, series, span))
    assert all(one.query for one in wall.vendor.asked)
    assert wall.vendor.keys_in_urls == 0


def test_nothing_is_asked_before_the_vendors_first_day(wall: Street) -> None:
    told = wall.source().bars("AAPL", Series.DAY, Span(0, midnight(date(2003, 9, 10))))
    assert (len(told.bars), told.unsettled, wall.asked()) == (0, (), [])


def test_days_over_both_changes_of_the_clock_are_stamped_at_midnight(wall: Street) -> None:
    bars = (
        wall.source().bars("AAPL", Series.DAY, day_span(date(2026, 3, 2), date(2026, 11, 6))).bars
    )
    assert set((bars.timestamp // 3_600_000_000 % 24).tolist()) == {4, 5}
    assert [midnight(date_of(int(stamp))) for stamp in bars.timestamp] == bars.timestamp.tolist()


def test_an_unknown_symbol_has_no_bars_and_is_not_found(wall: Street) -> None:
    source = wall.source()
    assert not len(source.bars("NOPE", Series.DAY, WEEK).bars)
    assert source.find("NOPE") is None
    assert source.find("AAPL") == SymbolInfo("AAPL", "Apple Inc.", "CS", "XNAS")


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
    told = wall.source().bars("AAPL", Series.MINUTE, WEEK, background=True)
    assert told.bars.same(truth(wall, Series.MINUTE, WEEK))


def test_who_waits_for_an_answer_is_told_when_to_come_back(wall: Street) -> None:
    wall.spoil(Mischief.TOO_MANY)
    source = wall.source("advanced")
    assert source.bars("AAPL", Series.MINUTE, WEEK).bars.same(truth(wall, Series.MINUTE, WEEK))
    wall.spoil(Mischief.TOO_MANY)
    learning = wall.source()
    with pytest.raises(RateLimitError, match="5 in 60 s") as told:
        learning.bars("AAPL", Series.MINUTE, WEEK)
    assert told.value.retry_at is not None
    wait = told.value.retry_at.timestamp() - wall.time.now / 1e6
    assert 55 < wait <= 60
    wall.time.sleep(wait)
    assert learning.bars("AAPL", Series.MINUTE, WEEK).bars.same(truth(wall, Series.MINUTE, WEEK))


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
        wall.source().bars("AAPL", Series.MINUTE, WEEK)


@pytest.mark.parametrize(
    "kind", [Mischief.LOST_PAGE, Mischief.LOOP, Mischief.ENDLESS, Mischief.BAD_LAST_PAGE]
)
def test_pages_that_do_not_end_well_are_no_answer(kind: Mischief) -> None:
    with street(NOW, most_rows=500) as wall:
        wall.spoil(kind, kind)
        with pytest.raises(IncompleteDataError):
            wall.source().bars("AAPL", Series.MINUTE, WEEK)


@pytest.mark.parametrize("kind", [None, Mischief.OTHER_HOST])
def test_pages_are_followed_on_the_host_that_was_configured(kind: Mischief | None) -> None:
    with street(NOW, most_rows=500) as wall:
        wall.vendor.every = kind
        told = wall.source().bars("AAPL", Series.MINUTE, WEEK)
        assert told.bars.same(truth(wall, Series.MINUTE, WEEK))
        assert len(wall.asked()) > 5
        assert wall.vendor.keys_in_urls == 0


def test_a_short_or_empty_page_that_goes_on_is_no_end() -> None:
    with street(NOW, most_rows=500) as wall:
        wall.spoil(Mischief.EMPTY_PAGE)
        got = wall.source().bars("AAPL", Series.MINUTE, WEEK).bars
        whole = truth(wall, Series.MINUTE, WEEK)
        assert got.same(whole.take(slice(500, None)))


def test_bars_without_vwap_and_count_have_none(wall: Street) -> None:
    wall.spoil(Mischief.BARE)
    bars = wall.source().bars("AAPL", Series.MINUTE, WEEK).bars
    assert np.isnan(bars.vwap).all()
    assert np.isnan(bars.transactions).all()
    assert bars.close.tolist() == truth(wall, Series.MINUTE, WEEK).close.tolist()


def test_delayed_bars_are_an_answer_that_is_not_whole_yet(wall: Street) -> None:
    wall.spoil(Mischief.DELAYED)
    told = wall.source().bars("AAPL", Series.MINUTE, TODAY)
    seen = NOW - 15 * 60_000_000
    assert told.bars.same(truth(wall, Series.MINUTE, Span(TODAY.start, seen)))
    assert (told.through, told.unsettled) == (seen, (Span(seen, TODAY.end),))
    assert "delayed" in told.notes[0]


def test_a_slow_drip_ends_at_the_timeout(wall: Street) -> None:
    wall.vendor.every = Mischief.DRIP
    with pytest.raises(ConnectionError, match=r"no whole answer|in time"):
        wall.source(timeout_s=0.2).bars("AAPL", Series.DAY, WEEK)


# Plans


def test_the_free_plan_gets_today_tomorrow() -> None:
    with street(NOW, plan="basic") as wall:
        source = wall.source("basic")
        told = source.bars("AAPL", Series.MINUTE, Span(WEEK.start, TODAY.end))
        assert told.bars.same(truth(wall, Series.MINUTE, Span(WEEK.start, TODAY.start)))
        assert (told.through, told.unsettled) == (TODAY.start, (TODAY,))
        assert "once the day has ended" in told.notes[0]
        assert source.last_bar("AAPL").timestamp[0] < TODAY.start
        assert {one.status for one in wall.vendor.asked} == {200}


def test_a_plan_that_is_not_named_is_found_out() -> None:
    """One refusal teaches that today comes later, one 429 that the budget is the free one."""
    with street(NOW, plan="basic") as wall:
        source = wall.source()
        for series in (Series.MINUTE, Series.DAY):
            told = source.bars("AAPL", series, Span(WEEK.start, TODAY.end))
            assert told.bars.same(truth(wall, series, Span(WEEK.start, TODAY.start)))
        assert [one.status for one in wall.vendor.asked] == [403, 200, 200]
        for _ in range(12):
            source.bars("AAPL", Series.DAY, WEEK, background=True)
        assert [one.status for one in wall.vendor.asked].count(429) == 1
        assert source.vendor.budget.state().limit == 5


def test_dates_before_the_plan_are_told_without_asking() -> None:
    with street(NOW, plan="basic") as wall:
        source = wall.source("basic")
        with pytest.raises(PlanError, match="2 years: nothing before 2024-11-23") as told:
            source.bars("AAPL", Series.DAY, Span(source.earliest() - 1, NOW))
        assert told.value.lacks is PlanLimit.DATES
        assert wall.asked() == []
        assert len(source.bars("AAPL", Series.DAY, Span(source.earliest(), NOW)).bars) > 490


def test_a_history_that_was_clipped_without_a_word_is_not_taken_for_whole(wall: Street) -> None:
    """Some refuse dates outside the plan, some leave them out: the edge gives them away."""
    with street(NOW, truth=_Clipped(wall.truth)) as clipped:  # type: ignore[arg-type]
        told = clipped.source().bars(
            "AAPL", Series.DAY, day_span(date(2024, 1, 2), date(2026, 1, 2))
        )
        first = int(told.bars.timestamp[0])
        assert told.unsettled == (Span(midnight(date(2024, 1, 2)), first),)
        assert "where a plan's history ends" in told.notes[-1]


class _Clipped:
    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def bars(self, symbol: str, series: Series, span: Span, **how: bool) -> object:
        edge = midnight(date(2024, 11, 23))
        inside = Span(max(edge, span.start), max(edge, span.end))
        return self._inner.bars(symbol, series, inside)  # type: ignore[attr-defined]


# Reference data


def test_reference_answers_are_asked_for_once_a_day(wall: Street) -> None:
    source = wall.source()
    for _ in range(3):
        assert source.search("aapl", active_only=True)[0].symbol == "AAPL"
        assert source.find("MSFT") is not None
        assert source.splits("NVDA") == wall.truth.splits("NVDA")
    assert len(wall.asked()) == 3
    wall.time.now += 86_400_000_000
    source.find("MSFT")
    assert len(wall.asked()) == 4
    source.forget()
    source.find("MSFT")
    assert len(wall.asked()) == 5


def test_paid_plans_read_the_whole_table_and_then_what_is_new(wall: Street) -> None:
    source = wall.source("advanced")
    for symbol in ("AAPL", "MSFT", "NVDA", "TSLA"):
        assert source.splits(symbol) == wall.truth.splits(symbol)
    assert wall.asked() == ["/stocks/v1/splits"]
    wall.time.now += 86_400_000_000
    new = Split(date(2026, 11, 20), "MSFT", 1.0, 2.0)
    wall.vendor.routes.market.extra_splits.append(new)
    assert new in (source.splits("MSFT") or ())
    assert source.splits("NVDA") == wall.truth.splits("NVDA")
    assert dict(wall.vendor.asked[-1].query)["execution_date.gte"] == "2026-10-24"


def test_the_older_route_of_splits_stands_in_for_the_newer(wall: Street) -> None:
    wall.vendor.routes.old_splits = True
    source = wall.source("advanced")
    assert source.splits("AAPL") == wall.truth.splits("AAPL")
    assert wall.asked() == ["/stocks/v1/splits", "/v3/reference/splits"]
    assert source.splits("NVDA") == wall.truth.splits("NVDA")
    assert len(wall.asked()) == 2


def test_the_markets_day_is_every_symbols_daily_bar(wall: Street) -> None:
    day = date(2026, 11, 12)
    market = wall.source().market_day(Series.DAY, day)
    assert market is not None
    for symbol in ("AAPL", "SPY"):
        assert market.of_symbol(symbol).same(truth(wall, Series.DAY, day_span(day), symbol))
    assert wall.source().market_day(Series.MINUTE, day) is None
    closed = wall.source().market_day(Series.DAY, date(2026, 11, 14))
    assert closed is not None
    assert len(closed) == 0


def test_the_last_bar_is_the_last_complete_minute(wall: Street) -> None:
    bar = wall.source().last_bar("AAPL")
    assert bar.same(truth(wall, Series.MINUTE, Span(NOW - 10**9, NOW)).last(1))
    wall.spoil(Mischief.DELAYED)
    assert wall.source().last_bar("AAPL").timestamp[0] < bar.timestamp[0]
    assert not len(wall.source().last_bar("NOPE"))
