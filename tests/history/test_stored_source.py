"""A store as a source: what it covers, what it lacks, and nothing after its end."""

from datetime import date

import pytest

from polytape.errors import NotFoundError
from polytape.history.stored_source import StoredSource
from polytape.model.query import series_query
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET, NOW, day_span, flat_bars
from tests.store.bars import memory, write, write_market

DAY, NEXT = date(2024, 7, 2), date(2024, 7, 3)
OPEN = MARKET.midnight(DAY) + (9 * 60 + 30) * MINUTE_US
END = day_span(DAY).end


@pytest.fixture
def store() -> SegmentStore:
    """AAPL and SPY on two days, MSFT on the second one alone."""
    made = SegmentStore(memory(), "polygon", MARKET)
    bars = flat_bars([OPEN, OPEN + MINUTE_US, END + (OPEN - day_span(DAY).start)])
    for symbol in ("AAPL", "SPY"):
        write(made, symbol, bars, day_span(DAY, NEXT), NOW)
    write(made, "MSFT", bars.last(1), day_span(NEXT), NOW)
    return made


def test_bars_are_the_stores_up_to_the_end(store: SegmentStore) -> None:
    """What is not covered is missing; closed days are not."""
    source = StoredSource(store, MARKET, END)
    answer = source.bars(series_query("AAPL", Series.MINUTE, day_span(date(2024, 6, 28), NEXT)))
    assert answer.bars.timestamp.tolist() == [OPEN, OPEN + MINUTE_US]
    assert answer.missing == (Span(day_span(date(2024, 6, 28)).start, day_span(DAY).start),)
    assert source.missing("AAPL", day_span(DAY)).spans == ()
    assert source.missing("MSFT", day_span(DAY)).spans == (day_span(DAY),)
    assert source.last_bar("AAPL").timestamp.tolist() == [OPEN + MINUTE_US]
    assert source.earliest() == 0


def test_a_day_without_an_official_bar_is_made_from_minutes(store: SegmentStore) -> None:
    """And the source does not vouch for it."""
    source = StoredSource(store, MARKET, END)
    answer = source.bars(series_query("AAPL", Series.DAY, day_span(DAY)))
    assert (len(answer.bars), answer.provisional) == (1, (day_span(DAY),))
    assert "made from minutes" in answer.notes[0]


def test_a_symbol_of_later_days_is_not_there_yet(store: SegmentStore) -> None:
    """Neither by its name nor in a search."""
    source = StoredSource(store, MARKET, END)
    assert source.find("MSFT") is None
    assert source.find("AAPL") is not None
    assert [info.symbol for info in source.search("S", active_only=True)] == ["SPY"]
    with pytest.raises(NotFoundError, match="MSFT"):
        source.bars(series_query("MSFT", Series.MINUTE, day_span(DAY)))
    later = StoredSource(store, MARKET, day_span(NEXT).end)
    assert {i.symbol for i in later.search("S", active_only=True)} == {"SPY", "MSFT"}
    assert source.symbols_in(day_span(DAY)) == ["AAPL", "SPY"]
    assert later.symbols_in(day_span(NEXT)) == ["AAPL", "MSFT", "SPY"]


def test_whole_days_are_those_of_the_whole_market(store: SegmentStore) -> None:
    """And none after the end."""
    midnights = [day_span(DAY).start, day_span(NEXT).start]
    parts = {"AAPL": flat_bars(midnights)}
    write_market(store, parts, day_span(DAY, NEXT), NOW, series=Series.DAY)
    source = StoredSource(store, MARKET, END)
    upstream = source.upstream()
    assert upstream.days is source
    market = source.market_day(Series.DAY, DAY)
    assert market is not None
    assert list(market.places) == ["AAPL"]
    assert (source.has_day(Series.DAY, DAY), source.has_day(Series.DAY, NEXT)) == (True, False)
    assert not source.has_day(Series.MINUTE, DAY)
    assert upstream.whole_days is None
    assert source.replaced(Series.DAY, [DAY]) == []


def test_splits_are_as_listed(store: SegmentStore) -> None:
    """Those of an imported table are not checked against prices."""
    source = StoredSource(store, MARKET, END)
    assert (source.splits("AAPL"), source.checks_splits) == (None, True)
    split = Split(NEXT, "AAPL", 1, 2)
    Reference(store.storage).put_splits([split], NOW)
    source = StoredSource(store, MARKET, END)
    assert (source.cached_splits("AAPL"), source.checks_splits) == ((split,), False)
    assert (source.upstream().name, source.upstream().made_up) == ("polygon", False)
