"""A vendor that may hang up, and a gateway with its live feed, in a market of its own time."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass

from polytape.fake_vendor.market import FakeMarket
from polytape.fake_vendor.routes import Routes
from polytape.fake_vendor.server import FakeVendor
from polytape.fake_vendor.server import running as vendor_running
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.net.http import SyncDriver
from polytape.net.socket import connect, socket_url
from polytape.upstream.answer_store import MemoryAnswers
from polytape.upstream.budget.budget import Budget
from polytape.upstream.market_clock import MarketClock
from polytape.upstream.polygon.connection import VendorConnection
from polytape.upstream.polygon.feed_io import FeedTime
from polytape.upstream.polygon.live_feed import LiveFeed
from polytape.upstream.polygon.minute_fetcher import MinuteFetcher
from polytape.upstream.polygon.source import Polygon
from polytape.upstream.synthetic.source import Synthetic
from polytape.web.page import page_routes
from polytape.wire.flow import Runtime
from polytape.wire.polygon.plans import SECOND_S, UNLIMITED
from tests.web.scene import BEGIN, MARKET

KEY = "k3y-that-must-never-show"
SPEED = 20.0
WAIT_S = 20.0


@dataclass
class CutStreet:
    """A gateway at `url`, and its vendor."""

    vendor: FakeVendor
    url: str

    def wait_for_topics(self) -> None:
        """Until the gateway has subscribed."""
        self.vendor.live.wait_for(lambda live: live.topics, WAIT_S)


@contextmanager
def cut_street() -> Iterator[CutStreet]:
    """It is 11:00, and time passes so many times as fast."""
    clock = MarketClock(BEGIN, SPEED, time.monotonic)
    made_up = Synthetic(MARKET, clock.now).upstream()
    vendor = FakeVendor(Routes(FakeMarket(made_up, MARKET, clock.now, ("AAPL",))), KEY, clock=clock)
    with _elsewhere(vendor_running(vendor)) as address, closing(SyncDriver(address)) as driver:
        runtime = Runtime(time.monotonic, lambda: clock.now() / 1e6, lambda: 0.5)
        budget = Budget.of(UNLIMITED, SECOND_S)
        connection = VendorConnection(driver, budget, KEY, runtime)
        polygon = Polygon(connection, MARKET, clock.now, None, MemoryAnswers())
        feed = LiveFeed(
            socket_url(address, "/stocks"),
            KEY,
            MinuteFetcher(polygon.vendor, polygon.bars),
            MARKET,
            FeedTime(clock.now, lambda: time.monotonic() * SPEED, _sleep),
            connect,
        )
        gateway = Gateway(polygon.upstream(), MARKET, clock.now, budget, None, feed, clock)
        with running(create_app(gateway, page=page_routes())) as url:
            yield CutStreet(vendor, url)
        # Its connection has to be gone before the vendor's loop is.
        vendor.live.wait_for(lambda live: not live.topics, WAIT_S)


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds / SPEED)


@contextmanager
def _elsewhere(context: AbstractContextManager[str]) -> Iterator[str]:
    """A context that runs a loop of its own, entered and left in a thread: the browser's driver has
    one in this thread.
    """
    with ThreadPoolExecutor(1) as thread:
        made = thread.submit(context.__enter__).result()
        try:
            yield made
        finally:
            thread.submit(context.__exit__, None, None, None).result()
