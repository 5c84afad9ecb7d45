"""One line of a watchlist, beside what plain loops over the same bars give."""

from datetime import date

import numpy as np
import pytest

from polytape.engines.flow import run_with
from polytape.engines.watch_day import STEP_US, WatchDay, watch_day_flow
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery
from polytape.model.timestamps import to_us
from polytape.model.units import MINUTE_US
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, NOW

DAY = date(2024, 7, 2)
OPEN = MARKET.session(DAY).open  # type: ignore[union-attr]


def line(synthetic: Synthetic, as_of: int, symbol: str = "AAPL") -> WatchDay:
    def answer(query: BarsQuery) -> Bars:
        return synthetic.upstream().bars.bars(query).bars

    return run_with(watch_day_flow(symbol, as_of, MARKET), answer)


def minutes_of(synthetic: Synthetic, first: date, last: date) -> Bars:
    from polytape.model.query import series_query
    from polytape.model.spans import Span
    from polytape.model.timeframes import Series

    span = Span(MARKET.day_start(first), MARKET.day_span(last).end)
    return synthetic.upstream().bars.bars(series_query("AAPL", Series.MINUTE, span)).bars


@pytest.mark.parametrize("after_open", [-60, -1, 0, 1, 45, 389, 391, 700])
def test_it_is_the_day_so_far(synthetic: Synthetic, after_open: int) -> None:
    """Prices and volume of the minutes that were over, and of no other."""
    as_of = OPEN + after_open * MINUTE_US
    got = line(synthetic, as_of)
    bars = minutes_of(synthetic, DAY, DAY)
    known = [n for n, start in enumerate(bars.timestamp.tolist()) if start + MINUTE_US <= as_of]
    regular = [n for n in known if bars.timestamp[n] >= OPEN]
    assert got.day == DAY
    assert got.volume == pytest.approx(bars.volume[known].sum())
    assert got.price == bars.close[known[-1]]
    assert got.last_bar is not None
    assert to_us(got.last_bar) == bars.timestamp[known[-1]]
    assert (got.high, got.low) == (bars.high[known].max(), bars.low[known].min())
    assert got.open == (bars.open[regular[0]] if regular else None)


def test_the_usual_volume_is_the_mean_of_earlier_days_by_then(synthetic: Synthetic) -> None:
    """Of ten sessions before the day, at each quarter of an hour of it."""
    got = line(synthetic, OPEN + 30 * MINUTE_US)
    assert got.usual_volume is not None
    sessions, day = [], DAY
    for _ in range(10):
        session = MARKET.session_before(day)
        assert session is not None
        sessions.append(session)
        day = session.day
    start, step = to_us(got.usual_volume.start), got.usual_volume.step_seconds * 1_000_000
    assert step == STEP_US
    own = MARKET.session(DAY)
    assert own is not None
    for place in (0, 21, 22, 30, 63):
        until = start + (place + 1) * step - own.extended.start
        sums = []
        for session in sessions:
            bars = minutes_of(synthetic, session.day, session.day)
            sums.append(bars.volume[bars.timestamp < session.extended.start + until].sum())
        assert got.usual_volume.volumes[place] == pytest.approx(np.mean(sums))


def test_nothing_of_the_day_itself_is_before_it(synthetic: Synthetic) -> None:
    """The prior close and the average true range are of earlier days, whatever the time."""
    early, late = line(synthetic, OPEN), line(synthetic, OPEN + 380 * MINUTE_US)
    assert early.previous_close == late.previous_close
    assert early.atr_day == late.atr_day
    assert early.usual_volume == late.usual_volume


def test_a_symbol_without_bars_says_so() -> None:
    got = run_with(watch_day_flow("SPY", NOW, MARKET), lambda _: Bars.empty())
    assert (got.price, got.day, got.closes) == (None, None, ())
    assert got.notes == ("no bars of the last 20 days",)
