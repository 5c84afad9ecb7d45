"""A gateway whose answers are the same each time: made-up prices, a clock that stands."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.bar_feed import BarFeed
from polytape.upstream.budget.budget import Budget
from polytape.upstream.market_clock import MarketClock
from polytape.upstream.synthetic.listing import listing
from polytape.upstream.synthetic.source import Synthetic

# A Monday at 10:00 in New York: half an hour after the bell.
NOW_TEXT = "2026-11-23T15:00:00Z"


@contextmanager
def standing_gateway(store: Path) -> Iterator[str]:
    """Yields its URL; what it fetches is kept in the folder `store`."""
    market = xnys()
    clock = MarketClock(parse_instant(NOW_TEXT, "now", market), 1.0, time.monotonic)
    clock.pause()
    segments = SegmentStore(open_storage(str(store)), "synthetic/0", market)
    upstream = Synthetic(market, clock.now).upstream()
    assert upstream.bars is not None
    feed = BarFeed(upstream.bars, clock, listing)
    budget = Budget.of(100, 1.0)
    gateway = Gateway(
        upstream,
        market,
        clock.now,
        budget,
        segments,
        feed,
        clock,
        wall=clock.now,
        slow_request_s=inf,
    )
    with running(create_app(gateway)) as url:
        yield url
