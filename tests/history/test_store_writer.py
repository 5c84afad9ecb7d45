"""Fetched bars into the store: what they cover, up to the fetch, and whether that is final."""

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.history.store_writer import StoreWriter
from polytape.model.market_bars import MarketBars
from polytape.model.query import series_query
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.model.units import HOUR_US
from polytape.store.segments import SegmentStore
from polytape.upstream.source import SourceBars
from tests.conftest import MARKET, day_span
from tests.history.scene import JULY, at
from tests.store.bars import memory, some_bars

WEEK = day_span(JULY[0], JULY[4])
HOURS = list(range(WEEK.start, WEEK.end, HOUR_US))


@pytest.fixture
def store() -> Iterator[SegmentStore]:
    made = SegmentStore(memory(), "test", MARKET)
    yield made
    made.close()


def covered(store: SegmentStore, symbol: str = "A") -> list[tuple[Span, bool]]:
    slices = store.coverage(symbol, Series.MINUTE)
    return [(part.span, part.coverage.final) for part in slices]


def test_only_what_was_past_at_the_fetch_is_covered_and_what_is_final_says_so(
    store: SegmentStore,
) -> None:
    writer = StoreWriter(store, MARKET)
    fetched_at = at("2024-07-03 12:00")  # from 11:00 on the day before is final
    writer.store_answer(
        series_query("A", Series.MINUTE, WEEK), SourceBars(some_bars(HOURS)), fetched_at
    )
    final = Span(WEEK.start, MARKET.midnight(JULY[2]))
    assert covered(store) == [(final, True), (Span(final.end, fetched_at), False)]
    stamps = store.read("A", Series.MINUTE, WEEK).timestamp.tolist()
    assert stamps == [at for at in HOURS if at < fetched_at]
    assert {part.coverage.fetched_at for part in store.coverage("A", Series.MINUTE)} == {fetched_at}
    writer.close()


def test_what_the_source_does_not_vouch_for_is_not_stored(store: SegmentStore) -> None:
    writer = StoreWriter(store, MARKET)
    doubtful = day_span(JULY[1])
    answer = SourceBars(some_bars(HOURS), provisional=(doubtful,))
    writer.store_answer(series_query("A", Series.MINUTE, WEEK), answer, at("2024-07-15 12:00"))
    assert covered(store) == [
        (day_span(JULY[0]), True), (day_span(JULY[2], JULY[4]), True)
    ]  # fmt: skip
    assert not len(store.read("A", Series.MINUTE, doubtful))
    writer.store_answer(
        series_query("B", Series.MINUTE, WEEK),
        SourceBars(some_bars(HOURS), provisional=(WEEK,)),
        at("2024-07-15 12:00"),
    )
    assert covered(store, "B") == []
    writer.close()


def test_an_answer_from_the_future_says_nothing(store: SegmentStore) -> None:
    writer = StoreWriter(store, MARKET)
    query = series_query("A", Series.MINUTE, WEEK)
    writer.store_answer(query, SourceBars(some_bars([])), WEEK.start)
    assert store.catalog.series() == []
    writer.close()


def test_an_empty_answer_is_knowledge(store: SegmentStore) -> None:
    writer = StoreWriter(store, MARKET)
    query = series_query("A", Series.MINUTE, WEEK)
    writer.store_answer(query, SourceBars(some_bars([])), at("2024-07-15 12:00"))
    assert covered(store) == [(WEEK, True)]
    writer.close()


def test_a_day_of_the_market_covers_every_symbol_or_those_it_names(store: SegmentStore) -> None:
    writer = StoreWriter(store, MARKET)
    market = MarketBars.of({"A": some_bars(HOURS[:1]), "B": some_bars(HOURS[:2])})
    now = at("2024-07-15 12:00")
    writer.write(Series.MINUTE, ("A", "B"), SpanSet.of([day_span(JULY[0])]), market, now)
    assert covered(store) == covered(store, "B") == [(day_span(JULY[0]), True)]
    assert covered(store, "C") == []
    writer.write(Series.MINUTE, None, SpanSet.of([day_span(JULY[0])]), market, now + 1)
    assert covered(store, "C") == [(day_span(JULY[0]), True)]
    writer.write(Series.MINUTE, None, SpanSet(), market, now + 2)
    assert len(store.catalog.segments("bars/1min/2024-07")) == 2
    writer.close()


moments = st.integers(-48, 24 * 9).map(lambda hour: WEEK.start + hour * HOUR_US)
spans = st.tuples(st.sampled_from(HOURS), st.sampled_from(HOURS)).map(
    lambda p: Span(min(p), max(p))
)


@given(spans, st.lists(spans, max_size=3), moments)
def test_what_is_covered_is_what_was_asked_for_is_past_and_is_vouched_for(
    span: Span, provisional: list[Span], fetched_at: int
) -> None:
    store = SegmentStore(memory(), "test", MARKET)
    writer = StoreWriter(store, MARKET)
    answer = SourceBars(some_bars(HOURS).within(span), provisional=tuple(provisional))
    writer.store_answer(series_query("A", Series.MINUTE, span), answer, fetched_at)
    final_before = MARKET.final_before(fetched_at)
    slices = {
        hour: part.coverage
        for part in store.coverage("A", Series.MINUTE)
        for hour in HOURS
        if hour in part.span
    }
    for hour in HOURS:
        sure = hour in span and hour < fetched_at and not any(hour in one for one in provisional)
        assert (hour in slices) == sure
        if sure:
            assert slices[hour].final == (hour < final_before)
    assert store.read("A", Series.MINUTE, WEEK).timestamp.tolist() == sorted(slices)
    writer.close()


def test_a_pile_of_small_segments_is_merged_by_a_thread_of_its_own(
    store: SegmentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polytape.history.store_writer.PILE", 3)
    writer = StoreWriter(store, MARKET)
    days = [date(2024, 7, day) for day in (1, 2, 3)]
    for number, day in enumerate(days):
        midnight = day_span(day).start
        query = series_query("A", Series.MINUTE, day_span(day))
        writer.store_answer(query, SourceBars(some_bars([midnight], 10.0 + number)), WEEK.end)
    writer.close()  # waits for it
    assert len(store.catalog.segments("bars/1min/2024-07")) == 1
    assert store.read("A", Series.MINUTE, WEEK).close.tolist() == [10.0, 11.0, 12.0]


def test_one_empty_answer_on_trading_days_is_no_proof(store: SegmentStore) -> None:
    """It is final once a later one is as empty; a source that knows is believed at once."""
    writer = StoreWriter(store, MARKET)
    query, fetched_at = series_query("A", Series.MINUTE, WEEK), at("2024-07-15 12:00")
    unsure = SourceBars(some_bars([]), proves_empty=False)
    writer.store_answer(query, unsure, fetched_at)
    assert covered(store) == [(WEEK, False)]
    writer.store_answer(query, unsure, fetched_at + HOUR_US - 1)
    assert covered(store) == [(WEEK, False)]
    writer.store_answer(query, unsure, fetched_at + 2 * HOUR_US)
    assert covered(store) == [(WEEK, True)]
    sure = SourceBars(some_bars([]))
    writer.store_answer(series_query("B", Series.MINUTE, WEEK), sure, fetched_at)
    assert covered(store, "B") == [(WEEK, True)]
    writer.close()


def test_where_nothing_trades_an_empty_answer_is_enough(store: SegmentStore) -> None:
    """A weekend has no bars."""
    writer = StoreWriter(store, MARKET)
    weekend = day_span(date(2024, 7, 6), date(2024, 7, 7))
    answer = SourceBars(some_bars([]), proves_empty=False)
    writer.store_answer(series_query("A", Series.MINUTE, weekend), answer, at("2024-07-15 12:00"))
    assert covered(store) == [(weekend, True)]
    writer.close()


def test_an_empty_answer_takes_no_stored_bars_away(store: SegmentStore) -> None:
    """What was there once did not vanish; the days without a stored bar are looked at again."""
    writer = StoreWriter(store, MARKET)
    query, fetched_at = series_query("A", Series.MINUTE, WEEK), at("2024-07-15 12:00")
    monday = some_bars([hour for hour in HOURS if hour in day_span(JULY[0])])
    writer.store_answer(query, SourceBars(monday), fetched_at)
    empty = SourceBars(some_bars([]), proves_empty=False)
    writer.store_answer(query, empty, fetched_at + 1)
    assert covered(store) == [(day_span(JULY[0]), True), (day_span(JULY[1], JULY[4]), False)]
    assert store.read("A", Series.MINUTE, WEEK).same(monday)
    writer.close()


def test_many_empty_days_in_a_row_are_looked_at_again(store: SegmentStore) -> None:
    """Half an answer is no whole one; a quiet day or two are, since some stocks trade seldom."""
    writer = StoreWriter(store, MARKET)
    fetched_at = at("2024-07-22 12:00")
    fortnight = day_span(JULY[0], date(2024, 7, 12))
    first, last = day_span(JULY[0]), day_span(date(2024, 7, 12))
    quiet = [first.start, day_span(JULY[2]).start, last.start]
    answer = SourceBars(some_bars(quiet), proves_empty=False)
    query = series_query("A", Series.MINUTE, fortnight)
    writer.store_answer(query, answer, fetched_at)
    doubtful = day_span(date(2024, 7, 5), date(2024, 7, 11))
    assert [span for span, final in covered(store) if not final] == [doubtful]
    writer.store_answer(query, answer, fetched_at + HOUR_US)
    assert covered(store) == [(fortnight, True)]
    writer.close()
