"""Answers from memory: good as long as nothing changed, and not a moment longer."""

import asyncio
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polytape.gateway.answer_cache import MOVING_US, AnswerCache, AnswerKey, CachedResponse
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.market_bars import MarketBars
from polytape.model.query import parse_query
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, MINUTE_US
from polytape.net.storage import open_storage
from polytape.store.coverage import Coverage
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.wire import json_rows
from tests.conftest import MARKET, NOW, flat_bars

KEY = AnswerKey(b"symbol=SPY", None, as_arrow=False)
DAY = date(2026, 11, 18)
SPAN = MARKET.day_span(DAY)
OPEN = MARKET.session(DAY).open  # type: ignore[union-attr]
QUESTION = {"symbol": "SPY", "timeframe": "5min", "start_date": f"{DAY}", "end_date": f"{DAY}"}
PATH = "/api/v1/bars?symbol=SPY&timeframe=5min&start_date=2026-11-18&end_date=2026-11-18"


def response(until: int, size: int = 10) -> CachedResponse:
    return CachedResponse(b"x" * size, b"", 1, until, ())


def test_an_answer_is_good_until_its_time() -> None:
    cache = AnswerCache()
    cache.put(KEY, response(until=100))
    assert cache.get(KEY, 99) is not None
    assert cache.get(KEY, 100) is None
    assert cache.get(KEY, 99) is None  # it is gone


def test_what_changed_in_the_store_is_asked_anew() -> None:
    same = True
    cache = AnswerCache(lambda _: same)
    cache.put(KEY, response(until=100))
    assert cache.get(KEY, 0) is not None
    same = False
    assert cache.get(KEY, 0) is None


def test_it_is_bounded_in_bytes_and_large_answers_are_left_out() -> None:
    cache = AnswerCache(max_bytes=5_000)
    for number in range(10):
        cache.put(KEY._replace(raw=b"%d" % number), response(100, size=500))
    assert 0 < cache.bytes <= 5_000
    cache.put(KEY, response(100, size=5 * 1024 * 1024))
    assert cache.get(KEY, 0) is None


class World:
    """A folder of bars, a gateway with all its caches over it, and one without a memory."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.changes = folder, NOW, 0
        self.write(10.0)
        self.gateway = self._gateway()

    def _gateway(self) -> Gateway:
        store = SegmentStore(open_storage(str(self.folder)), "test", MARKET)
        return Gateway(None, MARKET, lambda: self.now, Budget.of(100, 1.0), store)

    def write(self, price: float, *, minutes: int = 30, symbol: str = "SPY") -> None:
        """Another program stores bars of the day."""
        other = SegmentStore(open_storage(str(self.folder)), "test", MARKET)
        bars = flat_bars([OPEN + n * MINUTE_US for n in range(minutes)], price=price)
        covered = [Coverage(symbol, SPAN, self.now + self.changes, final=True)]
        other.write(Series.MINUTE, MarketBars.of({symbol: bars}), covered, now=self.now)
        other.close()
        self.passes()

    def split(self, ratio: int) -> None:
        """A table of splits is imported."""
        other = SegmentStore(open_storage(str(self.folder)), "test", MARKET)
        split = Split(date(2026, 11, 19), "SPY", 1.0, float(ratio))
        Reference(other.storage).put_splits([split], self.now)
        other.close()
        self.passes()

    def passes(self) -> None:
        """Some time passes on the disk's clock: what a second ago was written has another stamp."""
        self.changes += 1
        stamp = 1_700_000_000_000_000_000 + self.changes * 1_000_000_000
        for path in [self.folder, *self.folder.rglob("*")]:
            if path.is_dir():
                os.utime(path, ns=(stamp, stamp))

    @contextmanager
    def served(self) -> Iterator["World"]:
        """With its gateway on a socket."""
        with running(create_app(self.gateway)) as url, httpx2.Client(base_url=url) as self.client:
            yield self

    def ask(self, path: str = PATH) -> Any:
        answer = self.client.get(path)
        return answer.status_code, answer.json()

    def check(self) -> None:
        """The answer, and the one after it, are those of a gateway without a memory."""
        fresh = self._gateway()
        query = parse_query("SPY", DAY, DAY, "5min", MARKET)
        result = asyncio.run(fresh.bars.bars(query))
        expected = json.loads(json_rows.encode(result.bars, result.metadata, None))
        fresh.close()
        assert [self.ask() for _ in range(2)] == [(200, expected)] * 2
        questions = {"requests": [QUESTION, QUESTION]}
        for _ in range(2):
            batch = self.client.post("/api/v1/bars/batch", json=questions)
            assert batch.json() == {"answers": [expected] * 2}


# Each has a gateway to itself.
EXAMPLES = max(6, settings().max_examples // 3)
CHANGES = st.sampled_from(
    ["ask", "ask", "write", "other", "more", "split", "day", "second", "clear"]
)


@settings(max_examples=EXAMPLES)
@given(st.lists(CHANGES, min_size=3, max_size=10))
def test_no_change_is_hidden_by_a_cached_answer(changes: list[str]) -> None:
    """Whoever stores bars or splits, and whatever day it is: the answer is a fresh gateway's."""
    with tempfile.TemporaryDirectory() as folder, World(Path(folder)).served() as world:
        for number, change in enumerate(changes):
            match change:
                case "write":
                    world.write(20.0 + number)
                case "more":
                    world.write(10.0, minutes=60 + number)
                case "other":
                    world.write(5.0, symbol="QQQ")
                case "split":
                    world.split(2 + number)
                case "day":
                    world.now += DAY_US
                case "second":
                    world.now += MOVING_US
                case "clear":
                    world.gateway.clear(None)
            world.check()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path).served() as one:
        yield one


def test_a_question_that_was_answered_is_answered_without_the_store(world: World) -> None:
    """From the second time on: the bytes are the same."""
    answers = [world.ask() for _ in range(4)]
    assert world.gateway.answers.hits == 3
    assert answers[0] == answers[-1]
    assert len(answers[0][1]["data"]) == 6


def test_an_answer_from_memory_differs_in_nothing_but_its_id(world: World) -> None:
    """Status, headers and their order; it is counted, and has the id that the client offers."""
    first, second = (world.client.get(PATH, headers={"x-request-id": "mine"}) for _ in range(2))
    assert world.gateway.answers.hits == 1
    assert (first.status_code, first.content) == (second.status_code, second.content)
    headers = [dict(answer.headers) for answer in (first, second)]
    for each in headers:
        each.pop("date")
    assert headers[0] == headers[1]
    assert headers[0]["x-request-id"] == "mine"
    assert world.gateway.metrics.total("polytape_requests") == 2
    assert world.gateway.metrics.total("polytape_bars_served") == 12


@pytest.mark.parametrize(
    "path",
    [PATH + "&use_cache=false", PATH + "&validate=true", PATH.replace(f"{DAY}", "2d", 1)],
)
def test_what_is_to_be_made_anew_is(world: World, path: str) -> None:
    """A word means another instant each time."""
    for _ in range(3):
        world.ask(path)
    assert world.gateway.answers.hits == 0
