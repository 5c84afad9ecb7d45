"""A day of every symbol, where one answer covered the whole market."""

from datetime import date

from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.store.compact import compact_all, forget
from polytape.store.market_day import market_day
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET, day_span
from tests.store.bars import HOUR, memory, some_bars, write, write_market

DAY = day_span(date(2024, 7, 2))
HOURS = [DAY.start + n * HOUR for n in range(24)]


def store_with_a_day() -> SegmentStore:
    store = SegmentStore(memory(), "test", MARKET)
    write_market(store, {"A": some_bars(HOURS), "B": some_bars(HOURS[:3])}, DAY, 1)
    return store


def test_a_day_that_was_fetched_as_a_whole_is_every_symbols() -> None:
    store = store_with_a_day()
    market = market_day(store, Series.MINUTE, DAY)
    assert market is not None
    assert list(market.places) == ["A", "B"]
    assert market.of_symbol("A").same(some_bars(HOURS))
    assert market.of_symbol("B").same(some_bars(HOURS[:3]))


def test_a_part_of_the_day_is_cut_out() -> None:
    morning = Span(HOURS[2], HOURS[5])
    market = market_day(store_with_a_day(), Series.MINUTE, morning)
    assert market is not None
    assert market.of_symbol("A").timestamp.tolist() == HOURS[2:5]
    assert market.of_symbol("B").timestamp.tolist() == HOURS[2:3]


def test_single_symbols_fetched_later_have_the_last_word() -> None:
    store = store_with_a_day()
    write(store, "B", some_bars(HOURS[5:6], 99.0), Span(HOURS[2], HOURS[9]), 2)
    write(store, "C", some_bars(HOURS[:1], 5.0), DAY, 2)
    write(store, "A", some_bars([], 5.0), Span(HOURS[0], HOURS[1]), 2)
    for _ in range(2):
        market = market_day(store, Series.MINUTE, DAY)
        assert market is not None
        assert market.of_symbol("A").timestamp.tolist() == HOURS[1:]
        assert market.of_symbol("B").timestamp.tolist() == [*HOURS[:2], HOURS[5]]
        assert market.of_symbol("C").close.tolist() == [5.0]
        for symbol in ("A", "B", "C"):
            read = store.read(symbol, Series.MINUTE, DAY)
            assert market.of_symbol(symbol).same(read)
        compact_all(store)


def test_a_symbol_that_was_forgotten_is_not_of_the_day() -> None:
    store = store_with_a_day()
    forget(store, "B", Series.MINUTE, DAY)
    market = market_day(store, Series.MINUTE, DAY)
    assert market is not None
    assert list(market.places) == ["A"]


def test_a_day_that_was_not_fetched_as_a_whole_or_is_not_final_is_none() -> None:
    store = SegmentStore(memory(), "test", MARKET)
    assert market_day(store, Series.MINUTE, DAY) is None
    write(store, "A", some_bars(HOURS), DAY, 1)
    assert market_day(store, Series.MINUTE, DAY) is None
    write_market(store, {"A": some_bars(HOURS)}, DAY, 2, final=False)
    assert market_day(store, Series.MINUTE, DAY) is None
    write_market(store, {"A": some_bars(HOURS)}, Span(HOURS[0], HOURS[20]), 3)
    assert market_day(store, Series.MINUTE, DAY) is None
    assert market_day(store, Series.DAY, DAY) is None
    write_market(store, {"A": some_bars(HOURS)}, Span(HOURS[20], DAY.end), 4)
    market = market_day(store, Series.MINUTE, DAY)
    assert market is not None
    assert market.of_symbol("A").same(store.read("A", Series.MINUTE, DAY))


def test_a_day_without_a_bar_is_known_to_be_empty() -> None:
    store = SegmentStore(memory(), "test", MARKET)
    write_market(store, {}, DAY, 1)
    market = market_day(store, Series.MINUTE, DAY)
    assert market is not None
    assert len(market) == 0
