"""Adjustment on reading."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.query import series_query
from polytape.model.splits import RefusedSplit, Split, SplitVerdict, adjust, check_split
from polytape.model.timeframes import Series
from polytape.upstream.flatfiles.source import FlatFiles
from tests.conftest import MARKET, day_span, flat_bars

TODAY = date(2024, 1, 1)
ratios = st.sampled_from([(1.0, 2.0), (1.0, 7.0), (10.0, 1.0), (2.0, 3.0)])
tables = st.lists(
    st.tuples(st.dates(date(2023, 1, 1), date(2024, 6, 1)), ratios).map(
        lambda row: Split(row[0], "X", *row[1])
    ),
    max_size=4,
    unique_by=lambda split: split.execution_date,
)


@given(tables, st.lists(st.dates(date(2022, 12, 1), date(2023, 12, 31)), max_size=8, unique=True))
def test_a_bar_is_divided_by_every_split_after_it_and_up_to_today(
    splits: list[Split], days: list[date]
) -> None:
    bars = flat_bars([MARKET.midnight(day) for day in sorted(days)], price=100.0, volume=50.0)
    adjusted = adjust(bars, splits, TODAY, MARKET)
    for at, day in enumerate(sorted(days)):
        factor = 1.0
        for split in splits:
            if day < split.execution_date <= TODAY:
                factor *= split.split_to / split.split_from
        assert adjusted.close[at] == pytest.approx(100.0 / factor)
        assert adjusted.volume[at] == pytest.approx(50.0 * factor)


@given(tables)
def test_money_traded_does_not_change(splits: list[Split]) -> None:
    bars = flat_bars([MARKET.midnight(date(2023, month, 5)) for month in range(1, 13)])
    adjusted = adjust(bars, splits, TODAY, MARKET)
    np.testing.assert_allclose(adjusted.close * adjusted.volume, bars.close * bars.volume)


def test_the_execution_day_trades_at_the_new_price() -> None:
    split = Split(date(2023, 6, 9), "X", 1, 7)
    bars = flat_bars(
        [MARKET.midnight(date(2023, 6, 9)) - 1, MARKET.midnight(date(2023, 6, 9))], price=70.0
    )
    assert adjust(bars, [split], TODAY, MARKET).close.tolist() == [10.0, 70.0]


def test_a_row_that_says_the_same_twice_counts_once_and_a_future_one_not_at_all() -> None:
    split, future = Split(date(2023, 6, 9), "X", 1, 7), Split(date(2024, 1, 2), "X", 1, 2)
    bars = flat_bars([MARKET.midnight(date(2023, 6, 8))], price=70.0)
    assert adjust(bars, [split, split, future], TODAY, MARKET).close.tolist() == [10.0]


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf")])
def test_a_split_of_no_shares_is_refused(bad: float) -> None:
    with pytest.raises(ValidationError):
        Split(TODAY, "X", 1, bad)


@pytest.mark.parametrize(("old", "new"), [(1, 1e8), (1e8, 1), (5e-324, 1e308), (1e308, 5e-324)])
def test_a_ratio_beyond_all_bounds_is_refused(old: float, new: float) -> None:
    """It would overflow, or be 0; one of 2,000,000 to 1 was seen."""
    with pytest.raises(ValidationError, match="a ratio of at most 10,000,000 to 1"):
        Split(TODAY, "X", old, new)
    assert Split(TODAY, "X", 2_000_000, 1).ratio == 5e-7


@pytest.mark.parametrize("day", [date.min, date.max, date(1899, 12, 31), date(2101, 1, 1)])
def test_a_day_of_no_year_that_splits_are_of_is_refused(day: date) -> None:
    with pytest.raises(ValidationError, match="a day of 1900 to 2100"):
        Split(day, "X", 1, 2)


@pytest.mark.parametrize("price", [0.0, -1.0, np.nan, np.inf])
def test_prices_that_are_none_tell_nothing_of_a_split(price: float) -> None:
    """A store that was filled by others may have one."""
    split = Split(date(2023, 6, 9), "X", 1, 7)
    for before, after in ((price, 10.0), (70.0, price)):
        days = flat_bars([MARKET.midnight(date(2023, 6, 8)), MARKET.midnight(date(2023, 6, 9))])
        days.close[0], days.open[1] = before, after
        assert check_split(split, days, MARKET).verdict is SplitVerdict.UNKNOWN


def test_a_refused_record_touches_what_its_split_would_have() -> None:
    """Bars before its day, once it has come; without a day, all of them."""
    first = date(2023, 6, 1)
    for day, touches in ((date(2023, 6, 2), True), (first, False), (date(2024, 1, 2), False),
                         (None, True)):  # fmt: skip
        record = RefusedSplit("X", day, "0-for-1", "why")
        assert record.touches(first, TODAY) is touches
    assert str(record) == "a record of splits was refused, and is not applied: X 0-for-1 (why)"


@pytest.mark.realdata
def test_apple_is_whole_across_its_split(real: FlatFiles) -> None:
    bars = real.bars(
        series_query("AAPL", Series.DAY, day_span(date(2014, 6, 2), date(2014, 6, 20)))
    ).bars
    traded = np.abs(np.diff(np.log(bars.close)))
    assert traded.max() > 1.9  # ln 7: the fall that is none
    split = Split(date(2014, 6, 9), "AAPL", 1, 7)
    adjusted = adjust(bars, [split], date(2026, 1, 1), MARKET)
    assert np.abs(np.diff(np.log(adjusted.close))).max() < 0.03


def around(before: float, after: float) -> Bars:
    """The last day before 2023-06-09 and that day, as traded."""
    days = [MARKET.midnight(date(2023, 6, 8)), MARKET.midnight(date(2023, 6, 9))]
    return Bars.concat([flat_bars(days[:1], before), flat_bars(days[1:], after)])


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (70.0, 10.0, SplitVerdict.CONFIRMED),
        (70.0, 11.5, SplitVerdict.CONFIRMED),  # the night moved it as well
        (70.0, 16.0, SplitVerdict.ROUGH),
        (70.0, 70.0, SplitVerdict.CONTRADICTED),
        (70.0, 490.0, SplitVerdict.CONTRADICTED),  # the table has it the wrong way round
        (70.0, 35.0, SplitVerdict.CONTRADICTED),
    ],
)
def test_prices_tell_whether_a_split_took_place(
    before: float, after: float, verdict: SplitVerdict
) -> None:
    check = check_split(Split(date(2023, 6, 9), "X", 1, 7), around(before, after), MARKET)
    assert (check.verdict, check.before, check.after) == (verdict, before, after)
    assert check.doubtful == (verdict is not SplitVerdict.CONFIRMED)
    line = f"7-for-1 on 2023-06-09: {verdict.value} ({before:g} before, {after:g} after)"
    assert line in str(check)


def test_without_prices_on_both_sides_or_with_a_small_ratio_nobody_can_tell() -> None:
    split = Split(date(2023, 6, 9), "X", 1, 7)
    days = around(70.0, 70.0)
    for part in (days.take(slice(1)), days.last(1), Bars.empty()):
        check = check_split(split, part, MARKET)
        assert (check.verdict, check.doubtful) == (SplitVerdict.UNKNOWN, False)
    far = Split(date(2023, 7, 9), "X", 1, 7)
    assert check_split(far, days, MARKET).verdict is SplitVerdict.UNKNOWN
    small = Split(date(2023, 6, 9), "X", 20, 21)
    assert check_split(small, days, MARKET).verdict is SplitVerdict.UNKNOWN
