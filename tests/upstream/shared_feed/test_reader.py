"""A reader passes each entry on once, and refuses what is out of date."""

import asyncio
from collections.abc import Sequence

from polytape.upstream.shared_feed.entries import Entry, FeedNotice, Position
from polytape.upstream.shared_feed.reader import Reader
from polytape.upstream.shared_feed.shared_log import Beat
from polytape.wire.polygon.events import encode_frame
from tests.fakes.feed import minute
from tests.upstream.shared_feed.memory_log import MemoryLog, Server
from tests.upstream.shared_feed.test_holder import Recorder
from tests.upstream.shared_feed.virtual_time import now_us, play, seconds

BEAT = Beat("e", 7, 10, False, True, 1.0, 1, 1, True, None, "connected")


class Scripted(MemoryLog):
    """Gives out what a test wrote, whatever the position."""

    script: list[Entry]

    async def read(self, position: Position) -> list[Entry]:
        await asyncio.sleep(0.1)
        entries, self.script = self.script, []
        return entries


def entry(fence: int, number: int, *, epoch: str = "e", data: bytes | None = None) -> Entry:
    frame = encode_frame([minute("A", number)]) if data is None else data
    return Entry(epoch, fence, number, "live", 10**12 + number, frame)


def read(entries: Sequence[Entry]) -> list[object]:
    """What comes of them: the first event of each, and notices."""

    async def scene() -> list[object]:
        shared, sink = Scripted(Server(seconds)), Recorder()
        shared.script = list(entries)
        reader = Reader(shared, sink, now_us, asyncio.sleep)
        reader.hear(BEAT, beaten=False)
        task = asyncio.ensure_future(reader.run())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])
        return [one if isinstance(one, FeedNotice) else one[0][0] for one in sink.given]

    return play(scene())


def test_a_stale_holder_is_refused() -> None:
    """An entry under a lower fencing number is not passed on, and does not move the position."""
    assert read([entry(8, 11), entry(7, 12), entry(8, 12)]) == [minute("A", 11), minute("A", 12)]
    assert read([entry(6, 11), entry(7, 11)]) == [minute("A", 11)]


def test_an_entry_that_came_twice_is_passed_on_once() -> None:
    """By its number."""
    assert read([entry(7, 11), entry(7, 11), entry(7, 10)]) == [minute("A", 11)]


def test_what_is_missing_is_told_with_its_span() -> None:
    """Between the last entry before and the first one after it."""
    first, gap, second = read([entry(7, 11), entry(8, 15)])
    assert (first, second) == (minute("A", 11), minute("A", 15))
    assert isinstance(gap, FeedNotice)
    assert (gap.kind, gap.end) == ("gap", 10**12 + 15)
    assert gap.start is not None


def test_what_cannot_be_read_is_a_gap() -> None:
    """And the next entry is passed on."""
    gap, after = read([entry(7, 11, data=b"{"), entry(7, 12)])
    assert isinstance(gap, FeedNotice)
    assert after == minute("A", 12)


def test_another_epoch_waits_for_the_server_to_tell_of_it() -> None:
    """Its entries are not taken for those of this one."""
    assert read([entry(9, 11, epoch="other")]) == []
