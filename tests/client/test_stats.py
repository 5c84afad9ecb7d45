"""What a client counts of its work: requests, waits, cache, bytes, and how long its methods take."""

import pickle
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from polytape import PolygonClient
from polytape.client.aio import AsyncPolygonClient
from polytape.client.results import ClientStats
from polytape.client.stats import TIMED, StatsCounter
from polytape.errors import ConnectionError, PolygonClientError
from polytape.model.histogram import Latency
from polytape.model.spans import Span
from polytape.model.units import DAY_US
from polytape.wire.flow import Response
from tests.client.flows import json, play
from tests.client.test_core import BARS, QUERY, WEEK, core_of, response

WEEK_OF_BARS = ("AAPL", "2024-07-01", "2024-07-05", "15min")


def test_waits_and_bytes_are_counted() -> None:
    """A wait before a try is none of the server's, and the body of each answer is one of ours."""
    core = core_of()
    busy = Response(503, {"retry-after": "7"}, b"")
    answer = response(BARS)
    play(core.bars(QUERY), [busy, answer])
    stats = core.stats
    assert (stats.requests, stats.retries, stats.waits, stats.wait_seconds) == (2, 1, 1, 7.0)
    assert stats.bytes == len(answer.body)
    play(core.api.search("A", True), [json({"results": []})])
    assert core.stats.bytes == stats.bytes + len(json({"results": []}).body)


def test_a_hit_that_is_cut_out_of_a_longer_answer_is_a_slice() -> None:
    core = core_of()
    play(core.bars(QUERY), [response(BARS)])
    play(core.bars(QUERY), [])
    play(core.bars(QUERY.over(Span(WEEK.start + DAY_US, WEEK.end))), [])
    play(core.bars(replace(QUERY, limit=3)), [])
    assert (core.stats.cache_hits, core.stats.cache_slices, core.stats.cache_misses) == (3, 1, 1)


@pytest.mark.socket
def test_every_method_is_timed_whatever_comes_of_it(
    gateway: str, make_client: Callable[..., PolygonClient]
) -> None:
    client = make_client(gateway)
    client.fetch_bars(*WEEK_OF_BARS)
    client.fetch_bars(*WEEK_OF_BARS)
    with pytest.raises(ValueError, match="symbol"):
        client.fetch_bars("a b", *WEEK_OF_BARS[1:])
    client.get_latest_price("AAPL")
    latency = client.stats().latency
    assert {name: one.count for name, one in latency.items()} == {
        "fetch_bars": 3, "get_latest_price": 1,
    }  # fmt: skip
    assert 0 < latency["fetch_bars"].p50 <= latency["fetch_bars"].max


@pytest.mark.socket
async def test_the_async_client_counts_the_same(
    gateway: str, make_async_client: Callable[..., AsyncPolygonClient]
) -> None:
    async with make_async_client(gateway) as client:
        await client.fetch_bars(*WEEK_OF_BARS)
        before = client.stats(reset=True)
        await client.fetch_bars(*WEEK_OF_BARS)
        after = client.stats()
    assert (before.requests, before.latency["fetch_bars"].count) == (1, 1)
    assert (after.requests, after.cache_hits, after.latency["fetch_bars"].count) == (0, 1, 1)


def test_a_reset_begins_anew_and_loses_nothing_between_threads() -> None:
    """The sum of what several readers saw is what was counted."""
    counter, seen = StatsCounter(), list[ClientStats]()

    def work(_: int) -> None:
        for _ in range(200):
            counter.count(requests=1)
            counter.observe("fetch_bars", 0.001)
        seen.append(counter.stats(reset=True))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    seen.append(counter.stats())
    assert sum(one.requests for one in seen) == 800
    assert sum(one.latency.get("fetch_bars", Latency()).count for one in seen) == 800


def test_what_is_timed_is_a_method_of_both_clients() -> None:
    """The names are written once, and a method that is gone would be an error at import."""
    for client in (PolygonClient, AsyncPolygonClient):
        assert all(hasattr(getattr(client, name), "__wrapped__") for name in TIMED)


def test_statistics_are_looked_at_in_a_line_each() -> None:
    stats = ClientStats(
        requests=1_200, latency={"fetch_bars": Latency(3, 0.001, 0.002, 0.002, 0.004)}
    )
    text = repr(stats)
    assert "requests=1,200" in text
    assert text.splitlines()[1] == ("  fetch_bars: 3 calls, p50 1 ms, p90 2 ms, p99 2 ms, max 4 ms")
    html = stats._repr_html_()
    assert html.startswith("<table>")
    assert "<th>fetch_bars</th><td>3</td><td>1 ms</td>" in html
    assert pickle.loads(pickle.dumps(stats)) == stats


def test_a_gateway_that_is_not_there_is_timed_too(
    make_client: Callable[..., PolygonClient],
) -> None:
    client = make_client("http://127.0.0.1:9", max_retries=2)
    with pytest.raises(ConnectionError):
        client.rate_limit()
    stats = client.stats()
    assert (stats.requests, stats.retries, stats.waits) == (3, 2, 2)
    assert stats.latency["rate_limit"].count == 1


@pytest.mark.socket
@pytest.mark.parametrize("wrong", [("APPL", "1day"), ("AAPL", "7min")])
def test_an_error_of_ours_shows_a_step_or_two(
    gateway: str, make_client: Callable[..., PolygonClient], wrong: tuple[str, str]
) -> None:
    """A notebook showed 55 lines of flows above the one that says what is wrong."""
    client = make_client(gateway)
    with pytest.raises(PolygonClientError) as caught:
        client.fetch_bars(wrong[0], "2024-07-01", "2024-07-05", wrong[1])
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert sum("/src/" in frame.filename for frame in frames) == 1
