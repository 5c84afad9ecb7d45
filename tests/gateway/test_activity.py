"""What a gateway does now, as `/status` says it."""

import asyncio
from typing import Any

import httpx2
import msgspec
import pytest

from polytape.gateway.activity import ActivityMonitor
from polytape.gateway.gateway import Gateway
from polytape.gateway.outlet import Outlet
from polytape.wire.api.activity_messages import Activity
from polytape.wire.api.messages import Status
from tests.conftest import NOW, gateway_of
from tests.fakes.feed import ScriptedFeed, minute
from tests.gateway.api.test_openapi import schema
from tests.gateway.test_outlet import BARS, FakeWriter

WEEK = {"symbol": "AAPL", "timeframe": "1day", "start_date": "2024-07-01", "end_date": "2024-07-05"}


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(synthetic_gateway: Gateway) -> Clock:
    """The seconds of the gateway's monitor."""
    clock = Clock()
    synthetic_gateway.monitor = ActivityMonitor(synthetic_gateway, clock)
    return clock


async def test_rates_hits_and_routes_are_of_the_last_minute(
    fresh_http: httpx2.AsyncClient, clock: Clock
) -> None:
    for limit in (1, 2, 3, 4):
        await fresh_http.post("/api/v1/bars", json=WEEK | {"limit": limit})
    await fresh_http.get("/nope")
    clock.seconds = 10.0
    status = msgspec.convert((await fresh_http.get("/status")).json(), Status)
    activity = status.activity
    assert activity is not None
    assert (activity.window_seconds, activity.requests_per_second) == (10.0, 0.5)
    assert (activity.bars_per_second, activity.fetches_per_second) == (1.0, 0.1)
    assert activity.cache_hit_rate == 0.75
    assert activity.requests_in_flight == 1
    assert {one.route: one.requests for one in activity.routes} == {
        "/api/v1/bars": 4, "unmatched": 1,
    }  # fmt: skip
    slowest = activity.routes[0]
    assert slowest.p50_seconds is not None
    assert slowest.p99_seconds is not None
    assert 0 < slowest.p50_seconds <= slowest.p99_seconds
    assert slowest.p99_seconds >= (activity.routes[1].p99_seconds or 0)


async def test_the_monitor_looks_every_few_seconds_until_it_is_cancelled(
    synthetic_gateway: Gateway, clock: Clock
) -> None:
    """Requests of more than a minute ago are none of the last minute."""
    synthetic_gateway.metrics.count("/a", 500, 0.1)
    slept = 0

    async def sleep(seconds: float) -> None:
        nonlocal slept
        slept, clock.seconds = slept + 1, clock.seconds + seconds
        if slept == 30:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await synthetic_gateway.monitor.run(sleep)
    activity = synthetic_gateway.monitor.activity()
    assert activity.window_seconds == 60.0
    assert (activity.requests_per_second, activity.errors_per_second) == (0.0, 0.0)
    assert activity.routes[0].p99_seconds is None
    assert (activity.routes[0].requests, activity.cache_hit_rate) == (1, None)


def test_sockets_feed_and_lag_are_what_the_hub_has(synthetic_gateway: Gateway) -> None:
    """How long events take is counted when they are written to a client, not before."""
    live = synthetic_gateway.live
    live._source = ScriptedFeed()
    connection = live.connect("me", lifecycle=False)
    connection.want([BARS])
    writer = FakeWriter()
    writer.ready = False
    Outlet(writer, connection, _protocol())
    bar = minute("AAPL", 0)
    live._now = lambda: bar.end * 1_000 + 2_500_000
    live._wake = lambda: None  # type: ignore[method-assign]
    live.events([bar])
    waiting = synthetic_gateway.monitor.activity()
    assert (waiting.sockets.clients, waiting.sockets.topics, waiting.sockets.waiting) == (1, 1, 1)
    assert (waiting.sockets.delivery_p99_seconds, waiting.feed.lag_seconds) == (None, 2.5)
    writer.ready = True
    live.hub.touched()[0].notify()
    after = synthetic_gateway.monitor.activity().sockets
    assert after.waiting == 0
    assert after.delivery_p99_seconds is not None
    assert synthetic_gateway.metrics.delivery.count == 1


def test_bars_that_came_late_are_no_lag(synthetic_gateway: Gateway) -> None:
    live = synthetic_gateway.live
    live._wake = lambda: None  # type: ignore[method-assign]
    live.events([minute("AAPL", 0)], backfilled=True)
    assert live.lag_seconds is None


async def test_what_waits_is_counted_by_pool(synthetic_gateway: Gateway) -> None:
    """Two threads compute, a third call waits."""
    leave = asyncio.Event()
    loop, workers = asyncio.get_running_loop(), synthetic_gateway.workers

    def block() -> None:
        asyncio.run_coroutine_threadsafe(leave.wait(), loop).result()

    calls = [asyncio.ensure_future(workers.heavy(block)) for _ in range(3)]
    while workers.waiting()["heavy"] != 1:
        await asyncio.sleep(0)
    assert synthetic_gateway.monitor.activity().waiting.heavy == 1
    leave.set()
    await asyncio.gather(*calls)
    assert workers.waiting() == {"work": 0, "heavy": 0, "foreground": 0, "background": 0}


def test_the_schema_describes_what_status_says(market: Any) -> None:
    """Every part of the page is in OpenAPI, with its meaning."""
    schemas = schema.raw_schema["components"]["schemas"]
    assert set(schemas["Activity"]["properties"]) == set(Activity.__struct_fields__)
    gateway = gateway_of(None, market)
    said = msgspec.to_builtins(gateway.status())
    gateway.close()
    assert set(said) == set(schemas["Status"]["properties"])
    assert said["activity"]["feed"] == {
        "state": "none",
        "events_per_second": 0.0,
        "lag_seconds": None,
    }
    assert gateway.started == NOW


def _protocol() -> Any:
    from polytape.gateway.live_frames import STREAM

    return STREAM
