"""What a caller wants: parsed once, for the stored bars that it is made from, and answered."""

from dataclasses import fields, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery, parse_limit, parse_query, series_query
from polytape.model.resample import bar_end, resample
from polytape.model.spans import Span
from polytape.model.splits import Split, adjust
from polytape.model.timeframes import Series, Timeframe
from polytape.model.timestamps import to_us
from polytape.model.units import MINUTE_US
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, day_span, flat_bars

DAY = day_span(date(2024, 7, 2))
LATER = date(2026, 1, 1)
LONG = (Timeframe.MIN_60, Timeframe.MIN_120, Timeframe.MIN_240)
timeframes = st.sampled_from(list(Timeframe))


MONTHS = day_span(date(2024, 6, 1), date(2024, 7, 31))


def minute_of_month(minute: int) -> int:
    return MARKET.midnight(date(2024, 6, 26)) + minute * MINUTE_US


# Spans round the turn of a month, of no length up to eight days.
lengths = st.one_of(st.integers(0, 300), st.integers(0, 8 * 1440))
spans = st.tuples(st.integers(0, 10 * 1440), lengths).map(
    lambda pair: Span(minute_of_month(pair[0]), minute_of_month(sum(pair)))
)


def test_what_a_caller_wrote_is_parsed_once() -> None:
    query = parse_query(
        " brk.b ", "2024-07-02", "2024-07-02", "15m", MARKET, limit=np.int64(5), use_cache=False
    )
    assert query == BarsQuery("BRK.B", Timeframe.MIN_15, DAY, limit=5, use_cache=False)
    assert type(query.limit) is int
    plain = parse_query("AAPL", date(2024, 7, 2), "2024-07-02 12:00 America/New_York", "D", MARKET)
    noon = to_us(datetime(2024, 7, 2, 12, tzinfo=ZoneInfo("America/New_York")))
    assert plain == BarsQuery("AAPL", Timeframe.DAY, Span(DAY.start, noon))


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"symbol": "../etc"}, "symbol"), ({"start_date": "soon"}, "start_date"),
        ({"end_date": None}, "end_date"), ({"end_date": "2024-07-01"}, "end_date"),
        ({"timeframe": "7min"}, "timeframe"), ({"limit": 0}, "limit"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(wrong: dict[str, object], param: str) -> None:
    sound = {
        "symbol": "A", "start_date": "2024-07-02", "end_date": "2024-07-03", "timeframe": "1min",
    }  # fmt: skip
    with pytest.raises(ValidationError) as caught:
        parse_query(**(sound | wrong), market=MARKET)  # type: ignore[arg-type]
    assert caught.value.param == param


@pytest.mark.parametrize("bad", [0, -1, 1.0, "5", True, float("nan"), [5]])
def test_a_limit_is_a_whole_number_above_0(bad: object) -> None:
    with pytest.raises(ValidationError, match=r"^limit="):
        parse_limit(bad)
    assert parse_limit(None) is None
    with pytest.raises(ValidationError, match=r"^count="):
        parse_limit(bad, "count")


@given(spans, timeframes, st.booleans())
def test_the_stored_bars_of_a_query_are_all_of_its_bars_and_no_more(
    span: Span, timeframe: Timeframe, extended: bool
) -> None:
    query = BarsQuery("X", timeframe, span, limit=3, include_extended=extended, background=True)
    of_series = query.of_series(MARKET)
    assert of_series.timeframe is query.series.timeframe
    assert of_series.series is query.series
    # What a caller wants of the answer stays; only what is cut from it is not cut from its parts.
    same = {field.name for field in fields(query)} - {"timeframe", "span", "limit"}
    assert all(getattr(of_series, name) == getattr(query, name) for name in same)
    assert of_series.limit is None
    assert of_series.span.start == span.start
    if timeframe in (Timeframe.MIN_1, Timeframe.DAY) or not span:
        assert of_series.span == span
    else:
        last = bar_end(span.end - 1, timeframe, MARKET, anchored=query.anchored)
        assert of_series.span.end == last >= span.end


@given(timeframes, st.booleans())
def test_long_bars_of_regular_hours_begin_at_the_bell(timeframe: Timeframe, extended: bool) -> None:
    query = BarsQuery("X", timeframe, DAY, include_extended=extended)
    assert query.anchored == (timeframe in LONG and not extended)


def test_over_another_span_it_is_the_same_query() -> None:
    query = BarsQuery("X", Timeframe.MIN_5, DAY, limit=7, adjusted=False, validate=True)
    other = Span(1, 2)
    assert query.over(other) == replace(query, span=other)


def test_a_series_is_queried_as_traded_for_all_of_its_bars() -> None:
    query = series_query("X", Series.MINUTE, DAY, use_cache=False, background=True)
    assert query == BarsQuery(
        "X", Timeframe.MIN_1, DAY, adjusted=False, use_cache=False, background=True
    )
    assert series_query("X", Series.DAY, DAY).of_series(MARKET) == series_query(
        "X", Series.DAY, DAY
    )


@given(spans, timeframes, st.booleans(), st.none() | st.integers(1, 50))
def test_an_answer_is_cut_last(
    synthetic: Synthetic,
    market: Market,
    span: Span,
    timeframe: Timeframe,
    extended: bool,
    limit: int | None,
) -> None:
    """Bars of a part are those of the whole that start in the part: none is made of half its
    minutes.
    """
    query = BarsQuery("AAPL", timeframe, span, limit=limit, include_extended=extended)
    stored = synthetic.bars(query.of_series(market)).bars
    answer = query.answer(stored, (), market=market, today=LATER)
    everything = synthetic.bars(series_query("AAPL", query.series, MONTHS)).bars
    bars = resample(everything, timeframe, market=market, include_extended=extended)
    assert answer.same(bars.within(span).last(limit))
    # More than is needed does no harm.
    assert query.answer(everything, (), market=market, today=LATER).same(answer)


def test_an_answer_is_adjusted_before_it_is_summed(market: Market) -> None:
    """A split between two days of one week: the week's range is that of today's shares."""
    week = day_span(date(2024, 6, 30), date(2024, 7, 6))
    days = [MARKET.midnight(date(2024, 7, 1)), MARKET.midnight(date(2024, 7, 2))]
    stored = Bars.concat([flat_bars(days[:1], 80.0, 1.0), flat_bars(days[1:], 20.0, 4.0)])
    split = Split(date(2024, 7, 2), "X", 1, 4)
    query = BarsQuery("X", Timeframe.WEEK, week)
    adjusted = query.answer(stored, [split], market=market, today=LATER)
    assert (adjusted.high.tolist(), adjusted.volume.tolist()) == ([20.0], [8.0])
    traded = replace(query, adjusted=False)
    bars = traded.answer(stored, [split], market=market, today=LATER)
    assert (bars.high.tolist(), bars.low.tolist(), bars.volume.tolist()) == ([80.0], [20.0], [5.0])
    daily = replace(query, timeframe=Timeframe.DAY)
    one_by_one = daily.answer(stored, [split], market=market, today=LATER)
    assert one_by_one.same(adjust(stored, [split], LATER, market))
