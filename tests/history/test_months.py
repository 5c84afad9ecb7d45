"""Coverage counted in trading days, month by month."""

from datetime import date

from polytape.history.months import MonthCoverage, month_coverage
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET, day_span
from tests.store.bars import memory, some_bars, write

SUMMER = Span(day_span(date(2024, 6, 1)).start, day_span(date(2024, 7, 10)).start)


def test_days_are_held_whole_or_in_part_and_final_or_not() -> None:
    """Weekends and holidays count for nothing; a day that stops at noon is stored in part."""
    store = SegmentStore(memory(), "test", MARKET)
    write(store, "A", some_bars([]), day_span(date(2024, 6, 27), date(2024, 7, 5)), 1)
    write(store, "A", some_bars([]), day_span(date(2024, 7, 8)), 2, final=False)
    noon = Span(day_span(date(2024, 7, 9)).start, MARKET.session(date(2024, 7, 9)).open + 1)  # type: ignore[union-attr]
    write(store, "A", some_bars([]), noon, 3, final=False)
    june, july = month_coverage(store, "A", Series.MINUTE, SUMMER, MARKET)
    assert june == MonthCoverage("2024-06", days=19, stored=2, final=2, partial=0)
    assert july == MonthCoverage("2024-07", days=6, stored=5, final=4, partial=1)


def test_the_day_that_still_trades_is_not_counted() -> None:
    """It could not be whole. Nothing stored is nothing stored."""
    store = SegmentStore(memory(), "test", MARKET)
    day = MARKET.session(date(2024, 7, 2))
    assert day is not None
    span = Span(day_span(date(2024, 7, 1)).start, day.open + 1)
    (july,) = month_coverage(store, "A", Series.DAY, span, MARKET)
    assert july == MonthCoverage("2024-07", days=1, stored=0, final=0, partial=0)


def test_daily_bars_stand_at_midnight() -> None:
    """Coverage of the day's first instant is coverage of its bar."""
    store = SegmentStore(memory(), "test", MARKET)
    write(store, "A", some_bars([]), day_span(date(2024, 7, 2)), 1, series=Series.DAY)
    _, july = month_coverage(store, "A", Series.DAY, SUMMER, MARKET)
    assert (july.stored, july.final) == (1, 1)
