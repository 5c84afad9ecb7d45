"""A client's way out: what a connection does not take waits in the hub."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from polytape.gateway import outlet as outlets
from polytape.gateway.hub import Hub
from polytape.gateway.live import EndedError, LiveConnection, LiveService
from polytape.gateway.live_frames import STREAM, text_frame
from polytape.gateway.outlet import WRITE_BYTES, Outlet
from polytape.wire.polygon.topics import Topic
from tests.fakes.feed import ScriptedFeed, minute

BARS = Topic("AM", "*")


class FakeWriter:
    """Takes what it is given as long as it is ready; `most` writes, where that is set."""

    def __init__(self, most: int | None = None) -> None:
        self.ready, self.aborted, self.most = True, False, most
        self.on_ready: Callable[[], None] = lambda: None
        self.writes: list[list[bytes]] = []

    def write_frames(self, frames: Sequence[bytes]) -> None:
        assert self.ready
        self.writes.append(list(frames))
        self.ready = self.most is None or len(self.writes) < self.most

    def abort(self) -> None:
        self.aborted = True


class FakeSocket:
    """Remembers how it was closed."""

    def __init__(self) -> None:
        self.closes: list[tuple[int, str]] = []

    async def close(self, code: int, reason: str) -> None:
        self.closes.append((code, reason))


def connected(hub: Hub | None = None) -> tuple[LiveService, LiveConnection]:
    service = LiveService(ScriptedFeed(), hub)
    connection = service.connect("me", lifecycle=True)
    connection.want([BARS])
    return service, connection


def publish(service: LiveService, count: int) -> None:
    """Bars, each by itself, and whoever has to look looks."""
    for number in range(count):
        service.hub.publish([minute("AAPL", number)])
    for subscriber in service.hub.touched():
        subscriber.notify()


def test_frames_that_wait_are_written_together() -> None:
    """In one write, up to a size, in order."""
    service, connection = connected()
    writer = FakeWriter()
    Outlet(writer, connection, STREAM)
    publish(service, 3)
    (write,) = writer.writes
    assert [b'"position":%d' % at in frame for at, frame in enumerate(write)] == [True] * 3
    publish(service, 1_000)
    sizes = [sum(map(len, write)) for write in writer.writes[1:]]
    assert len(sizes) > 1
    assert all(size < WRITE_BYTES + 1_000 for size in sizes)


def test_a_connection_that_takes_no_more_gets_no_more() -> None:
    """The rest waits in the hub's queue, and comes when the connection is ready again."""
    service, connection = connected()
    writer = FakeWriter(most=0)
    writer.ready = False
    Outlet(writer, connection, STREAM)
    publish(service, 5)
    assert (writer.writes, connection.subscriber.waiting) == ([], 5)
    writer.ready, writer.most = True, None
    writer.on_ready()
    assert (len(writer.writes[0]), connection.subscriber.waiting) == (5, 0)


async def test_whoever_reads_no_answers_is_not_heard() -> None:
    """Until they are written; they come before what waits."""
    service, connection = connected()
    writer = FakeWriter()
    outlet = Outlet(writer, connection, STREAM)
    writer.ready = False
    publish(service, 1)
    outlet.answer([b"one", b"two"])
    waiting = asyncio.create_task(outlet.answered())
    await asyncio.sleep(0)
    assert not waiting.done()
    writer.ready = True
    writer.on_ready()
    await waiting
    assert writer.writes[0][:2] == [text_frame(b"one"), text_frame(b"two")]
    assert len(writer.writes[0]) == 3


async def test_the_end_comes_after_what_waits() -> None:
    """With its reason; a long one is cut to what a close frame carries."""
    service, connection = connected()
    writer, socket = FakeWriter(), FakeSocket()
    outlet = Outlet(writer, connection, STREAM)
    writer.ready = False
    publish(service, 1)
    ended = asyncio.create_task(outlet.ended())
    await asyncio.sleep(0)
    service.hub.leave("me", "gone")
    for subscriber in service.hub.touched():
        subscriber.notify()
    with pytest.raises(EndedError, match="gone"):
        await ended
    closing = asyncio.create_task(outlet.close(as_socket(socket), "\u00e4" * 100))
    await asyncio.sleep(0)
    assert socket.closes == []
    writer.ready = True
    writer.on_ready()
    await closing
    assert socket.closes == [(1008, "\u00e4" * 61)]
    assert not writer.aborted


async def test_whoever_takes_no_last_words_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its connection would stay for ever."""
    monkeypatch.setattr(outlets, "LAST_WORDS_S", 0.0)
    _, connection = connected()
    writer = FakeWriter()
    outlet = Outlet(writer, connection, STREAM)
    writer.ready = False
    await outlet.close(as_socket(FakeSocket()), "too slow")
    assert writer.aborted


def as_socket(socket: Any) -> Any:
    return socket
