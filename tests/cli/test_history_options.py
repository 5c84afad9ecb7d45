"""What the options of `polytape history` mean."""

from datetime import date

import pytest

from polytape.cli.history_options import (
    chosen_series,
    days_text,
    series_of,
    span_of,
    symbols_of,
)
from polytape.errors import ValidationError
from polytape.model.market_bars import MarketBars
from polytape.model.timeframes import Series
from polytape.net.storage import open_storage
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET, day_span, flat_bars

DAY = date(2024, 7, 2)


def test_two_series_are_stored_and_the_others_made_from_them() -> None:
    """None names both."""
    assert series_of("1m") is Series.MINUTE
    assert chosen_series("daily") == [Series.DAY]
    assert chosen_series(None) == list(Series)
    for wrong in ("5min", "1week", "soon"):
        with pytest.raises(ValidationError, match=f"timeframe='{wrong}'"):
            series_of(wrong)


def test_a_span_left_open_is_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to today, from before the first bar on; both days included."""
    now = MARKET.midnight(date(2026, 11, 23)) + 1
    monkeypatch.setattr("polytape.cli.history_options.now_us", lambda: now)
    assert span_of("2024-07-02", "2024-07-03") == day_span(DAY, date(2024, 7, 3))
    assert span_of(None, None) == day_span(date(1990, 1, 1), date(2026, 11, 23))
    with pytest.raises(ValidationError, match=r"^--to=.*must not be before --from"):
        span_of("2024-07-02", "2024-07-01")
    with pytest.raises(ValidationError, match=r"^--from='2026-11-24' .*where no end is named"):
        span_of("2026-11-24", None)


def test_days_are_shown_as_the_market_counts_them() -> None:
    """A span of one day is one date."""
    assert days_text(day_span(DAY)) == "2024-07-02"
    assert days_text(day_span(DAY, date(2024, 7, 5))) == "2024-07-02 to 2024-07-05"


def test_no_symbols_are_every_symbol_of_the_store() -> None:
    """Of either series, each once; named ones are read as everywhere."""
    store = SegmentStore(open_storage("memory"), "polygon", MARKET)
    span = day_span(DAY)
    for series, symbols in ((Series.MINUTE, ("B", "A")), (Series.DAY, ("C", "A"))):
        market = MarketBars.of({symbol: flat_bars([span.start]) for symbol in symbols})
        covers = [Coverage(symbol, span, span.end, final=True) for symbol in symbols]
        store.write(series, market, covers)
    assert symbols_of(store, []) == ["A", "B", "C"]
    assert symbols_of(store, ["aapl", "BRK.B"]) == ["AAPL", "BRK.B"]
    with pytest.raises(ValidationError, match="symbol='a/b'"):
        symbols_of(store, ["a/b"])
    store.close()
