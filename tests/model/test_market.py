"""The exchange clock against known days and against the calendar library."""

import sys
from datetime import date, time, timedelta
from typing import Any

import exchange_calendars
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import sessions as table_of_sessions

from polytape.model.arrays import Ints
from polytape.model.instants import parse_instant
from polytape.model.market import FIRST_DAY, LAST_DAY, Market, _xnys, closures, xnys
from polytape.model.spans import Span
from polytape.model.timestamps import day_number, iso
from polytape.model.units import MINUTE_US
from tests.conftest import MARKET, day_span


def library(first: date, last: date) -> tuple[Ints, Ints, Ints]:
    """Days, opens and closes as exchange_calendars has them."""
    calendar: Any = exchange_calendars.get_calendar(
        "XNYS", start=first.isoformat(), end=last.isoformat()
    )
    days = calendar.schedule.index.to_numpy("datetime64[D]").astype(np.int64)
    opens, closes = (
        calendar.schedule[name].dt.tz_convert(None).to_numpy("datetime64[us]").astype(np.int64)
        for name in ("open", "close")
    )
    return days, opens, closes


def test_the_table_is_what_the_library_says() -> None:
    """Where it is not: `python -m tools.sessions`."""
    assert table_of_sessions.PATH.read_text("utf-8") == table_of_sessions.table()


def test_every_session_of_the_table_is_the_librarys() -> None:
    days, opens, closes = library(FIRST_DAY, LAST_DAY)
    assert MARKET.days.tolist() == days.tolist()
    assert MARKET.opens.tolist() == opens.tolist()
    assert MARKET.closes.tolist() == closes.tolist()


def test_the_library_is_asked_for_years_past_the_table() -> None:
    later = xnys(through=date(2060, 1, 1))
    days, opens, closes = library(FIRST_DAY, date(2060, 12, 31))
    assert later.days.tolist() == days.tolist()
    assert later.opens.tolist() == opens.tolist()
    assert later.closes.tolist() == closes.tolist()
    assert later.days[: len(MARKET.days)].tolist() == MARKET.days.tolist()
    session = later.session(date(2060, 1, 2))
    assert session is not None
    assert MARKET.session(date(2060, 1, 2)) is None
    # All else of the market is the same.
    names = ("zone", "name", "opening_bell_us", "pre_market_us", "hours")
    assert [getattr(later, name) for name in names] == [getattr(MARKET, name) for name in names]


def test_the_table_is_enough_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    made = _xnys.__wrapped__(LAST_DAY, None)
    assert made.days.tolist() == MARKET.days.tolist()
    with pytest.raises(ImportError):
        _xnys.__wrapped__(date(2051, 1, 1), None)


def test_closures_have_the_calendars_names() -> None:
    autumn = closures(date(2024, 11, 28), date(2024, 12, 25))
    assert autumn[date(2024, 11, 28)] == "Thanksgiving"
    assert list(autumn) == sorted(autumn)
    assert set(autumn) <= {
        date(2024, 11, 28), date(2024, 11, 29), date(2024, 12, 24), date(2024, 12, 25)
    }  # fmt: skip
    assert date(2024, 12, 25) in autumn
    assert closures(date(2024, 11, 29), date(2024, 11, 27)) == {}


def test_every_closure_is_no_session_or_a_short_one(market: Market) -> None:
    for day in closures(FIRST_DAY, LAST_DAY):
        session = market.session(day)
        assert session is None or session.early_close


@pytest.mark.parametrize(
    ("day", "closes", "minutes"),
    [
        (date(2024, 1, 2), time(16), 390),
        (date(2024, 11, 29), time(13), 210),
        (date(1990, 12, 24), time(14), 270),
    ],
)
def test_a_session_tells_its_length(market: Market, day: date, closes: time, minutes: int) -> None:
    session = market.session(day)
    assert session is not None
    assert market.local(session.close).time() == closes
    assert session.minutes == minutes
    assert session.early_close == (minutes < 390)


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        (date(2024, 1, 2), "2024-01-02T14:30:00Z", "2024-01-02T21:00:00Z"),
        (date(2024, 7, 2), "2024-07-02T13:30:00Z", "2024-07-02T20:00:00Z"),
        (date(2015, 12, 24), "2015-12-24T14:30:00Z", "2015-12-24T18:00:00Z"),
        (date(2024, 11, 29), "2024-11-29T14:30:00Z", "2024-11-29T18:00:00Z"),
    ],
)
def test_sessions_open_and_close_by_new_york(
    market: Market, day: date, opens: str, closes: str
) -> None:
    session = market.session(day)
    assert session is not None
    assert (iso(session.open), iso(session.close)) == (opens, closes)
    assert session.early_close == closes.startswith(("2015", "2024-11"))


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2024, 12, 25), "exchange holiday"),
        (date(2024, 1, 6), "weekend"),
        (date(2012, 10, 29), "exchange holiday"),  # hurricane Sandy: closed ad hoc
        (date(2025, 1, 9), "exchange holiday"),  # day of mourning
        (date(2024, 1, 8), None),
    ],
)
def test_a_closed_day_has_a_reason(market: Market, day: date, why: str | None) -> None:
    assert market.why_closed(day) == why
    assert (market.session(day) is None) == (why is not None)


def test_extended_hours_end_four_hours_after_the_bell(market: Market) -> None:
    early = market.session(date(2015, 12, 24))
    assert early is not None
    assert str(early.extended) == "[2015-12-24T09:00:00Z, 2015-12-24T22:00:00Z)"


def test_masks_say_what_the_sessions_say_minute_by_minute(market: Market) -> None:
    span = day_span(date(2024, 3, 7), date(2024, 3, 13))  # over the change to summer time
    minutes = np.arange(span.start, span.end, MINUTE_US)
    regular, extended = market.regular(minutes), market.extended(minutes)
    sessions = list(market.sessions(span))
    assert [s.day.day for s in sessions] == [7, 8, 11, 12, 13]
    assert list(minutes[regular]) == [
        t for s in sessions for t in range(s.open, s.close, MINUTE_US)
    ]
    assert int(extended.sum()) == 5 * 960


def test_the_session_before_a_day_may_lie_days_before(market: Market) -> None:
    before = market.session_before(date(2024, 1, 2))
    assert before is not None
    assert before.day == date(2023, 12, 29)
    assert market.session_before(date(1980, 1, 1)) is None


@pytest.mark.parametrize(
    ("now", "final_days_end_with"),
    [
        ("2024-01-03 10:59 America/New_York", date(2023, 12, 29)),  # Tuesday is not yet final
        ("2024-01-03 11:00 America/New_York", date(2024, 1, 2)),
        ("2024-01-06 12:00 America/New_York", date(2024, 1, 4)),  # Friday waits for Monday
        ("2024-01-08 11:00 America/New_York", date(2024, 1, 5)),
        ("2024-01-15 12:00 America/New_York", date(2024, 1, 11)),  # Martin Luther King Day
    ],
)
def test_a_day_is_final_from_eleven_on_the_next_trading_day(
    market: Market, now: str, final_days_end_with: date
) -> None:
    final = market.final_before(parse_instant(now, "now", MARKET))
    last = final_days_end_with
    assert MARKET.midnight(last) < final
    following = next(market.sessions(day_span(last + timedelta(days=1), last + timedelta(days=7))))
    assert MARKET.midnight(last + timedelta(days=1)) <= final <= MARKET.midnight(following.day)


def test_days_outside_the_calendar_are_no_trading_days(market: Market) -> None:
    edge = np.array([MARKET.midnight(date(1970, 6, 1)), MARKET.midnight(date(2090, 6, 1))])
    assert not market.regular(edge).any()
    assert list(market.session_index(edge)) == [-1, -1]


def test_the_days_of_a_span_are_those_that_it_overlaps(market: Market) -> None:
    inside = day_span(date(2024, 1, 5), date(2024, 1, 8))
    names = [session.day.isoformat() for session in market.sessions(inside)]
    assert names == ["2024-01-05", "2024-01-08"]
    one_more = Span(inside.start - 1, inside.end + 1)
    names = [session.day.isoformat() for session in market.sessions(one_more)]
    assert names == ["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"]
    assert list(market.sessions(Span(inside.start, inside.start))) == []
    assert [day_number(s.day) for s in market.sessions(day_span(date(2024, 1, 1), LAST_DAY))] == [
        day for day in market.days.tolist() if day >= day_number(date(2024, 1, 1))
    ]


@given(st.integers(0, 400), st.integers(1, 60 * 24 * 9), st.randoms(use_true_random=False))
def test_bells_are_where_regular_hours_begin_and_end(first: int, count: int, draw: Any) -> None:
    """Of minutes with holes: between two bells all are of regular hours, or none is."""
    start = day_span(date(2024, 6, 1) + timedelta(days=first)).start
    kept = sorted(draw.sample(range(count), min(count, 500)))
    stamps = start + np.array(kept, np.int64) * MINUTE_US
    regular = MARKET.regular(stamps)
    changes = np.flatnonzero(regular[1:] != regular[:-1]) + 1
    bells = set(MARKET.bells_among(stamps).tolist())
    assert set(changes.tolist()) <= bells
    assert not len(MARKET.bells_among(stamps[:0]))
