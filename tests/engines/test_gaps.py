"""Open gaps against a slow twin that looks at each later day."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.as_of import days_query
from polytape.engines.flow import EngineRun, run_with
from polytape.engines.gap_run import GapRun, gap_flow
from polytape.engines.gaps import Gap, open_gaps
from polytape.engines.options import GapEdge, GapOptions, PocOptions, ZoneOptions
from polytape.engines.poc_run import poc_flow
from polytape.engines.zone_run import zone_flow
from polytape.errors import ValidationError
from polytape.model.bar import bar_rows
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.timeframes import Timeframe
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET
from tests.engines.bars import walks
from tests.engines.test_scanner import answers, at

SESSIONS = [one.day for one in MARKET.sessions(MARKET.day_span(date(2024, 1, 1)))]
_day = date(2024, 1, 1)
while len(SESSIONS) < 150:
    _day += timedelta(days=1)
    if MARKET.session(_day):
        SESSIONS.append(_day)
AS_OF = at("2026-11-18 11:30")


@st.composite
def days(draw: st.DrawFn) -> Bars:
    """Daily bars of a walk, some days missing."""
    bars = draw(walks(most=100))
    step = draw(st.sampled_from([0, 50, 300]))
    chance = np.random.default_rng(draw(st.integers(0, 999)))
    away = np.cumsum(chance.integers(-step, step + 1, len(bars))) / 100 + 200
    places = np.sort(chance.choice(len(SESSIONS), len(bars), replace=False))
    if draw(st.booleans()):
        places = np.arange(len(bars))
    stamps = [MARKET.midnight(SESSIONS[place]) for place in places]
    return Bars.of(stamps, bars.open + away, bars.high + away, bars.low + away,
                   bars.close + away, bars.volume)  # fmt: skip


def slow_gaps(bars: Bars, edge: GapEdge) -> list[tuple[Any, ...]]:
    """Day, direction, low, high, what is left of it, sessions since."""
    rows, gaps = list(bar_rows(bars)), []
    names = [MARKET.date_of(row.timestamp) for row in rows]
    for place in range(1, len(rows)):
        before, own, since = rows[place - 1], rows[place], rows[place:]
        if SESSIONS.index(names[place]) - SESSIONS.index(names[place - 1]) != 1:
            continue
        low, high = (before.high, own.low) if edge == "range" else (before.close, own.open)
        left = min([high, *(row.low for row in since)])
        if high > low and left > low:
            gaps.append((names[place], "up", low, high, low, left, len(rows) - place - 1))
        high, low = (before.low, own.high) if edge == "range" else (before.close, own.open)
        left = max([low, *(row.high for row in since)])
        if high > low and left < high:
            gaps.append((names[place], "down", low, high, left, high, len(rows) - place - 1))
    return gaps


def plain(gap: Gap) -> tuple[Any, ...]:
    return (gap.day, gap.direction, gap.low, gap.high, gap.open_low, gap.open_high, gap.sessions)


@given(days(), st.sampled_from(["range", "close"]))
def test_they_are_the_slow_twins(bars: Bars, edge: GapEdge) -> None:
    """Up and down; the highest first."""
    gaps = open_gaps(bars, edge=edge)
    assert sorted(map(plain, gaps)) == sorted(slow_gaps(bars, edge))
    assert [gap.open_high for gap in gaps] == sorted((gap.open_high for gap in gaps), reverse=True)
    assert all(gap.low <= gap.open_low < gap.open_high <= gap.high for gap in gaps)
    assert all(gap.size_percent > 0 for gap in gaps)


@given(days(), st.integers(0, 100))
def test_later_days_only_close_gaps(bars: Bars, cut: int) -> None:
    """What is open later was open before, and no smaller."""
    early = {(gap.day, gap.direction): gap for gap in open_gaps(bars.take(slice(cut)))}
    for gap in open_gaps(bars):
        if before := early.get((gap.day, gap.direction)):
            assert before.open_low <= gap.open_low < gap.open_high <= before.open_high
        else:
            assert MARKET.midnight(gap.day) >= bars.timestamp[min(cut, len(bars) - 1)]


def test_the_size_is_of_the_close_before() -> None:
    """A gap from 10 to 11, and one that is closed to the cent."""
    stamps = [MARKET.midnight(day) for day in SESSIONS[:3]]
    bars = Bars.of(stamps, [10, 11, 11], [10, 11, 11], [10, 11, 10.5], [10, 11, 11], [1, 1, 1])
    (gap,) = open_gaps(bars)
    assert plain(gap) == (SESSIONS[1], "up", 10.0, 11.0, 10.0, 10.5, 1)
    assert gap.size_percent == pytest.approx(10)
    touched = Bars.of(stamps, [10, 11, 11], [10, 11, 11], [10, 11, 10], [10, 11, 11], [1, 1, 1])
    assert open_gaps(touched) == ()


def test_wrong_parameters_are_refused() -> None:
    """By name."""
    with pytest.raises(ValidationError, match="edge"):
        open_gaps(Bars.empty(), edge="open")  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="days_back"):
        EngineRun(gap_flow("AAPL", AS_OF, MARKET, GapOptions(days_back=0))).start()


def run_on(source: Any, market: Market, moment: int, **how: int) -> GapRun:
    options = GapOptions(edge="close")
    return run_with(gap_flow("AAPL", moment, market, options), answers(source, market, **how))


@pytest.mark.parametrize("clock", ["09:00", "09:31", "11:30", "15:59"])
def test_todays_minutes_close_gaps_and_the_future_does_not(
    synthetic: Synthetic, market: Market, clock: str
) -> None:
    """Regular hours up to the instant; a server that answers too much leaks nothing."""
    moment = at(f"2026-11-18 {clock}")
    run = run_on(synthetic, market, moment)
    assert run.to_dict() == run_on(synthetic, market, moment, lie=3 * 86_400_000_000).to_dict()
    assert run.notes == ()
    for gap in run.gaps:
        assert gap.day <= date(2026, 11, 18)
    assert all(gap.day.isoformat() in repr(run) for gap in run.gaps[:8])
    assert list(run.to_frame()["open_low"]) == [gap.open_low for gap in run.gaps]


@pytest.mark.parametrize(
    "clock", ["2026-11-15 12:00", "2026-11-16 03:00", "2026-11-18 04:05", "2026-11-18 21:00"]
)
def test_all_engines_name_one_price_at_an_instant(
    synthetic: Synthetic, market: Market, clock: str
) -> None:
    """The last minute's close: not that of the last daily bar, nor of regular hours alone."""
    moment, answer = at(clock), answers(synthetic, market)
    price = run_with(zone_flow("AAPL", moment, market, ZoneOptions()), answer).price
    assert price is not None
    assert run_on(synthetic, market, moment).price == price
    poc = PocOptions(days_back=5, include_extended=False)
    assert run_with(poc_flow("AAPL", moment, market, poc), answer).price == price


def test_without_a_minute_the_price_is_the_last_daily_close(
    synthetic: Synthetic, market: Market
) -> None:
    """Of a stock that has not traded since the session before."""
    answer = answers(synthetic, market)
    daily = Timeframe.DAY

    def halted(query: Any) -> Bars:
        return answer(query) if query.timeframe is daily else Bars.empty()

    run = run_with(gap_flow("AAPL", AS_OF, market, GapOptions()), halted)
    days = answer(days_query("AAPL", AS_OF, market, 60))
    assert run.price == days.close[-1]


def test_a_missing_day_is_named(synthetic: Synthetic, market: Market) -> None:
    """What was traded on it is not known."""
    answer = answers(synthetic, market)
    hole = market.midnight(date(2026, 11, 11))

    def holed(query: Any) -> Bars:
        bars = answer(query)
        return bars.take(bars.timestamp != hole) if query.timeframe is Timeframe.DAY else bars

    run = run_with(gap_flow("AAPL", AS_OF, market, GapOptions()), holed)
    assert run.notes == ("no daily bar of 2026-11-11: what they closed is not known",)
    assert not {gap.day for gap in run.gaps} & {date(2026, 11, 11), date(2026, 11, 12)}


@pytest.mark.realdata
def test_real_gaps(real: FlatFiles, market: Market) -> None:
    """AAPL in June 2014: one gap up of its new shares stayed open for days."""
    moment = at("2014-06-20 12:00")
    run = run_with(
        gap_flow("AAPL", moment, market, GapOptions(edge="close")), answers(real, market)
    )
    (gap,) = [gap for gap in run.gaps if gap.direction == "up"]
    assert (gap.day, gap.low, gap.high) == (date(2014, 6, 16), 91.28, 91.58)
    assert gap.open_high == 91.34
