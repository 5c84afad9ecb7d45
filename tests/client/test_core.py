"""What both clients do: look in the cache, fetch, cut to the query, count."""

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from polytape.client.batch import explained
from polytape.client.cache import CacheManager
from polytape.client.core import Core
from polytape.errors import ConnectionError, NotFoundError, ValidationError
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.model.units import DAY_US, MINUTE_US
from polytape.wire import arrow
from polytape.wire.api.media import ARROW
from polytape.wire.api.messages import BarsMetadata, SpanMessage
from polytape.wire.api.problems import Problem, to_problem
from polytape.wire.flow import Flow, Request, Response, RetryPolicy, Wait
from tests.client.flows import connection, json, play
from tests.conftest import MARKET, day_span, flat_bars

WEEK = day_span(date(2024, 7, 1), date(2024, 7, 5))
QUERY = BarsQuery("SPY", Timeframe.MIN_15, WEEK)
BARS = flat_bars([WEEK.start + n * 15 * MINUTE_US for n in range(5 * 96)])


def core_of(*, caching: bool = True) -> Core:
    return Core(connection(), CacheManager(clock=lambda: 0.0) if caching else None, MARKET)


def response(*answers: Bars | Problem, missing: bool = False) -> Response:
    gap = [SpanMessage("2024-07-01T04:00:00Z", "2024-07-02T04:00:00Z")] if missing else []
    parts = [
        one if isinstance(one, Problem) else (one, BarsMetadata(
            symbol="SPY", timeframe="15min", count=len(one), source="test", missing=gap))
        for one in answers
    ]  # fmt: skip
    return Response(200, {"content-type": ARROW}, arrow.encode_many(parts))


def symbols_of(request: Any) -> list[str]:
    return [row["symbol"] for row in msgspec.json.decode(request.body)["requests"]]


def test_what_was_fetched_whole_answers_every_query_inside_it() -> None:
    core = core_of()
    (bars, *_), requests = play(core.bars(QUERY), [response(BARS)])
    assert bars.same(BARS)
    assert len(requests) == 1
    inner = Span(WEEK.start + DAY_US, WEEK.end - DAY_US)
    for query in (QUERY, QUERY.over(inner), replace(QUERY, limit=3),
                  replace(QUERY, include_extended=False)):  # fmt: skip
        (bars, metadata, _), requests = play(core.bars(query), [])
        assert requests == []
        assert metadata.count == len(bars) > 0
    stats = core.stats
    assert (stats.requests, stats.cache_hits, stats.cache_misses) == (1, 4, 1)
    assert stats.bars > len(BARS)


def test_a_query_that_uses_no_cache_is_fetched_and_cached_anew() -> None:
    core = core_of()
    play(core.bars(QUERY), [response(BARS)])
    changed = flat_bars(BARS.timestamp.tolist(), 99.0)
    (bars, *_), requests = play(core.bars(replace(QUERY, use_cache=False)), [response(changed)])
    assert (bars.close[0], len(requests)) == (99.0, 1)
    (bars, *_), _ = play(core.bars(QUERY), [])
    assert bars.same(changed)


def test_a_part_of_an_answer_is_not_cached() -> None:
    core = core_of()
    assert core.cache is not None
    play(core.bars(QUERY), [response(BARS, missing=True)])
    assert len(core.cache) == 0
    year = QUERY.over(Span(WEEK.end - 366 * DAY_US, WEEK.end))
    few = replace(year, timeframe=Timeframe.MIN_1, limit=3)
    _, (request,) = play(core.bars(few), [response(BARS.last(3))])
    assert msgspec.json.decode(request.body)["limit"] == 3  # a year is not fetched for it
    assert len(core.cache) == 0
    _, (request,) = play(core.bars(replace(QUERY, limit=3)), [response(BARS)])
    assert "limit" not in msgspec.json.decode(request.body)
    assert len(core.cache) == 1


def test_without_a_cache_everything_is_asked_for() -> None:
    core = core_of(caching=False)
    for _ in range(2):
        _, requests = play(core.bars(replace(QUERY, limit=3)), [response(BARS.last(3))])
        assert msgspec.json.decode(requests[0].body)["limit"] == 3
    assert (core.stats.requests, core.stats.cache_misses) == (2, 0)


def test_of_several_queries_only_those_that_are_not_cached_are_fetched_together() -> None:
    core = core_of()
    play(core.bars(QUERY), [response(BARS)])
    others = [replace(QUERY, symbol=symbol) for symbol in ("A", "B")]
    wanted = [others[0], QUERY, others[1]]
    answers, (request,) = play(core.bars_together(wanted), [response(BARS.last(1), BARS.last(2))])
    assert symbols_of(request) == ["A", "B"]
    assert [len(one.bars) for one in answers] == [1, len(BARS), 2]
    _, requests = play(core.bars_together(wanted), [])
    assert requests == []


def test_one_query_and_those_that_are_cut_here_are_asked_one_by_one() -> None:
    _, (request,) = play(core_of().bars_together([QUERY]), [response(BARS)])
    assert request.path == "/api/v1/bars"
    limited = [replace(QUERY, limit=2), replace(QUERY, symbol="A", limit=2)]
    answers, requests = play(core_of().bars_together(limited), [response(BARS)] * 2)
    assert [request.path for request in requests] == ["/api/v1/bars"] * 2
    assert [len(one.bars) for one in answers] == [2, 2]
    unknown = [QUERY, replace(QUERY, symbol="A")]
    _, requests = play(core_of().bars_together(unknown), [json({}, 404), *[response(BARS)] * 2])
    assert len(requests) == 3


def test_what_is_outcomes_together_is_one_request_whatever_the_options() -> None:
    """Limits, regular hours and long bars too; an error that is no passing one is the outcome."""
    queries = [replace(QUERY, limit=2), replace(QUERY, symbol="A", include_extended=False),
               replace(QUERY, symbol="ZZZZ")]  # fmt: skip
    problem = to_problem(NotFoundError("no symbol ZZZZ"))
    for core in (core_of(), core_of(caching=False)):
        found, (request,) = play(core.outcomes_together(queries), [response(BARS, BARS, problem)])
        assert symbols_of(request) == ["SPY", "A", "ZZZZ"]
        assert len(found[0].bars) == 2
        assert MARKET.regular(found[1].bars.timestamp).all()
        assert isinstance(found[2], NotFoundError)


def test_what_is_to_be_tried_again_or_anew_is_sent_alone() -> None:
    """A passing error, a server that cannot begin bars at the bell or has no such request."""
    hours = replace(QUERY, timeframe=Timeframe.MIN_60, include_extended=False)
    busy = Problem(type="about:blank", title="busy", status=503, detail="busy")
    found, _ = play(core_of().outcomes_together([hours, QUERY]), [response(BARS, busy)])
    assert found == [None, None]
    found, _ = play(core_of().outcomes_together([hours, QUERY]), [json({}, 404)])
    assert found == [None, None]
    anew = [replace(one, use_cache=False) for one in (QUERY, hours)]
    assert play(core_of().outcomes_together(anew), []) == ([None, None], [])
    assert play(core_of().outcomes_together([QUERY]), []) == ([None], [])


def test_where_nothing_could_be_sent_every_query_fails_by_it() -> None:
    """It was tried as often as a query alone would be."""

    def driven() -> Flow[Any]:
        found = yield from core_of().outcomes_together([QUERY, replace(QUERY, symbol="A")])
        assert [type(one) for one in found] == [ConnectionError] * 2
        yield Wait(0.0)

    flow, tries = driven(), 0
    step = next(flow)
    while isinstance(step, Request) or step.seconds:
        tries += isinstance(step, Request)
        refused = ConnectionError("refused", sent=False)
        step = flow.throw(refused) if isinstance(step, Request) else flow.send(None)
    assert tries == 1 + RetryPolicy().max_retries


def test_the_first_error_of_several_is_raised_and_what_came_before_it_cached() -> None:
    core = core_of()
    queries = [replace(QUERY, symbol=symbol) for symbol in ("A", "ZZZZ", "B")]
    problem = to_problem(NotFoundError("no symbol ZZZZ"))
    with pytest.raises(NotFoundError, match="ZZZZ"):
        play(core.bars_together(queries), [response(BARS, problem, BARS)])
    _, requests = play(core.bars(queries[0]), [])
    assert requests == []


def test_clearing_clears_here_whatever_the_gateway_says() -> None:
    core = core_of()
    assert core.cache is not None
    for answer, cleared in ((json({"cleared": 0}), True), (json({"detail": "no"}, 404), False)):
        play(core.bars(QUERY), [response(BARS)])
        assert play(core.clear("spy"), [answer])[0] is cleared
        assert len(core.cache) == 0
    with pytest.raises(ValidationError, match="symbol"):
        play(core.clear("a/b"), [])


CLOCK = json({"now": "2024-07-08T14:00:00Z", "speed": 1.0, "paused": False, "wall": False})


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        ("2024-07-06", "2024-07-07", "no bars: 2024-07-06 is a weekend, 2024-07-07 is a weekend"),
        ("2024-07-04", "2024-07-04", "no bars: 2024-07-04 is an exchange holiday"),
        ("2024-07-09", "2024-07-09", "no bars: 2024-07-09 is in the future"),
        ("1995-01-04", "1995-01-04", "the source's 15min bars do not reach back there"),
    ],
)
@pytest.mark.parametrize("again", [False, True])
def test_an_answer_without_bars_says_why_by_the_gateways_time(
    start: str, end: str, why: str, again: bool
) -> None:
    """That of a replay, whose future is our past; of what comes out of the cache, too."""
    core, empty = core_of(), response(Bars.empty())
    if again:
        play(core.fetch("SPY", start, end, "15min", None, True, True), [empty, CLOCK])
    answers = [CLOCK] if again else [empty, CLOCK]
    answer, _ = play(core.fetch("SPY", start, end, "15min", None, True, True), answers)
    (note,) = answer.metadata.notes
    assert why in note
    assert answer.frames.make().attrs["notes"] == [note]


def test_of_a_gateway_whose_time_is_not_known_the_reason_is_by_ours() -> None:
    """The answer is there."""
    flow = core_of().fetch("SPY", "2024-07-06", "2024-07-06", "15min", None, True, True)
    answer, _ = play(flow, [response(Bars.empty()), json({}, 403)])
    assert answer.metadata.notes == ["no bars: 2024-07-06 is a weekend"]


def test_of_many_frames_those_without_bars_say_why() -> None:
    """`fetch_many`, of whatever was fetched together."""
    core = core_of()
    queries = [replace(QUERY, symbol=symbol) for symbol in ("SPY", "A")]
    found, _ = play(core.outcomes_together(queries), [response(BARS, Bars.empty())])
    (full, empty), _ = play(explained(core, queries, found), [CLOCK])
    assert full.metadata.notes == []
    (note,) = empty.metadata.notes
    assert note.startswith("no bars: nothing was traded in 2024-07-01 and later sessions, or")
