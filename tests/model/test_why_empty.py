"""An answer without bars says why."""

import pytest

from polytape.model.instants import parse_instant, parse_span
from polytape.model.why_empty import reason
from tests.conftest import MARKET

NOW = parse_instant("2024-07-10T12:00:00Z", "now", MARKET)


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        ("2024-07-06", "2024-07-07", "2024-07-06 is a weekend, 2024-07-07 is a weekend"),
        ("2024-07-04", "2024-07-04", "2024-07-04 is an exchange holiday"),
        ("2030-01-02", "2030-01-03", "2030-01-02 is in the future"),
        ("2024-07-10T13:00Z", "2024-07-10", "2024-07-10 09:00 New York is in the future"),
        ("1970-01-01", "1970-02-01", "1970-01-01 is before the calendar begins, 1990-01-02"),
        ("1989-12-31", "1990-01-01", "1989-12-31 is before the calendar begins, 1990-01-02"),
        (
            "2024-07-09T14:30Z",
            "2024-07-09T14:30Z",
            "the span is empty: it begins and ends at 2024-07-09 10:30 New York",
        ),
        ("2024-07-06T14:30Z", "2024-07-06T14:30Z", "the span is empty"),
        ("2001-09-11", "2001-09-16", "and 3 more days without a session"),
        ("2024-07-09", "2024-07-09", "nothing was traded in the session of 2024-07-09, or"),
        ("2024-07-08", "2024-07-09", "nothing was traded in 2024-07-08 and later sessions, or"),
    ],
)
def test_the_calendar_and_the_clock_say_why(start: str, end: str, why: str) -> None:
    """As far as they know."""
    assert why in reason(parse_span(start, end, MARKET), "1min", MARKET, NOW)


def test_a_session_that_has_not_begun_is_named() -> None:
    """Before four in the morning of New York there is nothing yet."""
    early = parse_instant("2024-07-10T07:00:00Z", "now", MARKET)
    span = parse_span("2024-07-10", "2024-07-10", MARKET)
    assert (
        reason(span, "1min", MARKET, early) == "the session of 2024-07-10 begins at 04:00 New York"
    )


@pytest.mark.parametrize(
    ("frame", "start", "end", "why"),
    [
        ("1week", "2024-07-01", "2024-07-05", "begins at 2024-06-30 00:00 New York"),
        ("1month", "2024-07-02", "2024-07-05", "begins at 2024-07-01 00:00 New York"),
        ("30min", "2024-07-02T14:10Z", "2024-07-02T14:20Z", "begins at 2024-07-02 10:00 New York"),
        ("1week", "2024-06-30", "2024-07-05", "nothing was traded"),
        # In regular hours alone one begins at 09:30.
        ("60min", "2024-07-02T13:30Z", "2024-07-02T14:00Z", "nothing was traded"),
    ],
)
def test_a_span_in_the_midst_of_a_bar_has_none(frame: str, start: str, end: str, why: str) -> None:
    """A bar belongs to the span that has its start: a week begins on Sunday."""
    assert why in reason(parse_span(start, end, MARKET), frame, MARKET, NOW)
