"""ATR against a slow twin and against TA-Lib."""

from datetime import date, timedelta

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.atr import atr, true_range
from polytape.engines.options import AtrMethod
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from tests import naive
from tests.conftest import MARKET, flat_bars
from tests.model.test_resample import rows

METHODS: tuple[AtrMethod, ...] = ("wilder", "ema", "sma")
methods = st.sampled_from(METHODS)


@st.composite
def some_bars(draw: st.DrawFn, least: int = 0) -> Bars:
    count = draw(st.integers(least, 60))
    numbers = st.lists(st.integers(100, 2_000), min_size=count, max_size=count)
    opens, closes, ups, downs = (np.array(draw(numbers), float) for _ in range(4))
    high = np.maximum(opens, closes) + ups / 10
    low = np.minimum(opens, closes) - downs / 1_000
    return Bars.of(np.arange(count), opens, high, low, closes, np.ones(count))


@given(some_bars(), st.integers(1, 20), methods)
def test_it_is_the_slow_twins(bars: Bars, period: int, method: AtrMethod) -> None:
    found = atr(bars, period=period, method=method)
    slow = [np.nan if v is None else v for v in naive.atr(rows(bars), period, method)]
    np.testing.assert_allclose(found.values, slow, rtol=1e-9)
    assert (found.last is None) == (len(bars) < found.needed)


@given(some_bars(least=2), st.integers(2, 20))
def test_wilders_is_ta_libs(bars: Bars, period: int) -> None:
    theirs = talib.ATR(bars.high, bars.low, bars.close, timeperiod=period)
    np.testing.assert_allclose(atr(bars, period=period).values, theirs, rtol=1e-12)
    np.testing.assert_allclose(
        true_range(bars)[1:], talib.TRANGE(bars.high, bars.low, bars.close)[1:]
    )


@given(some_bars(), st.integers(1, 20), methods, st.integers(0, 60))
def test_a_value_is_never_rewritten_by_later_bars(
    bars: Bars, period: int, method: AtrMethod, cut: int
) -> None:
    whole = atr(bars, period=period, method=method).values
    prefix = atr(bars.take(slice(0, cut)), period=period, method=method).values
    np.testing.assert_allclose(prefix, whole[: len(prefix)], rtol=1e-12)


@given(some_bars(), st.floats(0.01, 100), methods)
def test_scaling_prices_scales_it(bars: Bars, factor: float, method: AtrMethod) -> None:
    scaled = bars.scaled(np.full(len(bars), 1 / factor), np.ones(len(bars)))
    np.testing.assert_allclose(
        atr(scaled, method=method).values, atr(bars, method=method).values * factor, rtol=1e-9
    )


def test_equal_prices_have_no_range() -> None:
    assert atr(flat_bars(list(range(20)))).last == 0.0


def test_it_names_its_method_and_what_it_needs() -> None:
    assert repr(atr(flat_bars([1, 2]))) == "ATR(14, wilder): needs 15 bars"
    assert repr(atr(flat_bars(list(range(20))), method="sma")) == "ATR(14, sma) = 0.0000"


@pytest.mark.parametrize("options", [{"period": 0}, {"period": 1.5}, {"method": "rma"}])
def test_a_wrong_parameter_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        atr(flat_bars([1]), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [("close", np.nan, "finite"), ("high", np.inf, "finite"), ("low", -1.0, "above 0"),
     ("high", 1.0, "high not below low"), ("timestamp", 1, "each start later"),
     ("volume", -1.0, "finite volume"), ("volume", np.nan, "finite volume")],
)  # fmt: skip
def test_bad_bars_are_refused_with_their_row(name: str, value: float, named: str) -> None:
    bars = flat_bars([1, 2, 3])
    getattr(bars, name)[1] = value
    with pytest.raises(ValidationError, match=named) as caught:
        atr(bars)
    assert caught.value.param == "bars[1]"


def test_it_says_which_days_it_runs_over() -> None:
    """The value stays what the bars give; weeks and months have no days to miss."""
    days = [date(2024, 3, 1) + timedelta(days=n) for n in range(30)]
    days = [day for day in days if MARKET.session(day) and day != date(2024, 3, 13)]
    bars = flat_bars([MARKET.midnight(day) for day in days])
    found = atr(bars, market=MARKET)
    assert found.notes == ("no bar of 2024-03-13: the range runs over the hole",)
    assert found.last == 0.0
    assert repr(found).endswith("= 0.0000; no bar of 2024-03-13: the range runs over the hole")
    assert atr(bars.take(slice(8, None))).notes == ()
