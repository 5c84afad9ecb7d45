"""Gateways over a real redis-server: killed, restarted, emptied, stopped; one socket at a time."""

import asyncio
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
import redis

from polytape.upstream.live import FeedSink
from polytape.upstream.shared_feed.feed import SharedFeed
from polytape.upstream.shared_feed.redis_log import redis_log
from polytape.wire.polygon.events import MarketEvent, Trade
from polytape.wire.polygon.topics import Topic
from tests.fakes.redis_server import RedisServer

pytestmark = [pytest.mark.process, pytest.mark.timeout(60)]

LEASE_S = 0.8
TOPICS = frozenset([Topic("T", "A")])


def now_us() -> int:
    return time.time_ns() // 1_000


class Socket:
    """A source of numbered trades, a few a second; `open` counts the sockets of all gateways."""

    channels = ("T",)
    open = 0
    number = 0

    def want(self, topics: frozenset[Topic]) -> None:
        assert topics <= TOPICS

    def status(self) -> str:
        return "connected"

    async def run(self, sink: FeedSink) -> None:
        assert Socket.open == 0, "two sockets"
        Socket.open += 1
        sink.notice("connected")
        try:
            while True:
                await asyncio.sleep(0.01)
                Socket.number += 1
                sink.events([Trade("A", 1.0, Socket.number)])
        finally:
            await asyncio.sleep(0.05)
            Socket.open -= 1


class Sink:
    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.gaps: list[str] = []

    def events(self, events: Sequence[MarketEvent], *, backfilled: bool = False) -> None:
        self.numbers += [event.timestamp for event in events if isinstance(event, Trade)]

    def notice(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> None:
        if kind == "gap":
            self.gaps.append(detail)

    @property
    def holes(self) -> int:
        """How often a number does not follow the one before it."""
        assert self.numbers == sorted(set(self.numbers)), "twice, or out of order"
        return sum(b != a + 1 for a, b in zip(self.numbers, self.numbers[1:], strict=False))


class Two:
    """Two gateways with one key; the first one has the socket."""

    def __init__(self, server: RedisServer) -> None:
        key = uuid.uuid4().hex
        self.sinks = [Sink(), Sink()]
        self.feeds = [
            SharedFeed(
                Socket(),
                lambda: redis_log(server.url, key, lease_s=LEASE_S),
                now_us,
                lease_s=LEASE_S,
            )
            for _ in self.sinks
        ]
        for feed in self.feeds:
            feed.want(TOPICS)
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        for feed, sink in zip(self.feeds, self.sinks, strict=True):
            self.tasks.append(asyncio.create_task(feed.run(sink)))
            await until(lambda: Socket.open == 1)
        await self.both_get_more()

    async def both_get_more(self) -> None:
        counts = [len(sink.numbers) for sink in self.sinks]
        await until(
            lambda: all(len(s.numbers) > c + 5 for s, c in zip(self.sinks, counts, strict=True))
        )


async def until(condition: Callable[[], bool], limit_s: float = 10.0) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < limit_s
        await asyncio.sleep(0.01)


@pytest.fixture
async def two(redis_server: RedisServer) -> AsyncIterator[Two]:
    two = Two(redis_server)
    await two.start()
    yield two
    for task in two.tasks:
        assert not task.done(), task
        task.cancel()
        await asyncio.wait([task])
    assert Socket.open == 0


async def test_both_get_everything_once(two: Two) -> None:
    await two.both_get_more()
    assert [(sink.holes, sink.gaps) for sink in two.sinks] == [(0, []), (0, [])]


async def test_it_is_handed_over_in_good_order(two: Two) -> None:
    """What was sent is not lost; in between nothing was sent."""
    two.tasks[0].cancel()
    await asyncio.wait([two.tasks.pop(0)])
    count = len(two.sinks[1].numbers)
    await until(lambda: len(two.sinks[1].numbers) > count + 5)
    assert two.sinks[1].holes == 0
    assert two.sinks[1].gaps == ["another gateway took over the live feed"]


async def test_a_server_that_forgets_is_survived(two: Two, redis_server: RedisServer) -> None:
    with redis.Redis(port=redis_server.port) as client:
        client.flushall()
    await until(lambda: all(sink.gaps for sink in two.sinks))
    await two.both_get_more()
    assert all("lost its memory" in " ".join(sink.gaps) for sink in two.sinks)
    assert all(sink.holes <= 1 for sink in two.sinks)


async def test_a_server_that_is_started_anew_is_survived(
    two: Two, redis_server: RedisServer
) -> None:
    redis_server.kill()
    await asyncio.sleep(0.2)
    redis_server.start()
    await until(lambda: all(sink.gaps for sink in two.sinks))
    await two.both_get_more()
    assert all(sink.holes <= 1 for sink in two.sinks)


async def test_a_server_that_stands_still_is_survived(two: Two, redis_server: RedisServer) -> None:
    """The socket is closed before the lease ends, and opened again once there is one."""
    redis_server.stop()
    try:
        await until(lambda: Socket.open == 0)
        await until(lambda: {feed.status() for feed in two.feeds} == {"connecting"})
    finally:
        redis_server.go_on()
    await until(lambda: Socket.open == 1)
    await two.both_get_more()
    assert all(sink.gaps and sink.holes <= 1 for sink in two.sinks)


HOLDER = """
import asyncio, sys
sys.path.insert(0, {root!r})
from polytape.upstream.shared_feed.feed import SharedFeed
from polytape.upstream.shared_feed.redis_log import redis_log
from tests.upstream.shared_feed.test_over_redis import Sink, Socket, TOPICS, now_us

class Speaking(Sink):
    def events(self, events, *, backfilled=False):
        print(events[-1].timestamp, flush=True)

url, key = sys.argv[1:]
feed = SharedFeed(Socket(), lambda: redis_log(url, key), now_us)
feed.want(TOPICS)
asyncio.run(feed.run(Speaking()))
"""


async def test_a_killed_process_is_replaced_within_five_seconds(
    redis_server: RedisServer, pytestconfig: pytest.Config
) -> None:
    """With the lease as it is in use. All that the dead one had passed on itself, the other has."""
    key = uuid.uuid4().hex
    program = HOLDER.format(root=str(pytestconfig.rootpath))
    holder = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", program, redis_server.url, key], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    first = int(await asyncio.to_thread(holder.stdout.readline))
    sink = Sink()
    feed = SharedFeed(Socket(), lambda: redis_log(redis_server.url, key), now_us)
    feed.want(TOPICS)
    task = asyncio.create_task(feed.run(sink))
    await until(lambda: len(sink.numbers) > 5)
    assert Socket.open == 0
    assert sink.numbers[0] > first
    holder.kill()
    died = time.monotonic()
    out, _ = await asyncio.to_thread(holder.communicate)
    await until(lambda: Socket.open == 1)
    assert time.monotonic() - died < 5.0
    await until(lambda: bool(sink.gaps))
    theirs = sink.numbers[: sink.numbers.index(max(map(int, out.split()))) + 1]
    assert theirs == list(range(theirs[0], theirs[-1] + 1))
    task.cancel()
    await asyncio.wait([task])
