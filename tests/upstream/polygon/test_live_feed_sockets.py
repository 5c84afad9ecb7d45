"""The live feed over real sockets, against the fake vendor and all that it does wrong."""

import asyncio
import random
import time as wall
from collections.abc import Iterator
from contextlib import suppress

import pytest

from polytape.fake_vendor.live_mischief import LiveMischief
from polytape.model.market import xnys
from polytape.model.query import series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from polytape.net.socket import connect, socket_url
from polytape.upstream.bar_feed import minute_events
from polytape.upstream.polygon.feed_io import FeedTime
from polytape.upstream.polygon.live_feed import LiveFeed
from polytape.upstream.polygon.minute_fetcher import MinuteFetcher
from polytape.wire.polygon.events import MinuteAggregate
from polytape.wire.polygon.topics import Topic
from tests.fakes.live_vendor import BELL, Book, bar
from tests.fakes.vendor import KEY, Street, street

pytestmark = pytest.mark.socket

# So many times as fast as the wall clock everything is slept.
FAST = 50.0
WAIT_S = 20.0
AAPL = Topic("AM", "AAPL")
# What ends the feed for good, or has nothing to do with minutes.
OTHERS = {LiveMischief.AUTH_REFUSED, LiveMischief.TOPIC_ERROR, LiveMischief.ZERO_SIZE}
KINDS = [kind for kind in LiveMischief if kind not in OTHERS]


@pytest.fixture
def vendor() -> Iterator[Street]:
    with street(BELL + 5_000_000) as made:
        yield made


class Play:
    """A feed that runs against the vendor, and the minutes that the vendor has sent."""

    def __init__(self, street: Street) -> None:
        self.street = street
        self.time = street.time
        self.live = street.vendor.live
        self.book = Book()
        self.minute = BELL - MINUTE_US
        polygon = street.source()
        clocks = FeedTime(
            lambda: self.time.now,
            lambda: wall.monotonic() * FAST,
            lambda seconds: asyncio.sleep(seconds / FAST),
        )
        self.feed = LiveFeed(
            socket_url(street.url, "/stocks"), KEY, MinuteFetcher(polygon.vendor, polygon.bars),
            xnys(), clocks, connect,
        )  # fmt: skip

    async def trade_a_minute(self) -> None:
        """A minute passes, and its bar is sent and is in the REST answers."""
        self.minute += MINUTE_US
        for second in range(20, 64, 20):
            self.time.now = self.minute + second * 1_000_000
            await asyncio.sleep(0.025)
        self.time.now = self.minute + MINUTE_US + 2_000_000
        event = bar("AAPL", self.minute)
        await asyncio.to_thread(self.live.push, [event], in_rest=True)
        await asyncio.sleep(0.01)

    async def comes_right(self) -> bool:
        """Whether the bars become what REST says, before everybody's patience ends."""
        deadline = wall.monotonic() + WAIT_S
        while wall.monotonic() < deadline:
            if self.held() == await asyncio.to_thread(self.truth):
                return True
            await asyncio.sleep(0.05)
        return False

    def held(self) -> dict[int, tuple[float, ...]]:
        """The bars that came, by their starts."""
        return {
            start: _values(event)
            for (_, start), event in self.book.bars.items()
            if BELL <= start <= self.minute
        }

    def truth(self) -> dict[int, tuple[float, ...]]:
        """The same from the vendor's REST API."""
        span = Span(BELL, self.minute + MINUTE_US)
        bars = self.street.source().bars.bars(series_query("AAPL", Series.MINUTE, span)).bars
        return {event.start * 1_000: _values(event) for event in minute_events("AAPL", bars)}


def _values(event: MinuteAggregate) -> tuple[float, ...]:
    return event.open, event.high, event.low, event.close, event.volume


async def play(street: Street, seed: int, minutes: int, chance: float) -> Play:
    """Some minutes, each with a chance of mischief; then good weather until all is right."""
    stage, dice = Play(street), random.Random(seed)
    stage.feed.want(frozenset({AAPL}))
    running = asyncio.ensure_future(stage.feed.run(stage.book))
    try:
        await asyncio.to_thread(stage.live.wait_for, lambda live: live.topics, WAIT_S)
        for _ in range(minutes):
            if dice.random() < chance:
                await asyncio.to_thread(stage.live.order, dice.choice(KINDS))
            await stage.trade_a_minute()
        stage.live.mischief.clear()
        await asyncio.to_thread(stage.live.cut)
        right = await stage.comes_right()
        assert right, (seed, stage.held(), stage.truth(), stage.book.notices)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return stage


def test_a_handshake_says_that_prices_are_made_up(vendor: Street) -> None:
    """A stream may begin before any request was sent."""
    heard: dict[str, str] = {}

    async def main() -> None:
        async with connect(socket_url(vendor.url, "/stocks"), on_headers=heard.update):
            pass

    asyncio.run(main())
    assert heard["x-polytape-made-up"] == "true"


def test_a_vendor_that_is_dead_for_ten_seconds_costs_nothing(vendor: Street) -> None:
    """No bar is lost, none comes twice, and the order is that of time."""

    async def act() -> Play:
        stage = Play(vendor)
        stage.feed.want(frozenset({AAPL}))
        running = asyncio.ensure_future(stage.feed.run(stage.book))
        await asyncio.to_thread(stage.live.wait_for, lambda live: live.topics, WAIT_S)
        for _ in range(3):
            await stage.trade_a_minute()
        await asyncio.to_thread(vendor.vendor.stop_listening)
        await stage.trade_a_minute()  # while nobody listens
        await asyncio.sleep(10 / FAST)
        await asyncio.to_thread(vendor.vendor.listen_again)
        await asyncio.to_thread(stage.live.wait_for, lambda live: live.topics, WAIT_S)
        for _ in range(3):
            await stage.trade_a_minute()
        assert await stage.comes_right()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        return stage

    stage = asyncio.run(act())
    bars = [event for kind, event in stage.book.log if kind.endswith("bar")]
    starts = [event.start for event in bars if event.start * 1_000 >= BELL]
    assert starts == sorted(set(starts))
    assert len(starts) == 7
    # In a fast time a machine that is busy for a moment answers no ping: there may be more gaps.
    kinds = [kind for kind in stage.book.notices if kind != "disconnected"]
    assert kinds[:3] == ["connected", "gap", "reconnected"]
    assert kinds[-1] == "backfilled"


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_vendor_does_the_bars_become_its_own(vendor: Street, seed: int) -> None:
    """Drops, closes, silence, garbage, repeats, fragments, a megabyte, other units of time."""
    asyncio.run(play(vendor, seed, minutes=8, chance=0.6))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1_000, 1_200))
def test_whatever_the_vendor_does_at_length(vendor: Street, seed: int) -> None:
    """The same, two hundred times."""
    asyncio.run(play(vendor, seed, minutes=10, chance=0.7))
