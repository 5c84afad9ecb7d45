"""Custom bars by the vendor's rules: any limit and either order give the same bars in the end."""

from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US
from polytape.wire.polygon.custom_bars import (
    TIMESPANS,
    CustomBarsRequest,
    day_named,
    next_path,
    page_of,
    parse_custom,
)
from tests.conftest import MARKET, flat_bars

FIRST = date(2024, 3, 4)
timespans = st.sampled_from(TIMESPANS)
multipliers = st.integers(1, 40)


def parsed(
    multiplier: int, timespan: str, first: date | str, last: date | str, **query: str
) -> CustomBarsRequest:
    return parse_custom(multiplier, timespan, f"{first}", f"{last}", query, MARKET)


@st.composite
def questions(draw: st.DrawFn) -> tuple[CustomBarsRequest, Bars]:
    """A question, and some of the traded minutes, or days, that it could be made of."""
    timespan = draw(timespans)
    days = draw(st.integers(0, 20 if timespan in ("minute", "hour") else 500))
    first = FIRST + timedelta(days=draw(st.integers(0, 300)))
    request = parsed(draw(multipliers), timespan, first, first + timedelta(days=days))
    request = replace(request, descending=draw(st.booleans()))
    if request.series is Series.MINUTE:
        grid = np.arange(request.span.start, request.span.end, 7 * MINUTE_US)
        slots = grid[MARKET.extended(grid)].tolist()
    else:
        begin = MARKET.date_of(request.span.start)
        count = (request.span.end - request.span.start) // DAY_US
        slots = [MARKET.midnight(begin + timedelta(days=n)) for n in range(count)]
    chosen = draw(st.lists(st.integers(0, max(0, len(slots) - 1)), max_size=40, unique=True))
    stamps = [slots[n] for n in sorted(chosen) if n < len(slots)]
    return request, flat_bars(stamps).within(request.span)


def pages_of(request: CustomBarsRequest, base: Bars) -> list[Bars]:
    """Every page, each from what the one before it left; by way of the URL."""
    pages, rest = [], request
    while True:
        page = page_of(rest, base.within(rest.span))
        pages.append(page.bars)
        if page.rest is None:
            return pages
        assert page.base > 0
        rest = page.rest


@given(questions(), st.integers(1, 20))
def test_pages_of_any_size_make_up_the_whole(
    question: tuple[CustomBarsRequest, Bars], limit: int
) -> None:
    """A window is never cut in two by the end of a page."""
    request, base = question
    whole = page_of(replace(request, limit=50_000), base)
    assert whole.rest is None
    assert whole.base == len(base)
    pages = pages_of(replace(request, limit=limit), base)
    assert Bars.concat(pages).same(whole.bars)
    assert whole.bars.volume.sum() == base.volume.sum()


@given(questions())
def test_descending_is_ascending_turned_round(question: tuple[CustomBarsRequest, Bars]) -> None:
    """The order changes nothing but the order."""
    request, base = question
    up = page_of(replace(request, descending=False), base).bars
    down = page_of(replace(request, descending=True), base).bars
    assert down.take(slice(None, None, -1)).same(up)
    assert np.all(np.diff(up.timestamp) > 0)


@given(questions())
def test_each_bar_lies_in_one_window_that_begins_with_or_before_it(
    question: tuple[CustomBarsRequest, Bars],
) -> None:
    """A window's start is its own window's start, and all windows lie in the question."""
    request, base = question
    starts = request.starts(base.timestamp)
    assert np.all(starts <= base.timestamp)
    assert np.all(starts >= request.span.start)
    assert np.array_equal(request.starts(starts), starts)


@given(multipliers, timespans, st.integers(0, 700), st.booleans(), st.booleans())
def test_a_next_page_asks_for_the_rest_in_the_same_way(
    multiplier: int, timespan: str, days: int, descending: bool, adjusted: bool
) -> None:
    """Its path and cursor say all of it, to the last option."""
    request = replace(
        parsed(multiplier, timespan, FIRST, FIRST + timedelta(days=days)),
        descending=descending, adjusted=adjusted, limit=123,
    )  # fmt: skip
    parts = urlsplit(next_path("AAPL", request))
    *_, start, end = parts.path.split("/")
    assert parts.path.startswith(f"/v2/aggs/ticker/AAPL/range/{multiplier}/{timespan}/")
    again = parse_custom(multiplier, timespan, start, end, dict(parse_qsl(parts.query)), MARKET)
    assert (again.descending, again.adjusted, again.limit) == (descending, adjusted, 123)
    assert again.span.start == request.span.start


@pytest.mark.parametrize(
    ("timespan", "first", "begins", "ends"),
    [
        ("day", "2024-07-03", date(2024, 7, 3), date(2024, 7, 4)),
        ("week", "2024-07-03", date(2024, 6, 30), date(2024, 7, 7)),
        ("week", "2024-06-30", date(2024, 6, 30), date(2024, 7, 7)),
        ("month", "2024-02-29", date(2024, 2, 1), date(2024, 3, 1)),
        ("quarter", "2024-12-31", date(2024, 10, 1), date(2025, 1, 1)),
        ("year", "2024-07-03", date(2024, 1, 1), date(2025, 1, 1)),
    ],
)
def test_ends_are_snapped_outward_to_whole_units(
    timespan: str, first: str, begins: date, ends: date
) -> None:
    """A week begins on Sunday; a month, a quarter and a year with their first day."""
    request = parsed(1, timespan, first, first)
    assert request.span == Span(MARKET.midnight(begins), MARKET.midnight(ends))


def test_an_intraday_question_over_a_change_of_the_clock_keeps_its_hours() -> None:
    """Four-hour windows begin at 00:00, 04:00, ... New York, before the change and after it."""
    request = parsed(4, "hour", "2024-03-08", "2024-03-11")
    stamps = np.arange(request.span.start, request.span.end, HOUR_US)
    traded = stamps[MARKET.extended(stamps)]
    local = MARKET.to_local(request.starts(traded))
    assert (local // HOUR_US % 24).tolist() == [h // 4 * 4 for h in range(4, 20)] * 2


def test_windows_that_do_not_divide_a_day_run_from_the_start() -> None:
    """Seven minutes have no place on the clock."""
    request = parsed(7, "minute", "2024-07-02", "2024-07-02")
    starts = request.starts(np.arange(request.span.start, request.span.start + DAY_US, MINUTE_US))
    assert set(((starts - request.span.start) % (7 * MINUTE_US)).tolist()) == {0}
    assert (request.span.end - request.span.start) % (7 * MINUTE_US) == 0


def test_milliseconds_are_instants_and_dates_whole_days() -> None:
    """An instant is snapped to its minute, at either end."""
    at = MARKET.midnight(date(2024, 7, 2)) + 12 * HOUR_US
    text = f"{at // 1_000 + 30_500}"
    assert parsed(1, "minute", text, text).span == Span(at, at + MINUTE_US)
    span = MARKET.day_span(date(2024, 7, 2))
    assert parsed(1, "minute", "2024-07-02", "2024-07-02").span == span


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"timespan": "second"}, "timespan"), ({"multiplier": 0}, "multiplier"),
        ({"multiplier": 100_001}, "multiplier"), ({"start": "soon"}, "from"),
        ({"end": "2024-13-01"}, "to"), ({"end": "2024-01-01"}, "to"), ({"start": "1" * 17}, "from"),
        ({"query": {"sort": "up"}}, "sort"), ({"query": {"limit": "0"}}, "limit"),
        ({"query": {"limit": "50001"}}, "limit"), ({"query": {"limit": "-1"}}, "limit"),
        ({"query": {"cursor": "?"}}, "cursor"),
    ],
)  # fmt: skip
def test_a_wrong_question_names_its_part(changes: dict[str, object], param: str) -> None:
    """As the vendor does."""
    right = {"multiplier": 1, "timespan": "day", "start": "2024-07-01", "end": "2024-07-02",
             "query": {}, "market": MARKET}  # fmt: skip
    with pytest.raises(ValidationError) as caught:
        parse_custom(**(right | changes))  # type: ignore[arg-type]
    assert caught.value.param == param


@pytest.mark.parametrize(
    "text", ["2024-7-1", "yesterday", "", "1899-12-31", "2200-01-01", "2024-02-30"]
)
def test_a_day_that_is_none_is_refused(text: str) -> None:
    """In the name of whoever asked for it."""
    with pytest.raises(ValidationError) as caught:
        day_named(text, "from")
    assert caught.value.param == "from"
    assert day_named("2024-02-29") == date(2024, 2, 29)
