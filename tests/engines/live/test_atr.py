"""ATR bar by bar is the batch's, to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.atr import BLOCK, atr
from polytape.engines.live.atr import LiveAtr
from polytape.engines.options import AtrMethod
from polytape.errors import ValidationError
from polytape.model.bar import Bar
from tests.conftest import flat_bars
from tests.engines.bars import walks
from tests.engines.live.arrivals import arrivals, minutes, prefixes
from tests.engines.test_atr import METHODS, methods


@given(arrivals(minutes()), st.integers(1, 20), methods)
def test_after_each_bar_it_is_the_batchs(order: list[Bar], period: int, method: AtrMethod) -> None:
    """In whatever order bars come, and come again."""
    live = LiveAtr(period=period, method=method)
    for bar, bars in prefixes(order):
        live.push(bar)
        assert live.value == atr(bars, period=period, method=method).last


@pytest.mark.parametrize("method", METHODS)
@given(bars=walks(least=2 * BLOCK, most=4 * BLOCK), period=st.integers(1, 40))
def test_it_is_the_batchs_at_every_bar_over_many_blocks(
    method: AtrMethod, bars: object, period: int
) -> None:
    """The batch sums in blocks: so does this."""
    live = LiveAtr(period=period, method=method)
    live.extend(bars)
    batch = atr(bars, period=period, method=method)
    values = [live.at(place) for place in range(len(live))]
    assert values[:period] == [None] * min(period, len(live))
    assert values[period:] == batch.values[period:].tolist()
    assert live.needed == batch.needed


def test_without_bars_there_is_none() -> None:
    """And one bar is too few."""
    live = LiveAtr(period=1)
    assert live.value is None
    live.extend(flat_bars([1]))
    assert live.value is None
    live.extend(flat_bars([2]))
    assert live.value == 0.0


def test_the_defaults_are_the_batchs() -> None:
    """Wilder's 14."""
    bars = flat_bars(list(range(30)))
    bars.high[:] = 11.0 + np.arange(30) % 7
    live = LiveAtr()
    live.extend(bars)
    assert live.value == atr(bars).last
    assert live.needed == atr(bars).needed


@pytest.mark.parametrize("options", [{"period": 0}, {"method": "rma"}])
def test_a_wrong_parameter_is_refused(options: dict[str, object]) -> None:
    """As by the batch."""
    with pytest.raises(ValidationError):
        LiveAtr(**options)  # type: ignore[arg-type]
