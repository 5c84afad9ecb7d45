"""Swings bar by bar are the batch's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.fractals import fractals
from polytape.engines.live.fractals import LiveFractals
from polytape.errors import ValidationError
from polytape.model.bar import Bar, bar_rows
from polytape.model.bars import Bars
from polytape.model.resample import resample
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.upstream.flatfiles.source import FlatFiles
from tests.conftest import MARKET
from tests.engines.bars import walks
from tests.engines.live.arrivals import arrivals, minutes, prefixes

options = st.fixed_dictionaries(
    {
        "fractal_length": st.sampled_from([3, 5, 7]),
        "min_atr_distance": st.sampled_from([0.0, 0.5, 1.0, 2.0]),
        "atr_period": st.integers(1, 6),
        "atr_method": st.sampled_from(["wilder", "ema", "sma"]),
        "check_price_overlap": st.booleans(),
        "timeframe": st.sampled_from(["1min", "15min", "1day", "1month"]),
    }
)


@given(st.one_of(arrivals(walks(most=60)), arrivals(minutes())), options)
def test_after_each_bar_they_are_the_batchs(order: list[Bar], options: dict[str, object]) -> None:
    """Swings, settled or not, structure and counts, in whatever order bars come."""
    live = LiveFractals(**options)  # type: ignore[arg-type]
    for bar, bars in prefixes(order):
        live.push(bar)
        assert live.value == fractals(bars, **options)  # type: ignore[arg-type]


@given(walks(least=60), st.booleans())
def test_they_are_the_batchs_with_the_defaults(bars: Bars, apart: bool) -> None:
    """Of many bars, too."""
    live = LiveFractals(check_price_overlap=apart)
    assert live.value == fractals(Bars.empty())
    live.extend(bars)
    assert live.value == fractals(bars, check_price_overlap=apart)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"fractal_length": 4}, "fractal_length"), ({"min_atr_distance": -1}, "min_atr_distance"),
     ({"atr_period": 0}, "period"), ({"timeframe": "7min"}, "timeframe")],
)  # fmt: skip
def test_a_wrong_parameter_is_refused(wrong: dict[str, object], named: str) -> None:
    """As by the batch."""
    with pytest.raises(ValidationError, match=named):
        LiveFractals(**wrong)  # type: ignore[arg-type]


@pytest.mark.realdata
def test_real_bars(real: FlatFiles) -> None:
    """A week of a real symbol, the forming bar pushed again with each of its minutes."""
    bars = real_minutes(real)
    live = LiveFractals()
    for count in range(1, len(bars) + 1):
        known = bars.take(slice(count))
        (newest,) = bar_rows(resample(known, Timeframe.MIN_15, market=MARKET).last(1))
        live.push(newest)
    batch = fractals(resample(bars, Timeframe.MIN_15, market=MARKET))
    assert len(batch.swings) > 2
    assert live.value == batch


def real_minutes(real: FlatFiles, symbol: str = "SPY") -> Bars:
    """Two days of minutes."""
    from polytape.model.instants import parse_span
    from polytape.model.query import series_query
    from polytape.model.timeframes import Series

    span: Span = parse_span("2013-10-10", "2013-10-11", MARKET)
    return real.bars(series_query(symbol, Series.MINUTE, span)).bars
