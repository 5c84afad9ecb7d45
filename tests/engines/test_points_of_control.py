"""Naked and developing points of control against twins that look at each minute."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.flow import run_with
from polytape.engines.options import PocOptions
from polytape.engines.poc_run import PocRun, poc_flow
from polytape.engines.points_of_control import developing_poc, naked_points_of_control
from polytape.engines.ticks import tick_profile
from polytape.errors import ValidationError
from polytape.model.bar import bar_rows
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic
from tests import naive
from tests.conftest import MARKET
from tests.engines.live.arrivals import minutes
from tests.engines.test_scanner import answers, at

AS_OF = at("2026-11-18 11:30")
STEP = 0.05


def run_on(bars: Bars, as_of: int = AS_OF, **options: Any) -> PocRun:
    return run_with(poc_flow("AAPL", as_of, MARKET, PocOptions(**options)), lambda _: bars)


@given(minutes())
def test_a_naked_one_was_touched_by_no_later_minute(bars: Bars) -> None:
    """Day by day: those that are there, and those that are not."""
    days: dict[Any, list[Any]] = {}
    for row in bar_rows(bars):
        days.setdefault(naive.local(row.timestamp).date(), []).append(row)
    naked = {one.day: one for one in naked_points_of_control(bars, price_step=STEP)}
    for place, day in enumerate(days):
        own = bars.take(np.isin(bars.timestamp, [row.timestamp for row in days[day]]))
        poc = tick_profile(own, price_step=STEP).poc
        later = [row for other in list(days)[place + 1 :] for row in days[other]]
        touched = poc is not None and any(
            round(row.low / STEP) <= round(poc / STEP) <= round(row.high / STEP) for row in later
        )
        if poc is None or touched or place == len(days) - 1:
            assert day not in naked
        else:
            assert naked[day].price == poc
            assert naked[day].sessions == len(days) - place - 1
            assert 0 < naked[day].share <= 1


@given(minutes(), st.integers(0, 40))
def test_later_minutes_only_take_away(bars: Bars, cut: int) -> None:
    """One that is naked later was naked before, at the same price."""
    early = bars.take(slice(cut))
    before = {one.day: one.price for one in naked_points_of_control(early, price_step=STEP)}
    last = MARKET.date_of(int(early.timestamp[-1])) if len(early) else None
    for one in naked_points_of_control(bars, price_step=STEP):
        if last is not None and one.day < last:
            assert before[one.day] == one.price


@given(minutes(), st.integers(0, 40))
def test_the_developing_one_is_known_minute_by_minute(bars: Bars, cut: int) -> None:
    """At each minute it is that of the profile so far; later minutes rewrite nothing."""
    moves = developing_poc(bars, price_step=STEP)
    assert developing_poc(bars.take(slice(cut)), price_step=STEP) == tuple(
        move for move in moves
        if cut and move.known_at.timestamp() * 1e6 <= bars.timestamp[:cut][-1:].sum() + 60_000_000
    )  # fmt: skip
    profile = tick_profile(bars, price_step=STEP)
    if profile.poc is None:
        assert moves == ()
        return
    at_move = np.flatnonzero(np.isclose(profile.prices, moves[-1].price))
    assert profile.volumes[at_move] == pytest.approx(profile.volumes.max())


@given(minutes(), st.integers(0, 40))
def test_bars_from_the_future_change_nothing(bars: Bars, cut: int) -> None:
    """As of any minute's end."""
    if cut < len(bars):
        as_of = int(bars.timestamp[cut]) + 60_000_000
        early = run_on(bars.take(slice(cut + 1)), as_of)
        assert run_on(bars, as_of).to_dict() == early.to_dict()


def test_the_run_says_what_it_is_made_of(synthetic: Synthetic, market: Market) -> None:
    """Complete minutes, one step for all sessions, holes by name."""
    options = PocOptions(include_extended=False, days_back=20)
    run = run_with(poc_flow("AAPL", AS_OF, market, options), answers(synthetic, market))
    assert run.notes == ()
    assert run.day is not None
    assert run.day.isoformat() == "2026-11-18"
    assert run.poc == run.developing[-1].price
    assert run.developing[0].known_at.isoformat() == "2026-11-18T14:31:00+00:00"
    assert run.step == 0.1
    assert [one.price for one in run.naked] == sorted((n.price for n in run.naked), reverse=True)
    assert f"POC {run.poc:.2f}" in repr(run)
    assert len(run.to_frame()) == len(run.naked)
    empty = run_on(Bars.empty())
    assert (empty.poc, empty.naked, empty.step) == (None, (), None)
    assert empty.notes == ("no volume in 30 days before Wed 2026-11-18 11:30 New York",)


@pytest.mark.parametrize("options", [{"days_back": 0}, {"price_step": -1.0}, {"price_step": 1e-9}])
def test_wrong_parameters_are_refused(options: Any, synthetic: Synthetic, market: Market) -> None:
    """By name."""
    with pytest.raises(ValidationError, match=next(iter(options))):
        run_with(poc_flow("AAPL", AS_OF, market, PocOptions(**options)), answers(synthetic, market))


@pytest.mark.realdata
def test_real_sessions(real: FlatFiles, market: Market) -> None:
    """SPY rose away on 2013-10-10: of the days before, the last one's point of control is naked."""
    options = PocOptions(days_back=7, include_extended=False)
    run = run_with(poc_flow("SPY", at("2013-10-10 16:00"), market, options), answers(real, market))
    assert (run.step, run.poc) == (0.05, 168.95)
    assert [(one.day.isoformat(), one.price) for one in run.naked] == [("2013-10-09", 165.7)]
