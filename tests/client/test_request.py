"""How the client's cache sees queries."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from polytape.client.request import cache_series, cut_here, most_bars
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.model.units import DAY_US, MINUTE_US

SHORT = {Timeframe.MIN_1, Timeframe.MIN_5, Timeframe.MIN_10, Timeframe.MIN_15, Timeframe.MIN_30}
LONG = {Timeframe.MIN_60, Timeframe.MIN_120, Timeframe.MIN_240}
WEEK = Span(0, 7 * DAY_US)
frames = st.sampled_from(list(Timeframe))


@given(frames, st.booleans())
def test_only_long_regular_bars_are_a_series_apart(
    frame: Timeframe, include_extended: bool
) -> None:
    query = BarsQuery("A", frame, WEEK, include_extended=include_extended)
    at_the_bell = frame in LONG and not include_extended
    assert cache_series(query) == frame.value + ("-regular" if at_the_bell else "")
    assert query.anchored == at_the_bell
    assert cache_series(replace(query, adjusted=False)) == f"{cache_series(query)}-as-traded"


@given(frames, st.booleans())
def test_regular_hours_are_cut_out_of_whole_answers_up_to_half_an_hour(
    frame: Timeframe, include_extended: bool
) -> None:
    query = BarsQuery("A", frame, WEEK, include_extended=include_extended)
    assert cut_here(query) == (frame in SHORT and not include_extended)


@given(frames, st.none() | st.integers(1, 9), st.integers(0, 20_000))
def test_only_limited_intraday_queries_may_hold_many_bars(
    frame: Timeframe, limit: int | None, minutes: int
) -> None:
    query = BarsQuery("A", frame, Span(5, 5 + minutes * MINUTE_US), limit)
    length = frame.minutes
    many = 0 if limit is None or length is None else minutes // length
    assert most_bars(query) == many
