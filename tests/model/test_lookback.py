"""How far back a live series begins."""

from datetime import date

import pytest

from polytape.errors import ValidationError
from polytape.model.lookback import parse_lookback
from polytape.model.market import xnys

MARKET = xnys()
# Monday 2024-07-08, 10:00 New York.
NOW = MARKET.midnight(date(2024, 7, 8)) + 10 * 3_600_000_000


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1d", date(2024, 7, 8)),
        ("2d", date(2024, 7, 5)),
        ("3 days", date(2024, 7, 3)),  # the fourth was a holiday
        ("1w", date(2024, 7, 1)),
        ("2y", date(2022, 7, 7)),
        ("1mo", date(2024, 6, 7)),
    ],
)
def test_days_are_trading_days(text: str, day: date) -> None:
    """The longer units are the calendar's."""
    assert parse_lookback(text).begin(NOW, MARKET) == MARKET.midnight(day)


def test_on_a_closed_day_the_last_trading_day_is_the_first() -> None:
    """There is nothing of today's."""
    saturday = MARKET.midnight(date(2024, 7, 6)) + 5
    assert parse_lookback("1d").begin(saturday, MARKET) == MARKET.midnight(date(2024, 7, 5))


def test_minutes_and_hours_are_the_clocks() -> None:
    """They count back from now."""
    assert parse_lookback("90min").begin(NOW, MARKET) == NOW - 90 * 60_000_000
    assert parse_lookback("6H").begin(NOW, MARKET) == NOW - 6 * 3_600_000_000


@pytest.mark.parametrize("value", ["", "d", "2", "0d", "-1d", "2x", 5, None, "2d3h", "99999d"])
def test_what_is_no_lookback_is_named(value: object) -> None:
    """With what is allowed."""
    with pytest.raises(ValidationError, match=r"lookback=.*2d \(trading days\)"):
        parse_lookback(value)


def test_the_markets_first_day_is_the_furthest() -> None:
    """No error: there is no more."""
    assert parse_lookback("9999d").begin(NOW, MARKET) <= MARKET.midnight(date(2004, 1, 1))
