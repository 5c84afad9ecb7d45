"""The usual range by time of day against a twin, and the ATRs of a symbol at an instant."""

from collections import defaultdict
from datetime import date, time
from statistics import fmean
from typing import Any

import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.atr_run import AtrRun, atr_flow
from polytape.engines.flow import run_with
from polytape.engines.options import AtrOptions
from polytape.engines.usual_range import UsualRange, range_at, usual_ranges
from polytape.errors import ValidationError
from polytape.model.bar import bar_rows
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.resample import resample
from polytape.model.timeframes import Timeframe
from polytape.upstream.synthetic.source import Synthetic
from tests import naive
from tests.conftest import MARKET
from tests.engines.live.arrivals import minutes
from tests.engines.test_scanner import answers, at

AS_OF = at("2026-11-18 11:30")
LATER = date(2024, 12, 1)


def slow_ranges(bars: Bars, sessions: int) -> dict[time, list[float]]:
    """The true ranges of each time of day."""
    rows = list(bar_rows(bars))
    days = sorted({naive.local(row.timestamp).date() for row in rows})
    counted = [day for day in days if day.weekday() < 5][-sessions:]
    ranges: dict[time, list[float]] = defaultdict(list)
    for place, row in enumerate(rows):
        clock, before = naive.local(row.timestamp), rows[max(0, place - 1)].close
        widest = max(row.high - row.low, abs(row.high - before), abs(row.low - before))
        if clock.date() in counted:
            ranges[clock.time()].append(row.high - row.low if place == 0 else widest)
    return ranges


@given(minutes(most=40), st.integers(1, 4))
def test_it_is_the_slow_twins(bars: Bars, sessions: int) -> None:
    """Each time has the mean of its own bars, over the sessions that have one."""
    slow = slow_ranges(bars, sessions)
    made = usual_ranges(bars, LATER, sessions=sessions)
    assert [one.begins for one in made] == sorted(slow)
    for one in made:
        assert one.range == pytest.approx(fmean(slow[one.begins]))
        assert one.sessions == len(slow[one.begins])
        assert range_at(made, one.begins) == one.range
    assert range_at((), time(9, 30)) is None


@given(minutes(most=40))
def test_the_day_itself_and_later_ones_do_not_count(bars: Bars) -> None:
    """Bars of a running session change nothing."""
    day = date(2024, 7, 2)
    before = bars.take(bars.timestamp < MARKET.midnight(day))
    assert usual_ranges(bars, day) == usual_ranges(before, day)


@pytest.mark.parametrize("sessions", [0, -1, 1.5, True])
def test_a_number_of_sessions_that_is_none_is_refused(sessions: Any) -> None:
    """By name."""
    with pytest.raises(ValidationError, match="sessions"):
        usual_ranges(Bars.empty(), LATER, sessions=sessions)


def run_at(source: Synthetic, market: Market, moment: int, **options: Any) -> AtrRun:
    return run_with(
        atr_flow("AAPL", moment, market, AtrOptions(**options)), answers(source, market)
    )


def test_the_atrs_of_an_instant(synthetic: Synthetic, market: Market) -> None:
    """Of all hours and of regular hours as TA-Lib has them; the bar that runs has its own."""
    run = run_at(synthetic, market, AS_OF + 60_000_000, timeframe="5min")
    query = next(atr_flow("AAPL", AS_OF, market, AtrOptions()))[0]
    stored = answers(synthetic, market)(query)
    for value, extended in ((run.atr, True), (run.atr_regular, False)):
        bars = resample(stored, Timeframe.MIN_5, market=market, include_extended=extended)
        assert value == pytest.approx(talib.ATR(bars.high, bars.low, bars.close, 14)[-1])
    assert run.usual_now == range_at(run.usual, time(11, 30))
    assert max(one.sessions for one in run.usual) == 14
    assert run.notes == ()
    assert isinstance(run.rows()[0], UsualRange)
    assert repr(run).startswith(
        "AAPL at Wed 2026-11-18 11:31 New York: ATR(14, wilder) of 5min: all hours 0."
    )
    assert len(run.to_frame()) == len(run.usual)


def test_with_too_few_bars_it_says_so(market: Market) -> None:
    """None, not 0."""
    run = run_with(atr_flow("AAPL", AS_OF, market, AtrOptions()), lambda _: Bars.empty())
    assert (run.atr, run.atr_regular, run.usual_now, run.usual) == (None, None, None, ())
    assert run.notes == (
        "the ATR of all hours needs 15 bars, there are 0",
        "the ATR of regular hours needs 15 bars, there are 0",
    )
    assert "all hours none" in repr(run)
