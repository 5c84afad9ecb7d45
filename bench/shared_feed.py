"""Two gateways over one redis-server: minute bars from the one with the socket to the other.

`python bench/shared_feed.py` prints messages a second from the first to the last that arrives,
beside a plain redis-py loop that carries the same bytes: XADD a frame, XREAD a hundred, nothing
encoded or decoded. Each side is a process of its own; nothing may be lost. Ours is as in the
product: events are encoded, written under the lease by a script, read and decoded by both sides.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis
import uvloop
from tests.fakes.redis_server import RedisServer

from polytape.upstream.live import FeedSink
from polytape.upstream.shared_feed.feed import SharedFeed
from polytape.upstream.shared_feed.redis_log import redis_log
from polytape.wire.polygon.events import MarketEvent, MinuteAggregate, encode_frame
from polytape.wire.polygon.topics import Topic

MESSAGES, A_FRAME, ROUNDS = 300_000, 50, 5
ROOT = Path(__file__).parents[1]
GOAL = 150_000
START_MS = 1_795_530_600_000
TOPICS = frozenset([Topic("AM", "*")])


def main() -> None:
    """Alternating rounds; each kind's median."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            rates = [(*run(server, "ours"), run(server, "plain")[0]) for _ in range(ROUNDS)]
        finally:
            server.kill()
    ours, cpu, plain = (statistics.median(column) for column in zip(*rates, strict=True))
    size = len(encode_frame(frame(0))) // A_FRAME
    print(f"{MESSAGES:,} messages of {size} bytes, {A_FRAME} a frame, none lost, {ROUNDS} rounds")
    print(f"ours {ours:,.0f}/s | plain XADD and XREAD {plain:,.0f}/s | ratio {ours / plain:.2f}")
    print(f"both gateways together: {cpu:.1f} us of CPU a message")
    print(f"goal {GOAL:,}/s: {'reached' if ours >= GOAL else 'MISSED'}")


def run(server: RedisServer, kind: str) -> tuple[float, float]:
    """Messages a second, and microseconds of CPU a message of both of our sides."""
    with redis.Redis(port=server.port) as client:
        client.flushall()
    sides = [
        subprocess.Popen(
            [sys.executable, __file__, f"{kind}-{side}", server.url],
            stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True,
            cwd=ROOT, env={"PYTHONPATH": str(ROOT)},
        )
        for side in ("from", "to")
    ]  # fmt: skip
    source, reader = sides
    for one in sides:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    written, _ = source.communicate("go\n")
    answer, _ = reader.communicate()
    assert source.returncode == reader.returncode == 0
    rate, *cpu = map(float, answer.split() + written.split())
    return rate, 1e6 * sum(cpu)


def frame(number: int) -> list[MarketEvent]:
    """Bars of a frame; each of them differs."""
    return [
        MinuteAggregate(
            f"SYM{at}", 100.25, 101.5, 99.75, 100.5 + number % 50, 12_345 + at, START_MS + number,
            START_MS + number + 60_000, 100.4321, 1_234_567, 100.1234, 99.5, 87,
        )
        for at in range(A_FRAME)
    ]  # fmt: skip


class Firehose:
    """A source that sends all at once when it is told to."""

    channels = ("AM",)

    def want(self, topics: frozenset[Topic]) -> None:
        pass

    def status(self) -> str:
        return "connected"

    async def run(self, sink: FeedSink) -> None:
        frames = [frame(number) for number in range(MESSAGES // A_FRAME)]
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        for events in frames:
            sink.events(events)
            await asyncio.sleep(0)
        await asyncio.Event().wait()


class Silent(Firehose):
    """Never has the lease here."""

    async def run(self, sink: FeedSink) -> None:  # noqa: ARG002
        raise AssertionError("two sockets")


class Counter:
    """Counts what comes, and sees that none is missing."""

    def __init__(self, *, says: bool) -> None:
        self.count, self.began, self.took, self.cpu = 0, 0.0, 0.0, 0.0
        self.done = asyncio.Event()
        self._says = says

    def events(self, events: Sequence[MarketEvent], *, backfilled: bool = False) -> None:
        assert not backfilled
        if not self.count:
            self.began, self.cpu = time.perf_counter(), time.process_time()
        for event in events[::A_FRAME]:
            assert isinstance(event, MinuteAggregate)
            assert event.start == START_MS + self.count // A_FRAME
            self.count += A_FRAME
        if self.count == MESSAGES:
            self.took = time.perf_counter() - self.began
            self.cpu = time.process_time() - self.cpu
            self.done.set()

    def notice(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> None:
        assert kind == "connected", (detail, start, end)
        if self._says:
            print("ready", flush=True)
            self._says = False


async def ours(source: Firehose, url: str, *, says: bool) -> None:
    counter = Counter(says=says)
    feed = SharedFeed(source, lambda: redis_log(url, "bench"), lambda: time.time_ns() // 1_000)
    feed.want(TOPICS)
    task = asyncio.create_task(feed.run(counter))
    done = asyncio.create_task(counter.done.wait())
    await asyncio.wait([task, done], return_when=asyncio.FIRST_COMPLETED)
    await asyncio.sleep(0.5)
    task.cancel()
    await asyncio.wait([task])
    if says:
        print(MESSAGES / counter.took)
    print(counter.cpu / MESSAGES)


def plain_from(client: redis.Redis) -> None:
    frames = [encode_frame(frame(number)) for number in range(MESSAGES // A_FRAME)]
    print("ready", flush=True)
    sys.stdin.readline()
    for data in frames:
        client.xadd("plain", {"d": data}, maxlen=10_000, approximate=True)


def plain_to(client: redis.Redis) -> None:
    print("ready", flush=True)
    count, last, began = 0, b"0", 0.0
    while count < MESSAGES:
        answer: Any = client.xread({"plain": last}, 100, 1_000)
        for _, entries in answer or ():
            began = began or time.perf_counter()
            count += A_FRAME * len(entries)
            last = entries[-1][0]
    print(MESSAGES / (time.perf_counter() - began))


def side(name: str, url: str) -> None:
    match name:
        case "ours-from":
            uvloop.run(ours(Firehose(), url, says=False))
        case "ours-to":
            time.sleep(5)  # the other one takes the lease first
            uvloop.run(ours(Silent(), url, says=True))
        case "plain-from":
            plain_from(redis.Redis.from_url(url, protocol=2))
        case "plain-to":
            plain_to(redis.Redis.from_url(url, protocol=2))


if __name__ == "__main__":
    side(*sys.argv[1:]) if sys.argv[1:] else main()
