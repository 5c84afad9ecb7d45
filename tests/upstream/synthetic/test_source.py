"""The made-up market: the same query has the same answer, and it behaves like a market."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polytape.errors import NotFoundError
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.quality import check
from polytape.model.query import series_query
from polytape.model.resample import days_from_minutes
from polytape.model.spans import Span
from polytape.model.splits import Split, adjust
from polytape.model.timeframes import Series, Timeframe
from polytape.model.units import MINUTE_US
from polytape.upstream.synthetic.listing import listing
from polytape.upstream.synthetic.source import AT_ONCE, Synthetic
from tests.conftest import MARKET, NOW, day_span

SYMBOLS = ["AAPL", "SPY", "BRK.B", "KIMpL", *list(listing())[100:8_000:1_900]]
starts = st.integers(MARKET.midnight(date(2005, 1, 1)), MARKET.midnight(date(2026, 1, 1)))
series = st.sampled_from(list(Series))


@settings(max_examples=30)
@given(st.sampled_from(SYMBOLS), starts, st.integers(1, 40), st.integers(0, 100), series)
def test_any_range_in_any_order_gives_the_same_bars(
    synthetic: Synthetic, symbol: str, start: int, days: int, cut: int, kind: Series
) -> None:
    end = start + days * 86_400_000_000
    middle = start + (end - start) * cut // 100
    later = synthetic.bars(series_query(symbol, kind, Span(middle, end))).bars
    earlier = synthetic.bars(series_query(symbol, kind, Span(start, middle))).bars
    whole = synthetic.bars(series_query(symbol, kind, Span(start, end))).bars
    assert whole.same(Bars.concat([earlier, later]))


def test_another_seed_is_another_market(market: Market, synthetic: Synthetic) -> None:
    query = series_query("SPY", Series.MINUTE, day_span(date(2024, 7, 2)))
    other = Synthetic(market, lambda: NOW, seed=1)
    assert not np.array_equal(other.bars(query).bars.close, synthetic.bars(query).bars.close)


def test_its_prices_are_those_of_every_version(synthetic: Synthetic) -> None:
    """A store of made-up bars still opens, and what is added to it fits."""
    days = synthetic.bars(series_query("AAPL", Series.DAY, day_span(date(2024, 7, 2)))).bars
    columns = {name: column.tolist() for name, column in days.columns().items()}
    assert columns == {
        "timestamp": [1_719_892_800_000_000], "open": [241.31], "high": [247.28], "low": [240.91],
        "close": [246.09], "volume": [54_500_692], "vwap": [243.8269], "transactions": [608_407],
    }  # fmt: skip
    assert synthetic.splits("AAPL") == (Split(date(2017, 3, 24), "AAPL", 1.0, 3.0),)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_its_bars_are_sound_and_inside_the_sessions(
    market: Market, synthetic: Synthetic, symbol: str
) -> None:
    span = day_span(date(2024, 11, 18), date(2024, 12, 6))  # with an early close
    bars = synthetic.bars(series_query(symbol, Series.MINUTE, span)).bars
    assert market.extended(bars.timestamp).all()
    report = check(bars, Timeframe.MIN_1, span, market=market)
    assert report.counts() == {}
    assert {g.cause for g in report.gaps} >= {"exchange holiday", "early close"}


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_days_follow_from_minutes_as_the_vendors_do(
    market: Market, synthetic: Synthetic, symbol: str
) -> None:
    span = day_span(date(2024, 11, 18), date(2024, 12, 6))
    days = synthetic.bars(series_query(symbol, Series.DAY, span)).bars
    made = days_from_minutes(synthetic.bars(series_query(symbol, Series.MINUTE, span)).bars, market)
    assert len(days) == 14
    for name in ("timestamp", "open", "high", "low", "close"):
        assert np.array_equal(getattr(days, name), getattr(made, name))
    assert (days.volume > made.volume).all()


def test_volume_is_u_shaped_and_extended_hours_are_thin(
    market: Market, synthetic: Synthetic
) -> None:
    span = day_span(date(2024, 5, 1), date(2024, 5, 31))
    bars = synthetic.bars(series_query("SPY", Series.MINUTE, span)).bars
    at = market.session_index(bars.timestamp)
    minute = (bars.timestamp - market.opens[at]) // MINUTE_US
    mean = {
        name: bars.volume[(minute >= lo) & (minute < hi)].mean()
        for name, (lo, hi) in {
            "open": (0, 30), "noon": (180, 210), "close": (360, 390), "pre": (-330, 0)
        }.items()
    }  # fmt: skip
    assert mean["open"] > 2 * mean["noon"] < mean["close"]
    assert mean["pre"] < mean["noon"] / 4


def test_there_are_splits_and_adjusted_prices_are_whole_across_them(synthetic: Synthetic) -> None:
    today = date(2026, 11, 23)
    checked = 0
    for symbol in list(listing())[:200]:
        for split in (synthetic.splits(symbol) or ())[:1]:
            if split.execution_date >= today:
                continue
            near = timedelta(days=10)
            span = day_span(split.execution_date - near, split.execution_date + near)
            days = synthetic.bars(series_query(symbol, Series.DAY, span)).bars
            traded = np.abs(np.diff(np.log(days.close))).max()
            whole = np.abs(np.diff(np.log(adjust(days, [split], today, MARKET).close))).max()
            assert traded > 0.5 > whole
            checked += 1
    assert checked > 5


def test_no_bar_is_from_the_future(market: Market) -> None:
    now = parse_instant("2024-07-02 10:07:30 America/New_York", "now", MARKET)
    source = Synthetic(market, lambda: now)
    span = day_span(date(2024, 7, 1), date(2024, 7, 5))
    bars = source.bars(series_query("SPY", Series.MINUTE, span)).bars
    assert bars.timestamp[-1] + MINUTE_US <= now < bars.timestamp[-1] + 2 * MINUTE_US
    assert source.last_bar("SPY").same(bars.last(1))
    days = source.bars(series_query("SPY", Series.DAY, span)).bars
    assert len(days) == 2
    assert days.close[-1] == bars.close[-1]


def test_the_listing_has_about_eight_thousand_names_to_find(synthetic: Synthetic) -> None:
    infos = listing().values()
    assert len(infos) == 8_000
    assert all(info.name and info.exchange and info.type for info in infos)
    assert [i.symbol for i in synthetic.search("aapl", active_only=True)][:1] == ["AAPL"]
    banks = synthetic.search("bancorp", active_only=True)
    assert len(banks) > 20
    assert all(info.active for info in banks)
    assert len(synthetic.search("bancorp", active_only=False)) > len(banks)


def test_an_unknown_symbol_is_not_found(synthetic: Synthetic) -> None:
    query = series_query("ZZZZZZ", Series.DAY, day_span(date(2024, 7, 2)))
    for ask in (lambda: synthetic.bars(query), lambda: synthetic.splits("?")):
        with pytest.raises(NotFoundError):
            ask()
    assert synthetic.find("ZZZZZZ") is None


def test_few_threads_make_prices_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """More would make no more of them, and keep a gateway's loop waiting; each gets its turn."""
    source = Synthetic(MARKET, lambda: NOW)
    inside, most, lock, full = [0], [0], threading.Lock(), threading.Barrier(AT_ONCE)

    def chunks(*_: object) -> Iterator[Bars]:
        for number in range(3):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            if number == 0:
                full.wait(10)  # as many as may be at work are: nobody else comes in
            with lock:
                inside[0] -= 1
            yield Bars.empty()

    monkeypatch.setattr(source._bars, "chunks", chunks)
    query = series_query("AAPL", Series.MINUTE, day_span(date(2024, 7, 2)))
    with ThreadPoolExecutor(4 * AT_ONCE) as pool:
        list(pool.map(source.bars, [query] * (4 * AT_ONCE)))
    assert most[0] == AT_ONCE
