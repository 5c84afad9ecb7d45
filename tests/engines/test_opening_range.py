"""The opening range: complete or not there, and never changed by what comes after it."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.flow import EngineRun, run_with
from polytape.engines.hvn_run import hvn_flow
from polytape.engines.opening_range import opening_range
from polytape.engines.opening_range_run import OpeningRangeRun, opening_range_flow
from polytape.engines.options import HvnOptions, OpeningRangeOptions
from polytape.errors import ValidationError
from polytape.model.bar import bar_rows
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.timestamps import to_datetime
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic
from tests import naive
from tests.conftest import MARKET
from tests.engines.live.arrivals import minutes
from tests.engines.test_scanner import answers, at


def run_on(bars: Bars, as_of: int, sizes: tuple[int, ...] = (5, 30)) -> OpeningRangeRun:
    options = OpeningRangeOptions(minutes=sizes)
    return run_with(opening_range_flow("AAPL", as_of, MARKET, options), lambda _: bars)


def clock_minute(instant: int) -> int:
    clock = naive.local(instant)
    return clock.hour * 60 + clock.minute


@given(minutes(most=200), st.sampled_from([1, 15, 60, 390]))
def test_it_is_the_slow_twins(bars: Bars, size: int) -> None:
    """Bar by bar, by the clock on the wall."""
    made = opening_range(bars, size)
    rows = list(bar_rows(bars))
    if not rows or MARKET.session(naive.local(rows[-1].timestamp).date()) is None:
        assert made is None
        return
    day = naive.local(rows[-1].timestamp).date()
    close = 780 if (day.month, day.day) == (7, 3) else 960
    until = min(570 + size, close)
    own = [row for row in rows if naive.local(row.timestamp).date() == day]
    first = [row for row in own if 570 <= clock_minute(row.timestamp) < until]
    if not first:
        assert made is None
        return
    assert made is not None
    high, low = max(row.high for row in first), min(row.low for row in first)
    assert (made.high, made.low, made.bars) == (high, low, len(first))
    assert made.middle == (high + low) / 2
    assert made.volume == pytest.approx(sum(row.volume for row in first))
    after = [row for row in own if until <= clock_minute(row.timestamp) < close]
    above = [row.timestamp + 60_000_000 for row in after if row.high > high]
    below = [row.timestamp + 60_000_000 for row in after if row.low < low]
    assert made.above_at == (to_datetime(above[0]) if above else None)
    assert made.below_at == (to_datetime(below[0]) if below else None)


@pytest.mark.parametrize(
    ("as_of", "sizes"),
    [
        ("2026-11-18 09:00", []),
        ("2026-11-18 09:34", []),
        ("2026-11-18 09:35", [5]),
        ("2026-11-18 10:00", [5, 30]),
        ("2026-11-21 12:00", [5, 30]),  # a Saturday: Friday's
    ],
)
def test_a_range_is_there_once_it_is_complete(
    synthetic: Synthetic, market: Market, as_of: str, sizes: list[int]
) -> None:
    """Until then a note says so."""
    options = OpeningRangeOptions(minutes=(30, 5, 5))
    flow = opening_range_flow("AAPL", at(as_of), market, options)
    run = run_with(flow, answers(synthetic, market))
    assert [one.minutes for one in run.ranges] == sizes
    assert len(run.notes) == 2 - len(sizes)
    assert all("not complete" in note for note in run.notes)
    assert run.day == (date(2026, 11, 20) if "21" in as_of else date(2026, 11, 18))
    assert all(one.known_at <= run.as_of for one in run.ranges)
    assert ("no range" in repr(run)) == (not sizes)
    assert len(run.to_frame()) == len(sizes)


@pytest.mark.parametrize("exclude", [False, True])
def test_before_the_bell_it_has_the_price_of_extended_hours(
    synthetic: Synthetic, market: Market, exclude: bool
) -> None:
    """As other engines have at the instant; before the day's first minute there is none."""
    answer = answers(synthetic, market)
    options = OpeningRangeOptions(exclude_bad_prints=exclude)
    early, before = (
        run_with(opening_range_flow("AAPL", at(f"2026-11-18 {time}"), market, options), answer)
        for time in ("09:10", "03:30")
    )
    others = run_with(hvn_flow("AAPL", at("2026-11-18 09:10"), market, HvnOptions()), answer)
    assert early.price == others.price is not None
    assert (before.price, before.ranges, early.ranges) == (None, (), ())


@given(minutes(most=200), st.integers(0, 600))
def test_later_minutes_change_nothing(bars: Bars, cut: int) -> None:
    """As of any minute's end; a range that is there stays as it is."""
    if cut >= len(bars):
        return
    as_of = int(bars.timestamp[cut]) + 60_000_000
    early = run_on(bars.take(slice(cut + 1)), as_of)
    assert run_on(bars, as_of).to_dict() == early.to_dict()
    later = {
        one.minutes: one
        for one in run_on(bars, MARKET.day_span(MARKET.date_of(as_of)).end - 1).ranges
    }
    for one in early.ranges:
        assert (later[one.minutes].high, later[one.minutes].low) == (one.high, one.low)
        assert one.above_at in (None, later[one.minutes].above_at)


@pytest.mark.parametrize("sizes", [(), (0,), (391,), (5.5,), (True,)])
def test_minutes_that_are_none_are_refused(sizes: Any) -> None:
    """By the parameter's name, before anything is fetched."""
    options = OpeningRangeOptions(minutes=sizes)
    with pytest.raises(ValidationError, match="minutes"):
        EngineRun(opening_range_flow("AAPL", at("2026-11-18 11:30"), MARKET, options)).start()


def test_a_session_without_an_early_bar_says_so() -> None:
    """It is complete, and empty."""
    late = at("2026-11-18 10:15")
    column = [10.0]
    run = run_on(Bars.of([late], column, column, column, column, column), late + 60_000_000)
    assert run.notes == ("no bar in the first 5 minutes", "no bar in the first 30 minutes")
    assert opening_range(Bars.empty(), 5) is None


@pytest.mark.realdata
def test_a_real_session(real: FlatFiles, market: Market) -> None:
    """SPY on 2013-10-10 rose out of its first half hour, and never fell below it."""
    flow = opening_range_flow("SPY", at("2013-10-10 16:00"), market, OpeningRangeOptions())
    run = run_with(flow, answers(real, market))
    assert [one.minutes for one in run.ranges] == [5, 15, 30, 60]
    widths = [one.high - one.low for one in run.ranges]
    assert np.all(np.diff(widths) >= 0)
    assert run.ranges[2].above_at is not None
    assert run.ranges[2].below_at is None
