"""The session's VWAP bar by bar is the batch's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.live.vwap import LiveVwap
from polytape.engines.vwap import session_bars, vwap
from polytape.model.bar import Bar, bar_rows
from polytape.model.bars import Bars
from polytape.upstream.flatfiles.source import FlatFiles
from tests.engines.live.arrivals import arrivals, minutes, prefixes
from tests.engines.live.test_fractals import real_minutes


@given(arrivals(minutes()), st.booleans())
def test_after_each_bar_it_is_the_batchs(order: list[Bar], extended: bool) -> None:
    """To the last bit, over several sessions and in whatever order bars come."""
    live = LiveVwap(include_extended=extended)
    assert live.value is None
    for bar, bars in prefixes(order):
        live.push(bar)
        assert live.value == vwap(bars, include_extended=extended).last


@given(minutes(most=60))
def test_it_keeps_the_bars_of_one_day(bars: Bars) -> None:
    """A long life takes no more memory than a day."""
    live = LiveVwap()
    live.extend(bars)
    assert len(live) == len(session_bars(bars))
    for bar in bar_rows(bars):  # those of earlier days say nothing any more
        live.push(bar)
    assert len(live) == len(session_bars(bars))


@pytest.mark.realdata
@pytest.mark.parametrize("extended", [False, True])
def test_real_bars(real: FlatFiles, extended: bool) -> None:
    """Two days of a real symbol."""
    live, bars = LiveVwap(include_extended=extended), real_minutes(real)
    live.extend(bars)
    assert live.value == vwap(bars, include_extended=extended).last
