"""Who has the lease writes everything, in order, and tells what it could not."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from polytape.upstream.live import FeedSink
from polytape.upstream.shared_feed import holder
from polytape.upstream.shared_feed.entries import FeedNotice, Position, deliver
from polytape.upstream.shared_feed.holder import EVENTS_AN_ENTRY, Holder
from polytape.upstream.shared_feed.shared_log import COMPETE
from polytape.wire.polygon.events import MarketEvent
from polytape.wire.polygon.topics import Topic
from tests.fakes.feed import minute
from tests.upstream.shared_feed.memory_log import MemoryLog, Server
from tests.upstream.shared_feed.virtual_time import now_us, play, seconds


class Recorder:
    """A sink that notes what it is given."""

    def __init__(self) -> None:
        self.given: list[FeedNotice | tuple[list[MarketEvent], bool]] = []

    def events(self, events: Sequence[MarketEvent], *, backfilled: bool = False) -> None:
        self.given.append((list(events), backfilled))

    def notice(
        self, kind: str, detail: str = "", *, start: int | None = None, end: int | None = None
    ) -> None:
        self.given.append(FeedNotice(kind, detail, start, end))


class Once:
    """A source that sends something at once, and then nothing."""

    channels = ("AM",)

    def __init__(self, send: Callable[[FeedSink], None]) -> None:
        self._send = send

    def want(self, topics: frozenset[Topic]) -> None:
        """It sends what it sends."""

    def status(self) -> str:
        return "connected"

    async def run(self, sink: FeedSink) -> None:
        self._send(sink)
        await asyncio.Event().wait()


class Resuming(Once):
    """One that fills gaps by itself."""

    since: int | None = None

    def missed_since(self, instant: int) -> None:
        self.since = instant


async def written(
    source: Once, through: int | None = None, for_s: float = 1.0
) -> list[FeedNotice | tuple[list[MarketEvent], bool]]:
    """What stands in the log after a second of a lease."""
    server = Server(seconds)
    shared = MemoryLog(server)
    await shared.beat("a", COMPETE, frozenset())
    await asyncio.sleep(5)
    beat = await shared.beat("a", COMPETE, frozenset())
    one = Holder(
        shared, "a", Position(beat.epoch, beat.fence, beat.number), seconds() + for_s, through,
        now=now_us, clock=seconds, sleep=asyncio.sleep,
    )  # fmt: skip
    one.begin()
    await one.run(source)
    recorder = Recorder()
    for entry in server.entries:
        deliver(entry, recorder)
    return recorder.given


def test_batches_that_wait_are_written_together_and_never_cut() -> None:
    """Live and late ones apart, notices between them, all in order."""
    batches = [[minute("A", n) for n in range(size)] for size in (3, 4, EVENTS_AN_ENTRY, 500, 1)]

    def send(sink: FeedSink) -> None:
        for batch in batches:
            sink.events(batch)
        sink.notice("gap", "why", start=1, end=2)
        sink.events(batches[0], backfilled=True)
        sink.events(batches[1])

    assert play(written(Once(send))) == [
        (batches[0] + batches[1], False), (batches[2], False), (batches[3], False),
        (batches[4], False), FeedNotice("gap", "why", 1, 2), (batches[0], True),
        (batches[1], False),
    ]  # fmt: skip


def test_what_nobody_saw_is_a_gap_or_the_sources_own_to_fill() -> None:
    """From what is in the log to now; the very first holder has nothing to tell."""
    assert play(written(Once(lambda _: None))) == []
    (gap,) = play(written(Once(lambda _: None), through=17))
    assert isinstance(gap, FeedNotice)
    assert (gap.kind, gap.start) == ("gap", 17)
    assert gap.end is not None
    resuming = Resuming(lambda _: None)
    assert play(written(resuming, through=17)) == []
    assert resuming.since == 17


def test_more_than_can_wait_is_given_up_with_a_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded, and nothing is lost without a word."""
    monkeypatch.setattr(holder, "MAX_WAITING", 10)

    def send(sink: FeedSink) -> None:
        sink.events([minute("A", n) for n in range(8)])
        sink.events([minute("A", n) for n in range(8, 13)])
        sink.events([minute("A", 13)])

    gap, last = play(written(Once(send)))
    assert isinstance(gap, FeedNotice)
    assert (gap.kind, gap.detail[:10]) == ("gap", "13 events ")
    assert last == ([minute("A", 13)], False)


def test_the_source_ends_with_the_lease() -> None:
    """Not later than the deadline, by the gateway's clock."""

    async def scene() -> float:
        began = seconds()
        await written(Once(lambda _: None), for_s=2.5)
        return seconds() - began

    assert 7.5 <= play(scene()) < 7.6
