"""From settings to a source of live events."""

from functools import partial

from polytape.cli.budget import plan_of
from polytape.cli.clock import now_us
from polytape.errors import ValidationError
from polytape.model.market import Market
from polytape.net import http, socket
from polytape.settings import DEFAULT_VENDOR, Settings
from polytape.upstream.bar_feed import BarFeed
from polytape.upstream.budget.budget import Budget
from polytape.upstream.live import LiveSource
from polytape.upstream.market_clock import MarketClock
from polytape.upstream.polygon.bars import PolygonBars
from polytape.upstream.polygon.feed_io import FeedTime
from polytape.upstream.polygon.live_feed import LiveFeed
from polytape.upstream.polygon.minute_fetcher import MinuteFetcher
from polytape.upstream.source import Upstream
from polytape.upstream.synthetic.listing import listing

REAL_TIME, DELAYED = "wss://socket.massive.com", "wss://delayed.massive.com"
CLUSTER = "/stocks"


def choose_feed(
    settings: Settings,
    upstream: Upstream | None,
    market: Market,
    clock: MarketClock,
    budget: Budget,
) -> LiveSource | None:
    """The live events of a source; None where it has none. Raises: ValidationError."""
    if upstream is None:
        return None
    if isinstance(upstream.bars, PolygonBars):
        return live_feed(settings, upstream.bars, market, budget)
    if upstream.made_up:
        return BarFeed(upstream.bars, clock, listing)
    return None


def live_feed(settings: Settings, bars: PolygonBars, market: Market, budget: Budget) -> LiveFeed:
    """The vendor's live feed. Raises: ValidationError for what is no address."""
    plan, state = plan_of(settings), budget.state()
    return LiveFeed(
        feed_url(settings) + CLUSTER,
        bars.vendor.key,
        MinuteFetcher(bars.vendor, bars),
        market,
        FeedTime(now_us),
        partial(socket.connect, on_headers=bars.vendor.on_headers),
        delay_us=0 if plan is None else plan.delay_us or 0,
        rate=state.limit / state.window_s,
    )


def feed_url(settings: Settings) -> str:
    """Where the live feed is: beside a vendor that is not the real one, at the same address.

    Raises: ValidationError.
    """
    url = settings.feed_url
    if url is None and settings.vendor_url != DEFAULT_VENDOR:
        return socket.socket_url(http.check_url(settings.vendor_url, "vendor_url"), "")
    if url is None:
        plan = plan_of(settings)
        return DELAYED if plan is not None and plan.delay_us else REAL_TIME
    if not url.startswith(("ws://", "wss://")):
        raise ValidationError("feed_url", url, f"a WebSocket address, such as {REAL_TIME}")
    return socket.socket_url(http.check_url(f"http{url.removeprefix('ws')}", "feed_url"), "")
