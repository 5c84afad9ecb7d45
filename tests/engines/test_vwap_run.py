"""The VWAP of a symbol at an instant: its anchor, its bands, and no minute that was running."""

from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.anchors import anchor_at
from polytape.engines.flow import EngineRun, run_with
from polytape.engines.options import VwapOptions
from polytape.engines.vwap import vwap
from polytape.engines.vwap_run import VwapRun, vwap_flow
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, flat_bars
from tests.engines.live.arrivals import minutes
from tests.engines.test_scanner import answers, at

AS_OF = at("2026-11-18 11:30")


def run_on(bars: Bars, as_of: int = AS_OF, **options: Any) -> VwapRun:
    return run_with(vwap_flow("AAPL", as_of, MARKET, VwapOptions(**options)), lambda _: bars)


@pytest.mark.parametrize(
    ("anchor", "as_of", "expected"),
    [
        ("session", "2026-11-18 11:30", "2026-11-18 00:00"),
        ("session", "2026-11-22 11:30", "2026-11-20 00:00"),  # a Sunday: Friday's
        ("session", "2026-11-27 02:00", "2026-11-27 00:00"),
        ("week", "2026-11-18 11:30", "2026-11-15 00:00"),
        ("week", "2026-11-15 11:30", "2026-11-15 00:00"),
        ("month", "2026-11-18 11:30", "2026-11-01 00:00"),
        ("2026-11-10", "2026-11-18 11:30", "2026-11-10 00:00"),
        ("2026-11-10 15:59 America/New_York", "2026-11-18 11:30", "2026-11-10 15:59"),
        ("9:45", "2026-11-18 11:30", "2026-11-18 09:45"),
        ("yesterday 2:30 pm", "2026-11-18 11:30", "2026-11-17 14:30"),
        ("2d", "2026-11-18 11:30", "2026-11-17 00:00"),
    ],
)
def test_an_anchor_is_a_period_or_an_instant(anchor: str, as_of: str, expected: str) -> None:
    """Days are New York's, a week begins on Sunday; words and times are by `as_of`."""
    assert anchor_at(anchor, at(as_of), MARKET) == at(expected)


@pytest.mark.parametrize("anchor", ["year", "", "2026-11-19", "2014-06-09", "14:30"])
def test_an_anchor_in_the_future_or_without_sense_is_refused(anchor: str) -> None:
    """By its name, before any bar is fetched."""
    with pytest.raises(ValidationError, match="anchor"):
        EngineRun(vwap_flow("AAPL", AS_OF, MARKET, VwapOptions(anchor=anchor))).start()


@pytest.mark.parametrize("bands", [(0.0,), (-1.0,), (float("nan"),), (float("inf"),), (True,)])
def test_a_band_that_is_none_is_refused(bands: tuple[float, ...]) -> None:
    """Multiples are above 0."""
    with pytest.raises(ValidationError, match="bands"):
        EngineRun(vwap_flow("AAPL", AS_OF, MARKET, VwapOptions(bands=bands))).start()


def test_levels_are_listed_from_the_highest_down() -> None:
    """Two trades of equal size at 10 and 12: mean 11, deviation 1."""
    stamps = [at("2026-11-18 09:30"), at("2026-11-18 09:31")]
    price = np.array([10.0, 12.0])
    run = run_on(Bars.of(stamps, price, price, price, price, [5, 5]), bands=(2.0, 0.5, 2.0))
    assert [(level.name, level.price) for level in run.levels] == [
        ("VWAP +2 SD", 13.0), ("VWAP +0.5 SD", 11.5), ("VWAP", 11.0), ("VWAP -0.5 SD", 10.5),
        ("VWAP -2 SD", 9.0),
    ]  # fmt: skip
    assert (run.price, run.vwap, run.deviation, run.bars, run.own_share) == (
        12.0,
        11.0,
        1.0,
        2,
        0.0,
    )
    assert list(run.to_frame()["price"]) == [level.price for level in run.levels]
    assert repr(run) == (
        "AAPL at Wed 2026-11-18 11:30 New York: VWAP 11.00 (SD 1.00) since Wed 2026-11-18 00:00"
    )


def test_without_volume_it_says_so() -> None:
    """Not zero."""
    for bars in (Bars.empty(), flat_bars([at("2026-11-18 08:00")], volume=0.0)):
        run = run_on(bars)
        assert (run.vwap, run.deviation, run.levels) == (None, None, ())
        assert run.notes == ("no volume since Wed 2026-11-18 00:00 New York",)
    premarket = flat_bars([at("2026-11-18 08:00")])
    assert run_on(premarket).vwap == 10.0
    assert run_on(premarket, include_extended=False).vwap is None


@pytest.mark.parametrize("anchor", ["session", "week", "2026-11-12 10:00 America/New_York"])
def test_it_is_the_vwap_of_the_complete_minutes_since_the_anchor(
    synthetic: Synthetic, market: Market, anchor: str
) -> None:
    """Of those that end at the instant or before; bars from the future change nothing."""
    moment = at("2026-11-18 11:30") + 30_000_000
    flow = vwap_flow("AAPL", moment, market, VwapOptions(anchor=anchor, include_extended=False))
    run = EngineRun(flow).start()
    (query,) = run.queries or ()
    assert query.span.start == anchor_at(anchor, moment, market)
    bars = answers(synthetic, market, lie=86_400_000_000)(query)
    run.send([bars])
    until = bars.take(bars.timestamp < at("2026-11-18 11:30"))
    alone = vwap(until, anchor=query.span.start, include_extended=False)
    assert (run.result.vwap, run.result.deviation) == (alone.last, alone.deviation)
    assert run.result.price == until.close[-1]
    assert run.result.anchor == datetime.fromtimestamp(
        query.span.start / 1e6, tz=run.result.as_of.tzinfo
    )


@given(minutes(), st.integers(0, 40))
def test_later_minutes_change_nothing(bars: Bars, cut: int) -> None:
    """As of any minute's end the run knows the minutes up to it, and no more."""
    if cut >= len(bars):
        return
    as_of = int(bars.timestamp[cut]) + 60_000_000
    assert run_on(bars, as_of).to_dict() == run_on(bars.take(slice(cut + 1)), as_of).to_dict()


@pytest.mark.realdata
def test_a_real_session(real: FlatFiles, market: Market) -> None:
    """SPY on 2013-10-10: at the close the VWAP lies inside the day's range."""
    moment = at("2013-10-10 16:00")
    flow = vwap_flow("SPY", moment, market, VwapOptions(include_extended=False))
    run = run_with(flow, answers(real, market))
    assert run.vwap is not None
    assert run.deviation is not None
    assert 166.8 < run.vwap - run.deviation < run.vwap + run.deviation < 169.3
