"""What does not vary from run to run, counted: against ways back to slow."""

import asyncio
import gc
import os
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from polytape import ATREngine, CacheManager, PolygonClient
from polytape.engines.options import ScanOptions
from polytape.engines.scanner import scan_flow
from polytape.gateway.app import create_app
from polytape.gateway.daemon_pool import DaemonPool
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.history.bars_cache import BarsCache
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.query import parse_query, series_query
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from polytape.net.storage import FolderStorage, open_storage
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire import arrow, json_rows
from polytape.wire.api.media import ARROW
from polytape.wire.api.messages import BarsMetadata
from tests.client.test_live_bars import Scene, until_live
from tests.client.test_live_bars import scene as scene  # noqa: PLC0414 - a fixture
from tests.conftest import MARKET, NOW, day_span, flat_bars, gateway_of
from tests.gateway.conftest import speaking_to

SPAN = MARKET.day_span(MARKET.date_of(NOW))
PATH = "/api/v1/bars?symbol=SPY&timeframe={}&start_date=2026-11-20&end_date=2026-11-20"
WEEK = ("2026-11-09", "2026-11-13")
SYMBOLS = ("AAPL", "MSFT", "SPY")
FRAMES = ("1min", "5min", "15min", "30min", "60min", "120min", "1day")


class Counted:
    """How often something was called."""

    def __init__(self) -> None:
        self.count = 0

    def since(self) -> int:
        """The calls since this was asked last."""
        count, self.count = self.count, 0
        return count


def calls_of(function: Callable[[], object]) -> int:
    """How many calls, Python's and C's, a call makes."""
    counted = Counted()

    def count(_: object, event: str, __: object) -> None:
        counted.count += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return counted.count


def counting(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> Counted:
    """The calls of a method, which does what it did."""
    counted, real = Counted(), getattr(owner, name)

    def call(*args: Any, **named: Any) -> Any:
        counted.count += 1
        return real(*args, **named)

    monkeypatch.setattr(owner, name, call)
    return counted


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Calls handed to the threads of a gateway."""
    return counting(monkeypatch, DaemonPool, "submit")


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Files of a folder that are opened."""
    return counting(monkeypatch, FolderStorage, "open")


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway over a store of one session of SPY, with no source."""
    store = SegmentStore(open_storage(str(tmp_path)), "test", MARKET)
    span = day_span(MARKET.date_of(NOW - 3 * 24 * 60 * MINUTE_US))
    session = MARKET.session(MARKET.date_of(span.start))
    assert session is not None
    bars = flat_bars([session.open + n * MINUTE_US for n in range(390)])
    store.write(
        Series.MINUTE, MarketBars.of({"SPY": bars}), [Coverage("SPY", span, NOW, final=True)]
    )
    gateway = Gateway(None, MARKET, lambda: NOW, Budget.of(100, 1.0), store)
    yield gateway
    gateway.close()


@pytest.mark.socket
def test_a_warm_question_takes_no_thread_and_reads_no_file(
    stored: Gateway, hops: Counted, opens: Counted
) -> None:
    """Asked again, in either form and by either method, an answer comes from the event loop."""
    days = {"start_date": "2026-11-20", "end_date": "2026-11-20"}
    body = {"symbol": "SPY", "timeframe": "5min", **days}
    with running(create_app(stored)) as url, httpx2.Client(base_url=url) as http:

        def ask(accept: str) -> None:
            got = http.get(PATH.format("5min"), headers={"accept": accept})
            posted = http.post("/api/v1/bars", json=body, headers={"accept": accept})
            assert (got.status_code, posted.status_code) == (200, 200)

        for accept in (ARROW, "application/json"):
            ask(accept)
            assert hops.since()
            opens.since()
            ask(accept)
            assert (hops.since(), opens.since()) == (0, 0)


async def test_a_warm_batch_takes_no_thread_and_reads_no_file(
    stored: Gateway,
    hops: Counted,
    opens: Counted,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """What is in memory is not even parsed again; as Arrow that holds for answers longer than a
    record batch of a long one too: they are the bytes that a single question is answered with.
    """
    monkeypatch.setattr(arrow, "BATCH_BARS", 100)
    for folder in [tmp_path, *tmp_path.rglob("*/")]:
        os.utime(folder, (0, 0))  # what was written just now may still be written to
    days = {"start_date": "2026-11-20", "end_date": "2026-11-20"}
    requests = [{"symbol": "SPY", "timeframe": one, **days} for one in ("1min", "5min")]
    accept = {"accept": ARROW}
    async with speaking_to(create_app(stored)) as http:

        async def ask() -> bytes:
            batch = await http.post(
                "/api/v1/bars/batch", json={"requests": requests}, headers=accept
            )
            assert batch.status_code == 200
            return batch.content

        first = await ask()
        assert hops.since()
        opens.since()
        assert await ask() == first
        assert (hops.since(), opens.since()) == (0, 0)
        alone = [await http.post("/api/v1/bars", json=one, headers=accept) for one in requests]
    assert b"".join(one.content for one in alone) == first


async def test_answers_in_memory_keep_no_other_out(stored: Gateway) -> None:
    """A small question before long answers that are there already: it is written first, and they
    wait for it, however little room it needs by itself.
    """
    day = {"symbol": "SPY", "start_date": "2026-11-20", "end_date": "2026-11-20"}
    known = [day | {"timeframe": one} for one in ("1min", "5min")]
    async with speaking_to(create_app(stored)) as http, asyncio.timeout(10):
        await http.post("/api/v1/bars/batch", json={"requests": known})
        asked = [day | {"timeframe": "240min"}, *known]
        batch = await http.post("/api/v1/bars/batch", json={"requests": asked})
    counts = [one["metadata"]["count"] for one in batch.json()["answers"]]
    assert counts[0] < counts[2] < counts[1]


async def test_a_new_question_of_minutes_in_memory_opens_no_file(
    stored: Gateway, hops: Counted, opens: Counted
) -> None:
    """The first question reads the day's one segment; other timeframes are made of what it read."""
    async with speaking_to(create_app(stored)) as http:
        assert (await http.get(PATH.format("1min"))).status_code == 200
        assert opens.since() <= 2
        assert hops.since() <= 5
        for timeframe in ("5min", "15min", "60min"):
            assert (await http.get(PATH.format(timeframe))).status_code == 200
            assert opens.since() == 0
            assert hops.since() <= 5


@pytest.mark.socket
def test_a_cached_fetch_copies_no_column(gateway: str) -> None:
    """Frames of one answer share their memory until one of them is written to, and a part of it
    shares it too; no request is sent.
    """
    with PolygonClient(gateway) as client:
        whole = client.fetch_bars("AAPL", *WEEK, "1min")
        part = client.fetch_bars("AAPL", WEEK[1], WEEK[1], "1min")
        sent = client.stats().requests
        again = client.fetch_bars("AAPL", *WEEK, "1min")
        assert client.stats().requests == sent
    for name in ("open", "close", "volume"):
        first, second = whole[name].to_numpy(), again[name].to_numpy()
        assert np.shares_memory(first, second)
        assert np.shares_memory(first, part[name].to_numpy())
    starts: list[Any] = [frame["timestamp"].array for frame in (whole, again)]
    assert np.shares_memory(starts[0].asi8, starts[1].asi8)


@pytest.mark.socket
def test_a_cached_fetch_allocates_a_frames_husk(gateway: str) -> None:
    """However many bars: less than a hundredth of their bytes."""
    with PolygonClient(gateway) as client:
        for _ in range(3):
            frame = client.fetch_bars("AAPL", *WEEK, "1min")
        gc.collect()
        tracemalloc.start()
        frame = client.fetch_bars("AAPL", *WEEK, "1min")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < max(40_000, frame.memory_usage().sum() // 10)


def test_what_a_cache_holds_of_others_costs_no_look() -> None:
    """An answer is found among thousands by as many calls as among a few."""
    bars = BarsCache(2**30)
    answers = CacheManager[int](10_000)
    query = series_query("AAPL", Series.MINUTE, SPAN)
    bars.put(query, flat_bars([SPAN.start]))
    answers.put("AAPL", "1min", 0, 1, 1)

    def looks() -> int:
        assert len(bars.beginning(query).bars)
        return calls_of(lambda: (bars.beginning(query), answers.find("AAPL", "1min", bool)))

    alone = looks()
    for number in range(2_000):
        bars.put(series_query(f"A{number}", Series.MINUTE, SPAN), Bars.empty())
        answers.put(f"A{number}", "1min", 0, 1, 1)
    assert looks() <= alone + 4


@pytest.mark.socket
def test_questions_that_go_together_are_one_request(
    gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All timeframes of a symbol; many symbols; all that an engine needs, whose client asks for the
    gateway's time once; a full scan. One request takes no thread.
    """
    submits = counting(monkeypatch, ThreadPoolExecutor, "submit")
    with PolygonClient(gateway, enable_caching=False) as client:

        def sent() -> int:
            return client.stats().requests

        client.fetch_many("AAPL", *WEEK, FRAMES)
        assert sent() == 1
        client.fetch_many(SYMBOLS, *WEEK, "15min")
        assert sent() == 2
        assert submits.since() == 0
        ATREngine(client).run("AAPL", as_of="2026-11-20 14:30 America/New_York")
        assert sent() == 4
        ATREngine(client).run("AAPL", as_of="2026-11-20 14:30 America/New_York")
        assert sent() == 5
        as_of = parse_instant("2026-11-20T19:30:00Z", "as_of", MARKET)
        client.run(scan_flow("AAPL", as_of, MARKET, ScanOptions()))
        assert sent() == 6


@pytest.mark.socket
def test_live_bars_ask_for_their_history_once(scene: Scene) -> None:
    """Two days and the minutes up to the stream's first are one request; what comes live is none,
    nor is the frame.
    """
    with PolygonClient(scene.open()) as client, client.live_bars("AAPL", "5min") as bars:
        until_live(bars, 5)
        assert len(bars.frame)
        assert client.stats().requests == 1


async def test_seven_timeframes_are_made_of_one_read_of_the_minutes(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source is asked once for the minutes of a batch."""
    source = Synthetic(market, lambda: NOW)
    reads = counting(monkeypatch, source, "bars")
    gateway = gateway_of(source.upstream(), market)
    requests = [
        {"symbol": "AAPL", "timeframe": one, "start_date": WEEK[0], "end_date": WEEK[1]}
        for one in FRAMES[:-1]
    ]
    async with speaking_to(create_app(gateway)) as http:
        answer = await http.post("/api/v1/bars/batch", json={"requests": requests})
    gateway.close()
    assert not any("error" in one for one in answer.json()["answers"])
    assert reads.since() == 1


def test_a_bar_takes_so_many_bytes(synthetic: Synthetic) -> None:
    """Eight columns of eight bytes as Arrow, and a header; a line of text as JSON."""
    query = parse_query("AAPL", *WEEK, "1min", MARKET)
    bars = synthetic.bars(series_query("AAPL", Series.MINUTE, query.span)).bars
    metadata = BarsMetadata(symbol="AAPL", timeframe="1min", count=len(bars), source="made-up")
    assert len(arrow.encode(bars, metadata)) <= 64 * len(bars) + 4_000
    assert len(json_rows.encode(bars, metadata)) <= 180 * len(bars)
