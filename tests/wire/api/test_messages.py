"""The messages of the API: a query survives them, and a wrong field is named."""

from dataclasses import replace
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.quality import check
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.wire.api.messages import BarsRequest, Validation, read_request
from tests.conftest import MARKET, NOW, day_span

instants = st.integers(
    MARKET.midnight(date(1990, 1, 1)), MARKET.midnight(date(2040, 1, 1))
)  # microseconds
midnights = st.dates(date(1990, 1, 1), date(2040, 1, 1)).map(MARKET.midnight)
edges = st.one_of(instants, midnights)
spans = st.tuples(edges, edges).map(sorted).map(lambda pair: Span(*pair))


@given(
    spans, st.sampled_from(list(Timeframe)), st.none() | st.integers(1, 10**6),
    st.lists(st.booleans(), min_size=5, max_size=5),
)  # fmt: skip
def test_a_query_says_itself_and_is_read_back(
    span: Span, timeframe: Timeframe, limit: int | None, flags: list[bool]
) -> None:
    """To the microsecond, and over JSON: what the client means is what the gateway answers."""
    extended, adjusted, cache, partial, validate = flags
    query = BarsQuery("BRK.B", timeframe, span, limit, extended, adjusted, cache, partial, validate)
    body = msgspec.json.encode(BarsRequest.of(query, MARKET))
    assert msgspec.json.decode(body, type=BarsRequest).query(NOW, MARKET) == query


def test_whole_days_are_said_as_dates() -> None:
    """Any server of this API reads them, whatever it makes of instants."""
    query = BarsQuery("SPY", Timeframe.DAY, day_span(date(2024, 3, 8), date(2024, 3, 11)))
    request = BarsRequest.of(query, MARKET)
    assert (request.start_date, request.end_date) == ("2024-03-08", "2024-03-11")
    request = BarsRequest.of(query.over(Span(query.span.start, query.span.end - 1)), MARKET)
    assert (request.start_date, request.end_date) == ("2024-03-08", "2024-03-12T03:59:59.999999Z")


def test_what_is_the_default_is_not_sent() -> None:
    """An older server is not troubled with fields that it does not know."""
    query = BarsQuery("SPY", Timeframe.DAY, day_span(date(2024, 3, 8)))
    body = msgspec.json.decode(msgspec.json.encode(BarsRequest.of(query, MARKET)))
    assert body == {"symbol": "SPY", "timeframe": "1day", "start_date": "2024-03-08",
                    "end_date": "2024-03-08"}  # fmt: skip
    body = msgspec.to_builtins(BarsRequest.of(replace(query, limit=3, adjusted=False), MARKET))
    assert (body["limit"], body["adjusted"]) == (3, False)


def test_missing_dates_mean_the_last_thirty_days() -> None:
    """The end is now, or what was said; the start lies thirty days before it."""
    thirty = 30 * 86_400_000_000
    ask = BarsRequest(symbol="spy", timeframe="5m")
    query = ask.query(NOW, MARKET)
    assert (query.symbol, query.timeframe) == ("SPY", Timeframe.MIN_5)
    assert query.span == Span(NOW - thirty, NOW)
    ask = BarsRequest(symbol="SPY", timeframe="5m", end_date="2024-07-02")
    end = day_span(date(2024, 7, 2)).end
    assert ask.query(NOW, MARKET).span == Span(end - thirty, end)
    ask = BarsRequest(symbol="SPY", timeframe="5m", start_date="2026-11-20")
    assert ask.query(NOW, MARKET).span == Span(MARKET.midnight(date(2026, 11, 20)), NOW)


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("today", None, date(2026, 11, 23), date(2026, 11, 23)),
        ("yesterday", "yesterday", date(2026, 11, 20), date(2026, 11, 20)),
        (" YTD ", "2026-02-01", date(2026, 1, 1), date(2026, 2, 1)),
    ],
)
def test_words_are_read_at_the_gateways_time(
    start: str, end: str | None, first: date, last: date
) -> None:
    """As the client reads them: Monday's yesterday is Friday. They are no key of an answer."""
    request = BarsRequest(symbol="SPY", timeframe="1day", start_date=start, end_date=end)
    span = request.query(NOW, MARKET).span
    assert span == (day_span(first, last) if end else Span(day_span(first).start, NOW))
    assert request.has_words
    assert not BarsRequest(symbol="SPY", timeframe="1day", start_date="2026-11-20").has_words


def test_a_length_is_no_end_and_what_is_no_date_names_the_words() -> None:
    """An end that is a length would need another end."""
    with pytest.raises(ValidationError, match=r"end_date.*counted back from it"):
        BarsRequest(symbol="SPY", timeframe="1day", end_date="5d").query(NOW, MARKET)
    with pytest.raises(ValidationError, match=r'start_date.*"today", "yesterday".*"5d"'):
        BarsRequest(symbol="SPY", timeframe="1day", start_date="soon").query(NOW, MARKET)


def test_a_start_in_the_future_is_an_empty_span_and_no_error() -> None:
    """There is nothing yet."""
    ask = BarsRequest(symbol="SPY", timeframe="1day", start_date="2030-01-02")
    start = MARKET.midnight(date(2030, 1, 2))
    assert ask.query(NOW, MARKET).span == Span(start, start)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"symbol": "a/b"}, "symbol"), ({"timeframe": "7min"}, "timeframe"),
        ({"limit": 0}, "limit"), ({"start_date": "soon"}, "start_date"),
        ({"start_date": "2024-01-02", "end_date": "2024-01-01"}, "end_date"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(fields: dict[str, object], param: str) -> None:
    """The caller's own name for it."""
    with pytest.raises(ValidationError) as caught:
        read_request({"symbol": "SPY", "timeframe": "1day"} | fields).query(NOW, MARKET)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"symbol": 5, "timeframe": "1day"}, "symbol"), ({"timeframe": "1day"}, "symbol"),
        ({"symbol": "A", "timeframe": "1day", "limit": "3"}, "limit"),
        ({"symbol": "A", "timeframe": "1day", "use_cache": "no"}, "use_cache"),
    ],
)  # fmt: skip
def test_a_request_of_a_batch_that_cannot_be_read_names_its_field(
    fields: dict[str, object], param: str
) -> None:
    """Its error is its own: the others of the batch are answered."""
    with pytest.raises(ValidationError) as caught:
        read_request(fields)
    assert param in str(caught.value)


def test_unknown_fields_are_passed_over() -> None:
    """A client may be newer than its server."""
    request = read_request({"symbol": "SPY", "timeframe": "1day", "colour": "red"})
    assert request == BarsRequest(symbol="SPY", timeframe="1day")


def test_a_report_goes_over_the_wire_with_its_causes() -> None:
    """What is explained by the calendar is not counted as missing."""
    span = day_span(date(2024, 7, 3), date(2024, 7, 5))
    days = ("2024-07-03", "2024-07-05")
    opens = [parse_instant(f"{day} 09:30 America/New_York", "at", MARKET) for day in days]
    bars = Bars.of(opens, [10, 10], [9, 10], [9, 10], [10, 10], [1, 1])
    message = Validation.of(check(bars, Timeframe.MIN_1, span, market=MARKET))
    assert (message.bars, message.sound) == (2, False)
    assert message.counts == {finding.kind: 1 for finding in message.findings}
    assert message.findings[0].timestamp == "2024-07-03T13:30:00Z"
    assert {gap.cause for gap in message.gaps} == {None, "early close", "exchange holiday"}
    assert message.missing == sum(gap.missing for gap in message.gaps if gap.cause is None)
    assert msgspec.json.decode(msgspec.json.encode(message), type=Validation) == message
