"""The async client is the sync one, awaited."""

import asyncio
import inspect
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from polytape import AsyncPolygonClient, NotFoundError, PolygonClient
from tests.fakes.plain_server import PlainServer, cut_short, hang_up


def methods(cls: type) -> dict[str, str]:
    """Each public method's signature; an async twin of a type counts as the type."""
    functions = inspect.getmembers(cls, inspect.isfunction)
    return {
        name: str(inspect.signature(function)).replace("Async", "")
        for name, function in functions
        if not name.startswith("_")
    }


def test_the_two_clients_have_the_same_methods_and_signatures() -> None:
    assert methods(PolygonClient) == methods(AsyncPolygonClient)
    assert inspect.signature(PolygonClient) == inspect.signature(AsyncPolygonClient)
    awaited = {n for n in methods(AsyncPolygonClient)
               if inspect.iscoroutinefunction(getattr(AsyncPolygonClient, n))}  # fmt: skip
    assert awaited == set(methods(PolygonClient)) - {"stats", "stream", "live_bars"}


@pytest.mark.socket
async def test_every_method_answers_as_the_sync_one_does(
    gateway: str, make_client: Callable[..., PolygonClient]
) -> None:
    sync = make_client(gateway)
    async with AsyncPolygonClient(gateway) as client:
        query = ("AAPL", "2024-07-01", "2024-07-05", "15min")
        pd.testing.assert_frame_equal(await client.fetch_bars(*query), sync.fetch_bars(*query))
        assert (await client.fetch_table(*query)).equals(sync.fetch_table(*query))
        many = await client.fetch_many(["AAPL", "ZZZZZZ"], *query[1:3], errors="keep")
        assert isinstance(many["ZZZZZZ", "1day"], NotFoundError)
        assert await client.validate_ticker("AAPL")
        assert await client.get_latest_price("AAPL") == sync.get_latest_price("AAPL")
        when = "2024-07-02 10:30 America/New_York"
        assert await client.get_candle_at_datetime("AAPL", when) == sync.get_candle_at_datetime(
            "AAPL", when
        )
        assert await client.get_session_data("AAPL", when) == sync.get_session_data("AAPL", when)
        assert await client.search_symbols("apple") == sync.search_symbols("apple")
        assert (await client.rate_limit()).limit == 100
        assert (await client.test_connection())[0]
        assert (await client.gateway_status())["source"] == "synthetic"
        assert await client.clear_cache()
        assert client.stats().requests > 5
        assert pickle.loads(pickle.dumps(client))._core.base_url == gateway


@pytest.mark.socket
async def test_trouble_is_retried_and_reported_alike(
    plain: PlainServer, make_async_client: Callable[..., AsyncPolygonClient], waits: list[float]
) -> None:
    plain.script.extend([hang_up, cut_short, (503, {"Retry-After": "3"}, b"")])
    async with make_async_client(plain.url) as client:
        assert len(await client.fetch_bars("SPY", "2024-07-02", "2024-07-02", "15min")) == 64
        assert waits[2] == 3.0
        with pytest.raises(NotFoundError):
            await client.fetch_bars("NOPE", "2024-07-02", "2024-07-02", "15min")


@pytest.mark.socket
def test_a_client_serves_one_event_loop_after_another(gateway: str) -> None:
    client = AsyncPolygonClient(gateway)

    async def once() -> bool:
        try:
            return await client.validate_ticker("AAPL")
        finally:
            await client.close()

    assert [asyncio.run(once()) for _ in range(3)] == [True] * 3


@pytest.mark.socket
@pytest.mark.timeout(60)
@pytest.mark.parametrize("count", [100, pytest.param(500, marks=pytest.mark.long)])
def test_mixed_requests_from_threads_and_tasks_are_all_answered_right(
    gateway: str, count: int
) -> None:
    """32 threads and 32 tasks share a client each; every answer is checked against one made alone."""
    symbols = ["AAPL", "SPY", "BRK.B", "KIMpL", "MSFT", "NVDA"]
    frames = ["5min", "15min", "60min", "1day"]
    first = date(2024, 5, 6)

    def query(number: int) -> tuple[Any, ...]:
        start = first + timedelta(days=number * 7 % 40)
        return (symbols[number % 6], start, start + timedelta(days=number % 5), frames[number % 4])

    def options(number: int) -> dict[str, Any]:
        return {
            "limit": None if number % 3 else 1 + number % 9,
            "include_extended": number % 2 == 0,
            "use_cache": number % 5 != 0,
        }

    truth: dict[int, pd.DataFrame] = {}
    with PolygonClient(gateway, enable_caching=False) as alone:
        for number in range(count // 2):
            truth[number] = alone.fetch_bars(*query(number), **options(number))

    wrong: list[int] = []
    lock = threading.Lock()

    def check(number: int, frame: pd.DataFrame) -> None:
        if not frame.equals(truth[number]):
            with lock:
                wrong.append(number)

    def by_thread(client: PolygonClient, number: int) -> None:
        check(number, client.fetch_bars(*query(number), **options(number)))
        if number % 10 == 0:
            assert client.validate_ticker(symbols[number % 6])
            with pytest.raises(NotFoundError):
                client.get_latest_price("ZZZZZZ")

    async def by_tasks() -> None:
        room = asyncio.Semaphore(32)
        async with AsyncPolygonClient(gateway) as client:

            async def one(number: int) -> None:
                async with room:
                    check(number, await client.fetch_bars(*query(number), **options(number)))

            await asyncio.gather(*(one(number % (count // 2)) for number in range(count)))

    with PolygonClient(gateway) as client, ThreadPoolExecutor(33) as pool:
        tasks = pool.submit(asyncio.run, by_tasks())
        answered = list(pool.map(lambda n: by_thread(client, n % (count // 2)), range(count)))
        tasks.result()
    assert len(answered) == count
    assert wrong == []
