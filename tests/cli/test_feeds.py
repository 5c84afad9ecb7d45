"""Which live feed a gateway reads."""

import pytest

from polytape.cli.clock import now_us, this_market
from polytape.cli.feeds import DELAYED, REAL_TIME, choose_feed, feed_url
from polytape.cli.sources import choose_upstream
from polytape.errors import ValidationError
from polytape.settings import Secret, Settings
from polytape.upstream.answer_store import MemoryAnswers
from polytape.upstream.bar_feed import BarFeed
from polytape.upstream.budget.budget import Budget
from polytape.upstream.live import LiveSource
from polytape.upstream.market_clock import MarketClock
from polytape.upstream.polygon.live_feed import LiveFeed

KEY = Secret("k3y-that-must-never-show")


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (Settings(), REAL_TIME),
        (Settings(plan="advanced"), REAL_TIME),
        (Settings(plan="starter"), DELAYED),
        (Settings(plan="developer"), DELAYED),
        (Settings(vendor_url="http://127.0.0.1:8300/"), "ws://127.0.0.1:8300"),
        (Settings(vendor_url="https://x.example"), "wss://x.example"),
        (Settings(feed_url="ws://127.0.0.1:9/"), "ws://127.0.0.1:9"),
        (Settings(feed_url="wss://y.example", vendor_url="http://z"), "wss://y.example"),
    ],
)
def test_the_feed_goes_with_the_vendor(settings: Settings, url: str) -> None:
    """Beside its REST API, unless another is named; delayed plans have a feed of their own."""
    assert feed_url(settings) == url


@pytest.mark.parametrize("url", ["http://x", "x", "ws://", "wss://u:p@x", "ws://x?apiKey=1"])
def test_what_is_no_address_is_named(url: str) -> None:
    """Without a password in the error."""
    with pytest.raises(ValidationError, match="feed_url"):
        feed_url(Settings(feed_url=url))


def feed_of(settings: Settings) -> LiveSource | None:
    market, budget = this_market(), Budget.of(100, 1.0)
    upstream = choose_upstream(settings, market, budget, MemoryAnswers())
    clock = MarketClock(now_us(), 1.0, lambda: 0.0)
    feed = choose_feed(settings, upstream, market, clock, budget)
    if upstream is not None:
        upstream.close()
    return feed


def test_each_source_has_its_own_feed() -> None:
    """The vendor's, the made-up market's; files and stores have none."""
    assert isinstance(feed_of(Settings(source="polygon", api_key=KEY)), LiveFeed)
    assert isinstance(feed_of(Settings(source="synthetic")), BarFeed)
    assert feed_of(Settings(source="none")) is None


def test_the_key_is_not_shown() -> None:
    """In no repr."""
    feed = feed_of(Settings(source="polygon", api_key=KEY, plan="starter"))
    assert KEY.reveal() not in repr(feed)
    assert isinstance(feed, LiveFeed)
    assert feed.delay_us == 15 * 60_000_000
