"""The live service: one source for all clients, and what a client learns of its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from polytape.errors import AuthenticationError, ConfigurationError, ValidationError
from polytape.gateway.hub import Hub
from polytape.gateway.live import MOST_TOGETHER, EndedError, LiveConnection, LiveService
from polytape.gateway.subscriber import Batch, Delivery, Lifecycle
from polytape.upstream.live import FeedSink
from polytape.wire.polygon.events import Trade
from polytape.wire.polygon.topics import Topic

TRADES = Topic("T", "A")
TRADE = Trade("A", 1.0, 1)


class ScriptedSource:
    """Says what it is wanted for; ends with an error, or never."""

    channels = ("T",)

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.wishes: list[frozenset[Topic]] = []

    def want(self, topics: frozenset[Topic]) -> None:
        self.wishes.append(topics)

    def status(self) -> str:
        return "connected"

    async def run(self, sink: FeedSink) -> None:
        if self.error is not None:
            raise self.error
        sink.notice("connected")
        sink.events([TRADE])
        await asyncio.Event().wait()


class Ticks:
    """A sleep that ends when the test says so."""

    def __init__(self) -> None:
        self.queue = asyncio.Queue[None]()

    async def sleep(self, seconds: float) -> None:
        await self.queue.get()


@asynccontextmanager
async def running(service: LiveService) -> AsyncIterator[None]:
    task = asyncio.create_task(service.run())
    yield
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def deliveries(client: LiveConnection) -> list[Delivery]:
    """What waits, as soon as there is something, as its outlet would take it."""
    more = asyncio.Event()
    client.subscriber.notify = more.set
    while not client.subscriber.waiting:
        if client.subscriber.ended is not None:
            raise EndedError(client.subscriber.ended)
        more.clear()
        await more.wait()
    return client.subscriber.take()


def kinds(taken: list[Delivery]) -> list[str]:
    return [d.kind if isinstance(d, Lifecycle) else "events" for d in taken]


async def test_a_client_gets_what_the_source_sends() -> None:
    """Notices and events in order; a heartbeat each time the sleep ends."""
    ticks, source = Ticks(), ScriptedSource()
    service = LiveService(source, sleep=ticks.sleep)
    client = service.connect("me", lifecycle=True)
    assert client.want([TRADES]) == 0
    async with running(service):
        first = await deliveries(client)
        assert kinds(first) == ["connected", "events"]
        assert isinstance(first[1], Batch)
        assert first[1].events == (TRADE,)
        for _ in range(2):
            ticks.queue.put_nowait(None)
            assert kinds(await deliveries(client)) == ["heartbeat"]
    assert service.status() == "connected"


async def test_a_refusal_reaches_clients_and_those_who_come_later() -> None:
    """A key without live data: clients get a notice, later ones an error; history goes on."""
    ticks = Ticks()
    service = LiveService(ScriptedSource(AuthenticationError("no plan")), sleep=ticks.sleep)
    client = service.connect("me", lifecycle=True)
    service.must_stream()
    async with running(service):
        (notice,) = await deliveries(client)
        assert isinstance(notice, Lifecycle)
        assert (notice.kind, notice.detail) == ("refused", "no plan")
        assert service.status() == "refused"
        with pytest.raises(ConfigurationError, match=r"no plan \(history still works"):
            service.must_stream()
        with pytest.raises(ConfigurationError, match="no plan"):
            client.want([TRADES])
        ticks.queue.put_nowait(None)
        assert kinds(await deliveries(client)) == ["heartbeat"]


async def test_without_a_source_there_are_no_live_bars() -> None:
    """The error says that history still works; a client may come, and gets signs of life."""
    ticks = Ticks()
    service = LiveService(None, sleep=ticks.sleep)
    client = service.connect("me", lifecycle=True)
    with pytest.raises(ConfigurationError, match="history still works"):
        service.must_stream()
    with pytest.raises(ConfigurationError, match="history still works"):
        client.want([TRADES])
    assert service.status() == "none"
    async with running(service):
        ticks.queue.put_nowait(None)
        assert kinds(await deliveries(client)) == ["heartbeat"]
    client.close()
    assert len(service.hub) == 0


async def test_the_source_sends_what_all_clients_want_together() -> None:
    """Each change of a wish, and each client that goes, reaches the source."""
    source = ScriptedSource()
    service = LiveService(source)
    one, two = (service.connect(name, lifecycle=False) for name in ("one", "two"))
    one.want([TRADES])
    two.want([TRADES, Topic("T", "C")])
    two.close()
    one.close()
    one.close()
    both = {TRADES, Topic("T", "C")}
    assert source.wishes == [{TRADES}, both, {TRADES}, frozenset()]


async def test_a_client_of_the_same_name_ends_the_earlier_one() -> None:
    """The earlier one, though it waits, ends with the reason; its close leaves the later one be."""
    service = LiveService(ScriptedSource())
    first = service.connect("me", lifecycle=False)
    waiting = asyncio.create_task(deliveries(first))
    await asyncio.sleep(0)
    second = service.connect("me", lifecycle=False)
    with pytest.raises(EndedError, match="another connection took this name"):
        await waiting
    second.want([TRADES])
    first.close()
    service.events([TRADE])
    assert kinds(await deliveries(second)) == ["events"]


async def test_a_slow_client_gets_what_waits_and_then_the_reason() -> None:
    """Nothing that was queued is lost, and the end comes after it."""
    service = LiveService(ScriptedSource(), Hub(max_queue=2))
    client = service.connect("me", lifecycle=False)
    client.want([TRADES])
    for _ in range(3):
        service.events([TRADE])
    assert kinds(await deliveries(client)) == ["events", "events"]
    with pytest.raises(EndedError, match="too slow for T"):
        await deliveries(client)


async def test_too_many_clients_are_refused() -> None:
    """The limit is the hub's; a name that is taken over is no client more."""
    service = LiveService(ScriptedSource(), Hub(max_subscribers=1))
    service.connect("me", lifecycle=False)
    service.connect("me", lifecycle=False)
    with pytest.raises(ValidationError, match="at most 1 clients"):
        service.connect("you", lifecycle=False)


async def test_clients_are_woken_once_for_events_that_come_together() -> None:
    """Events of a few turns of the loop are written together; none waits for ever."""
    service, woken = LiveService(ScriptedSource()), 0
    client = service.connect("me", lifecycle=False)
    client.want([TRADES])

    def wake() -> None:
        nonlocal woken
        woken += 1
        client.subscriber.take()

    client.subscriber.notify = wake
    for _ in range(3):
        service.events([TRADE])
    await asyncio.sleep(0)
    assert woken == 0
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert woken == 1
    for _ in range(20):  # one in each turn, without end
        service.events([TRADE])
        await asyncio.sleep(0)
    assert 1 < woken < 10


async def test_a_source_that_leaves_no_turn_of_the_loop_delays_nobody() -> None:
    """Many batches at once are sent while it goes on."""
    service, woken = LiveService(ScriptedSource()), 0
    client = service.connect("me", lifecycle=False)
    client.want([TRADES])

    def wake() -> None:
        nonlocal woken
        woken += 1
        client.subscriber.take()

    client.subscriber.notify = wake
    for _ in range(10 * MOST_TOGETHER):
        service.events([TRADE])
    assert woken == 10
