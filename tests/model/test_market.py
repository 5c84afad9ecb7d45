"""The exchange clock against known days and against the calendar library."""

from datetime import date, timedelta

import numpy as np
import pytest

from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.newyork import iso, midnight
from polytape.model.spans import Span
from polytape.model.units import MINUTE_US


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
    span = Span(midnight(date(2024, 3, 7)), midnight(date(2024, 3, 14)))  # a change to summer time
    minutes = np.arange(span.start, span.end, MINUTE_US)
    regular, extended = market.regular(minutes), market.extended(minutes)
    sessions = list(market.sessions(span))
    assert [s.day.day for s in sessions] == [7, 8, 11, 12, 13]
    assert list(minutes[regular]) == [
        t for s in sessions for t in range(s.open, s.close, MINUTE_US)
    ]
    assert int(extended.sum()) == 5 * 960


def test_neighbours(market: Market) -> None:
    before, after = market.session_before(date(2024, 1, 2)), market.session_after(date(2024, 1, 12))
    assert before is not None
    assert after is not None
    assert (before.day, after.day) == (date(2023, 12, 29), date(2024, 1, 16))
    assert market.session_before(date(1980, 1, 1)) is None
    assert market.session_after(date(2060, 1, 1)) is None


@pytest.mark.parametrize(
    ("now", "final_days_end_with"),
    [
        ("2024-01-03 10:59 America/New_York", date(2023, 12, 29)),  # Tuesday is not yet settled
        ("2024-01-03 11:00 America/New_York", date(2024, 1, 2)),
        ("2024-01-06 12:00 America/New_York", date(2024, 1, 4)),  # Friday waits for Monday
        ("2024-01-08 11:00 America/New_York", date(2024, 1, 5)),
        ("2024-01-15 12:00 America/New_York", date(2024, 1, 11)),  # Martin Luther King Day
    ],
)
def test_a_day_is_final_from_eleven_on_the_next_trading_day(
    market: Market, now: str, final_days_end_with: date
) -> None:
    final = market.final_before(parse_instant(now, "now"))
    last = final_days_end_with
    assert midnight(last) < final
    following = market.session_after(last)
    assert following is not None
    assert midnight(last + timedelta(days=1)) <= final <= midnight(following.day)


def test_days_outside_the_calendar_are_no_trading_days(market: Market) -> None:
    edge = np.array([midnight(date(1970, 6, 1)), midnight(date(2090, 6, 1))])
    assert not market.regular(edge).any()
    assert list(market.session_index(edge)) == [-1, -1]
