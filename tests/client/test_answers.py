"""Whole answers as the cache has them: never a stale one, and what is cut out of them."""

from dataclasses import replace
from datetime import date

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.client.answers import CachedAnswer
from polytape.client.frames import to_frame
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.model.timestamps import iso
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US
from polytape.wire.api.messages import BarsMetadata
from tests.conftest import MARKET, day_span, flat_bars


def answer_of(span: Span, complete: int) -> CachedAnswer:
    metadata = BarsMetadata(symbol="SPY", timeframe="1min", count=0, source="test")
    return CachedAnswer(span, complete, Bars.empty(), metadata)


def at(text: str) -> int:
    return parse_instant(f"{text} America/New_York", "at", MARKET)


WEEK = day_span(date(2024, 7, 1), date(2024, 7, 7))


def test_what_was_complete_is_good_for_ever() -> None:
    answer = answer_of(WEEK, WEEK.end)
    assert answer.holds(WEEK, at("2024-07-09 10:00"), MARKET)
    assert answer.holds(day_span(date(2024, 7, 2)), at("2024-07-09 10:00"), MARKET)
    longer = day_span(date(2024, 7, 2), date(2024, 7, 8))
    assert not answer.holds(longer, at("2024-07-09 10:00"), MARKET)


@pytest.mark.parametrize(
    ("fetched_at", "again_at", "holds"),
    [
        ("2024-07-02 10:00", "2024-07-02 10:01", False),  # a minute was traded since
        ("2024-07-02 20:30", "2024-07-02 22:00", True),  # the night: nothing can have been
        ("2024-07-02 20:30", "2024-07-03 03:59", True),
        ("2024-07-02 20:30", "2024-07-03 04:01", False),  # the next pre-market
        ("2024-07-05 21:00", "2024-07-07 12:00", True),  # the weekend
        ("2024-07-03 17:00", "2024-07-04 12:00", True),  # after an early close, over the holiday
        ("2024-07-03 16:30", "2024-07-04 12:00", False),
    ],
)
def test_a_range_that_goes_on_is_fetched_again_once_something_was_traded(
    fetched_at: str, again_at: str, holds: bool
) -> None:
    assert answer_of(WEEK, at(fetched_at)).holds(WEEK, at(again_at), MARKET) is holds


def test_a_part_before_what_was_complete_is_good_whatever_was_traded_since() -> None:
    answer = answer_of(WEEK, at("2024-07-02 10:00"))
    assert answer.holds(day_span(date(2024, 7, 1)), at("2024-07-05 15:00"), MARKET)
    later = replace(answer, complete=np.iinfo(np.int64).max)
    assert later.holds(WEEK, at("2024-07-05 15:00"), MARKET)


def test_an_answer_is_complete_by_the_earlier_of_two_clocks() -> None:
    query = BarsQuery("SPY", Timeframe.MIN_60, WEEK)
    said = BarsMetadata(symbol="SPY", timeframe="1h", count=0, source="test")

    def complete(fetched_at: str, server: str | None) -> int:
        metadata = replace_through(said, server)
        answer = CachedAnswer.of(
            query, Bars.empty(), metadata, fetched_at=at(fetched_at), market=MARKET
        )
        assert answer.metadata.timeframe == "60min"  # ours, however the server spells it
        return answer.complete

    assert complete("2024-07-02 10:30", None) == at("2024-07-02 10:00")
    assert complete("2024-07-02 10:30", "2024-07-02T13:00:00Z") == at("2024-07-02 09:00")
    assert complete("2024-07-02 10:30", "2024-07-03T13:00:00Z") == at("2024-07-02 10:00")


def test_what_time_it_is_in_a_made_up_market_only_its_gateway_knows() -> None:
    """Its clock may run ahead of this one, or far behind: what it said is not complete is not."""
    day = day_span(date(2024, 7, 2))
    query = BarsQuery("AAPL", Timeframe.MIN_15, day)

    def answer(through: int, *, made_up: bool) -> CachedAnswer:
        metadata = BarsMetadata(
            symbol="AAPL", timeframe="15min", count=0, source="x", made_up=made_up,
            complete_through=iso(through),
        )  # fmt: skip
        wall = day.start - DAY_US  # the day is still to come
        return CachedAnswer.of(query, Bars.empty(), metadata, fetched_at=wall, market=MARKET)

    begun = day.start + 12 * HOUR_US
    for now in (day.start - DAY_US, day.end + DAY_US):
        assert not answer(begun, made_up=True).holds(day, now, MARKET)
        assert answer(day.end, made_up=True).holds(day, now, MARKET)
    assert answer(begun, made_up=False).holds(day, day.start - DAY_US, MARKET)
    assert not answer(begun, made_up=False).holds(day, day.end, MARKET)


def replace_through(metadata: BarsMetadata, through: str | None) -> BarsMetadata:
    return msgspec.structs.replace(metadata, complete_through=through)


def test_a_server_without_metadata_has_said_nothing() -> None:
    query = BarsQuery("SPY", Timeframe.DAY, WEEK)
    now = at("2024-07-03 12:00")
    answer = CachedAnswer.of(query, flat_bars([WEEK.start]), None, fetched_at=now, market=MARKET)
    assert (answer.metadata.symbol, answer.metadata.timeframe) == ("SPY", "1day")
    assert (answer.metadata.source, answer.metadata.include_extended) == ("", None)
    assert answer.span == WEEK


def test_why_there_are_no_bars_is_not_cached() -> None:
    """The server said it of another moment."""
    query = BarsQuery("SPY", Timeframe.DAY, WEEK)
    said = BarsMetadata(
        symbol="SPY", timeframe="1day", count=0, source="x",
        notes=["a note", "no bars: 2024-07-01 is in the future"],
    )  # fmt: skip
    answer = CachedAnswer.of(query, Bars.empty(), said, fetched_at=WEEK.start, market=MARKET)
    assert answer.metadata.notes == ["a note"]


MINUTES = [WEEK.start + n * 15 * MINUTE_US for n in range(5 * 96)]
edges = st.integers(0, 5 * 24).map(lambda hour: WEEK.start + hour * HOUR_US)


@given(edges, edges, st.none() | st.integers(1, 50), st.booleans())
def test_a_cut_is_the_querys_span_hours_and_limit(
    one: int, other: int, limit: int | None, include_extended: bool
) -> None:
    span = Span(min(one, other), max(one, other))
    query = BarsQuery("SPY", Timeframe.MIN_15, span, limit, include_extended)
    whole = replace(answer_of(WEEK, WEEK.end), bars=flat_bars(MINUTES))
    bars, metadata, frames = whole.cut(query, MARKET)
    wanted = [
        at for at in MINUTES
        if at in span and (include_extended or bool(MARKET.regular(np.array([at]))[0]))
    ]  # fmt: skip
    wanted = wanted if limit is None else wanted[-limit:]
    assert bars.timestamp.tolist() == wanted
    assert (metadata.count, metadata.include_extended) == (len(wanted), include_extended)
    assert frames.make().equals(to_frame(bars))
    assert whole.metadata.count == 0  # the whole answer's own is left alone
