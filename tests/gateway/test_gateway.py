"""What the gateway does, without HTTP: one source and one store, shared by everybody."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

import polytape
from polytape.errors import ConfigurationError, DataFetchError, ValidationError
from polytape.gateway.gateway import Gateway
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.timeframes import Timeframe
from polytape.model.units import DAY_US
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from tests.conftest import MARKET, NOW, day_span
from tests.gateway.conftest import MakeGateway
from tests.gateway.scripted import Scripted
from tests.store.bars import memory

QUERY = BarsQuery("X", Timeframe.MIN_15, day_span(date(2024, 7, 2)))


async def until(condition: Callable[[], bool]) -> None:
    """Give way to others until something is so; the test's own timeout bounds it."""
    while not condition():
        await asyncio.sleep(0)


async def test_identical_queries_in_flight_are_fetched_once(make_gateway: MakeGateway) -> None:
    source = Scripted()
    gateway = make_gateway(source.upstream())
    tasks = [asyncio.create_task(gateway.bars.bars(QUERY)) for _ in range(20)]
    await until(lambda: gateway.bars.filler.joined == 19)
    source.leave.set()
    answers = await asyncio.gather(*tasks)
    assert len(source.queries) == 1
    assert all(answer.bars.same(answers[0].bars) for answer in answers)
    assert gateway.status().joined_in_flight == 19
    gateway.close()


async def test_the_event_loop_goes_on_while_a_source_is_read(make_gateway: MakeGateway) -> None:
    source = Scripted()
    gateway = make_gateway(source.upstream())
    task = asyncio.create_task(gateway.bars.bars(QUERY))
    await until(lambda: len(source.queries) == 1)
    ticks = 0
    for _ in range(100):
        await asyncio.sleep(0)
        ticks += not task.done()
    assert ticks == 100
    source.leave.set()
    await task
    assert all(name.startswith("polytape-fetch") for name in source.threads)
    gateway.close()


async def test_who_fetches_in_the_background_has_threads_of_its_own(
    make_gateway: MakeGateway,
) -> None:
    source = Scripted(leave=True)
    gateway = make_gateway(source.upstream())
    await gateway.bars.bars(replace(QUERY, background=True))
    assert all(name.startswith("polytape-backfill") for name in source.threads)
    gateway.close()


async def test_five_and_fifteen_minutes_are_one_fetch(make_gateway: MakeGateway) -> None:
    source = Scripted(leave=True)
    gateway = make_gateway(source.upstream())
    for timeframe in (Timeframe.MIN_1, Timeframe.MIN_5, Timeframe.MIN_15, Timeframe.MIN_240):
        await gateway.bars.bars(BarsQuery("X", timeframe, QUERY.span, limit=3))
    assert len(source.queries) == 1
    assert gateway.status().answered_from_memory == 3
    await gateway.bars.bars(replace(QUERY, use_cache=False))
    assert len(source.queries) == 2
    assert gateway.clear("x") == 1
    await gateway.bars.bars(QUERY)
    assert len(source.queries) == 3
    gateway.close()


async def test_what_is_not_final_is_fetched_again(make_gateway: MakeGateway) -> None:
    source = Scripted(leave=True)
    gateway = make_gateway(source.upstream())
    today = QUERY.over(day_span(date(2026, 11, 20), date(2026, 11, 23)))
    for _ in range(2):
        await gateway.bars.bars(today)
    assert len(source.queries) == 2
    gateway.close()


async def test_an_error_reaches_everybody_and_is_not_cached(make_gateway: MakeGateway) -> None:
    source = Scripted()
    source.error = DataFetchError("the disk is gone")
    gateway = make_gateway(source.upstream())
    tasks = [asyncio.create_task(gateway.bars.bars(QUERY)) for _ in range(3)]
    await until(lambda: gateway.bars.filler.joined == 2)
    source.leave.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, DataFetchError) for outcome in outcomes)
    source.error = None
    assert len((await gateway.bars.bars(QUERY)).bars) == 1
    gateway.close()


async def test_who_leaves_does_not_take_the_answer_with_it(make_gateway: MakeGateway) -> None:
    source = Scripted()
    gateway = make_gateway(source.upstream())
    first = asyncio.create_task(gateway.bars.bars(QUERY))
    await until(lambda: len(source.queries) == 1)
    second = asyncio.create_task(gateway.bars.bars(QUERY))
    await until(lambda: gateway.bars.filler.joined == 1)
    first.cancel()
    source.leave.set()
    assert len((await second).bars) == 1
    assert len(source.queries) == 1
    gateway.close()


async def test_what_was_read_before_it_was_final_is_not_cached_as_final(market: Market) -> None:
    """The read begins before 11:00 of the next trading day and ends after it."""
    source = Scripted()
    times = [parse_instant("2024-07-03 10:59:59 America/New_York", "at", MARKET)]
    gateway = Gateway(source.upstream(), market, lambda: times[-1], Budget.of(100, 1.0))
    task = asyncio.create_task(gateway.bars.bars(QUERY))
    await until(lambda: len(source.queries) == 1)
    times.append(parse_instant("2024-07-03 11:00:01 America/New_York", "at", MARKET))
    source.leave.set()
    await task
    await gateway.bars.bars(QUERY)
    assert len(source.queries) == 2
    gateway.close()


async def test_a_gateway_without_a_source_says_so(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(None)
    with pytest.raises(ConfigurationError, match="neither a source of bars nor a store"):
        await gateway.bars.bars(QUERY)
    assert gateway.status().source == "none"
    assert gateway.clear(None) == 0
    gateway.close()


async def test_clearing_forgets_cached_bars_and_what_the_source_remembers(
    make_gateway: MakeGateway,
) -> None:
    source = Scripted(leave=True)
    gateway = make_gateway(source.upstream())
    await gateway.bars.bars(QUERY)
    assert len(gateway.cache) == 1
    assert gateway.clear("Y") == 0
    assert gateway.clear(None) == 1
    assert source.forgets == 2
    with pytest.raises(ValidationError, match="symbol"):
        gateway.clear("a/b")
    gateway.close()


async def test_the_status_counts_what_happened(market: Market) -> None:
    source, times = Scripted(leave=True), [NOW]
    store = SegmentStore(memory(), "scripted", MARKET)
    budget = Budget.of(100, 1.0)
    gateway = Gateway(
        source.upstream(), market, lambda: NOW - DAY_US, budget, store, wall=lambda: times[-1]
    )
    for _ in range(3):
        await gateway.bars.bars(QUERY)
    times.append(NOW + 90_500_000)
    status = gateway.status()
    assert (status.version, status.source, status.made_up) == (
        polytape.__version__, "scripted", False
    )  # fmt: skip
    assert (status.store, status.started_at) == ("memory", "2026-11-23T15:00:00Z")
    # A replay's time is the market's: it says nothing of how long the gateway has run.
    assert status.market_time == "2026-11-22T15:00:00Z"
    assert (status.uptime_seconds, status.fetches, status.answered_from_memory) == (90.5, 1, 2)
    assert (status.bars_served, status.requests, status.cached_answers) == (3, 0, 1)
    assert status.cached_bytes == gateway.cache.bytes > 0
    assert (status.rate_limit.limit, status.rate_limit.remaining) == (100, 100)
    assert status.rate_limit.reset_at == "2026-11-23T15:01:30.500Z"
    text = gateway.render_metrics().decode()
    assert "polytape_bars_served_total 3.0" in text
    assert 'polytape_source_fetches_total{series="1min"} 1.0' in text
    assert "polytape_budget_remaining 100.0" in text
    gateway.close()


async def test_closing_sends_away_who_waits_for_the_source(market: Market) -> None:
    closed: list[str] = []
    upstream = replace(Scripted(leave=True).upstream(), close=lambda: closed.append("source"))
    gateway = Gateway(upstream, market, lambda: NOW, Budget.of(100, 1.0))
    await gateway.bars.bars(QUERY)
    gateway.close()
    assert closed == ["source"]
    with pytest.raises(RuntimeError):  # its threads are gone
        await gateway.bars.bars(replace(QUERY, use_cache=False))
