"""One bar, and bars in columns."""

from hypothesis import given

from polytape.model.bar import Bar, bar_rows, bars_from
from polytape.model.bars import Bars
from tests.model.test_resample import minutes


@given(minutes())
def test_bars_one_by_one_are_the_same_bars(bars: Bars) -> None:
    """To the last bit, unknown transactions too."""
    rows = list(bar_rows(bars))
    assert len(rows) == len(bars)
    assert bars_from(rows).same(bars)


def test_no_bars_are_no_columns_of_nothing() -> None:
    """They keep their types."""
    assert bars_from([]).same(Bars.empty())
    assert list(bar_rows(Bars.empty())) == []


def test_what_is_unknown_may_be_left_out() -> None:
    """Vwap and transactions are NaN then, in columns as well."""
    bars = bars_from([Bar(60, 1.0, 1.0, 1.0, 1.0, 5.0)])
    assert bars.same(Bars.of([60], [1], [1], [1], [1], [5]))
