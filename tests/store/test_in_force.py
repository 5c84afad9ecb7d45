"""Which rows are in force where several segments speak of the same spans."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.store.coverage import Coverage
from polytape.store.footer import Segment
from polytape.store.in_force import RowsInForce, bars_inside, named_symbols, spans_in_force
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.store.bars import DAY, FIRST, HOUR, WEEK, memory, some_bars, write, write_market


def test_the_symbols_that_coverage_names_are_known() -> None:
    store = SegmentStore(memory(), "test", MARKET)
    day = Span(FIRST, FIRST + DAY)
    whole = Coverage(None, day, 1, final=True, excluded_symbols=frozenset("B"))
    store.write(Series.MINUTE, MarketBars.of({"A": some_bars([FIRST])}), [whole])
    write(store, "C", some_bars([FIRST]), day, 2)
    (folder,) = store.catalog.folders(Series.MINUTE)
    segments = store.catalog.segments(folder)
    assert named_symbols(segments) == {"B", "C"}
    market, single = segments
    assert spans_in_force(segments, None, WEEK) == {market.name: SpanSet((day,))}
    assert spans_in_force(segments, "B", WEEK) == {}
    assert spans_in_force(segments, "C", WEEK) == {single.name: SpanSet((day,))}


def segment_of(store: SegmentStore, number: int) -> Segment:
    (folder,) = store.catalog.folders(Series.MINUTE)
    return store.catalog.segments(folder)[number]


def test_rows_that_were_fetched_anew_since_are_left_out() -> None:
    store = SegmentStore(memory(), "test", MARKET)
    day, hours = Span(FIRST, FIRST + DAY), [FIRST + n * HOUR for n in range(24)]
    old, new = some_bars(hours, 100.0), some_bars(hours[2:4], 7.0)
    write_market(store, {"A": old, "B": old}, day, 1)
    write(store, "A", new, Span(hours[2], hours[5]), 2)
    market, single = segment_of(store, 0), segment_of(store, 1)
    rows = [(market, "A", old), (market, "B", old), (single, "A", new)]
    for order in (rows, rows[::-1]):
        in_force = RowsInForce([market, single], day).market(order)
        assert in_force.of_symbol("B").same(old)
        mine = in_force.of_symbol("A")
        assert mine.timestamp.tolist() == [*hours[:4], *hours[5:]]
        assert mine.close.tolist()[2:4] == new.close.tolist()
        assert mine.same(store.read("A", Series.MINUTE, day))
    morning = RowsInForce([market, single], Span(hours[0], hours[3])).market(rows)
    assert morning.of_symbol("A").timestamp.tolist() == hours[:3]


@given(
    st.lists(st.integers(0, 40), unique=True).map(sorted),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=5),
)
def test_the_bars_inside_some_spans_are_those_that_start_in_one(
    stamps: list[int], edges: list[tuple[int, int]]
) -> None:
    inside = SpanSet.of(Span(start, start + length) for start, length in edges)
    bars = bars_inside(some_bars(stamps), inside)
    wanted = [at for at in stamps if any(at in span for span in inside)]
    assert bars.timestamp.tolist() == wanted
    assert np.array_equal(bars.close, some_bars(stamps).close[np.isin(stamps, wanted)])
