"""The folders of a store: months of minutes and years of days, in the market's zone."""

from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.wall_clock import WallClock
from polytape.store.periods import all_time, period_span, periods
from tests.conftest import MARKET
from tests.store.bars import DAY, HOUR

TOKYO = WallClock(ZoneInfo("Asia/Tokyo"))
EARLIEST = MARKET.midnight(date(2019, 1, 1))
spans = st.tuples(st.integers(0, 5 * 365 * 24), st.integers(0, 900 * 24)).map(
    lambda p: Span(EARLIEST + p[0] * HOUR, EARLIEST + (p[0] + p[1]) * HOUR)
)


def test_a_span_falls_into_months_or_years() -> None:
    span = Span(MARKET.midnight(date(2023, 12, 30)), MARKET.midnight(date(2024, 2, 2)))
    assert [name for name, _ in periods(Series.MINUTE, span, MARKET)] == [
        "bars/1min/2023-12", "bars/1min/2024-01", "bars/1min/2024-02"
    ]  # fmt: skip
    parts = list(periods(Series.DAY, span, MARKET))
    assert [name for name, _ in parts] == ["bars/1day/2023", "bars/1day/2024"]
    assert parts[0][1].end == parts[1][1].start == MARKET.midnight(date(2024, 1, 1))


@given(spans, st.sampled_from(list(Series)), st.sampled_from([MARKET, TOKYO]))
def test_the_parts_of_a_span_make_it_up_each_in_its_own_folder(
    span: Span, series: Series, zone: WallClock
) -> None:
    parts = list(periods(series, span, zone))
    assert bool(parts) == bool(span)
    if parts:
        assert (parts[0][1].start, parts[-1][1].end) == (span.start, span.end)
    assert all(a.end == b.start for (_, a), (_, b) in pairwise(parts))
    names = [name for name, _ in parts]
    assert names == sorted(set(names))
    for name, part in parts:
        assert part
        assert part in period_span(name.rsplit("/", 1)[1], zone)


def test_a_period_is_of_its_zone_and_of_a_known_form() -> None:
    assert period_span("2024", MARKET).start == MARKET.midnight(date(2024, 1, 1))
    assert period_span("2023-12", TOKYO).end == TOKYO.midnight(date(2024, 1, 1))
    assert period_span("2024-03", MARKET).end - period_span("2024-03", MARKET).start == (
        31 * DAY - HOUR  # the clock is set forward
    )
    for wrong in ("lost+found", "2024-13", "", "-1"):
        with pytest.raises(ValueError):
            period_span(wrong, MARKET)


def test_all_time_holds_every_year_there_may_be_a_bar_in() -> None:
    assert MARKET.midnight(date(1900, 1, 1)) == all_time(MARKET).start
    assert MARKET.midnight(date(2199, 12, 31)) in all_time(MARKET)
