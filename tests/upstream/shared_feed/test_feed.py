"""One socket at a time, and nothing lost without a word."""

import asyncio

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from polytape.errors import AuthenticationError
from polytape.wire.polygon.topics import Topic
from tests.upstream.shared_feed.memory_log import Server
from tests.upstream.shared_feed.scene import Gateway, Vendor
from tests.upstream.shared_feed.virtual_time import play, seconds

SYMBOLS = ("A", "B", "C")


class Scene:
    """Gateways on one server."""

    def __init__(self, gateways: int = 2, max_entries: int = 10_000) -> None:
        self.server = Server(seconds, max_entries=max_entries)
        self.vendor = Vendor()
        self.all: list[Gateway] = []
        self.living: dict[str, Gateway] = {}
        for symbol in SYMBOLS[:gateways]:
            self.start(symbol)

    def start(self, symbol: str) -> Gateway:
        gateway = self.living[symbol] = Gateway(self.server, self.vendor, symbol)
        self.all.append(gateway)
        return gateway

    @property
    def holder(self) -> Gateway:
        """Who has the socket."""
        (one,) = (g for g in self.living.values() if g.feed._member and g.feed._member._holder)
        return one

    @property
    def others(self) -> list[Gateway]:
        return [one for one in self.living.values() if one is not self.holder]

    async def end(self) -> None:
        """All of them live on and are up to date; then they go."""
        try:
            for gateway in self.living.values():
                assert not gateway.task.done(), gateway.task
                assert seconds() - gateway.sink.at < 1.0, "live events do not come"
        finally:
            for gateway in self.living.values():
                await gateway.stop()
        assert self.vendor.sockets == 0
        for gateway in self.all:
            if gateway.task.done() and not gateway.task.cancelled():
                gateway.task.result()
            gateway.sink.check()


def test_two_gateways_have_one_socket_and_the_same_events() -> None:
    """Each has its own symbol, by the one socket, which asks for both."""

    async def scene() -> None:
        them = Scene()
        await asyncio.sleep(10)
        assert them.vendor.sockets == 1
        assert {str(topic) for topic in them.holder.socket.topics} == {"T.A", "T.B"}
        assert [one.feed.status() for one in them.living.values()] == ["connected"] * 2
        assert [one.sink.kinds for one in them.all] == [["connected"]] * 2
        late = them.start("C")
        await asyncio.sleep(2)
        assert late.sink.kinds == ["connected"]
        late.feed.want(frozenset())
        await asyncio.sleep(2)
        assert {str(topic) for topic in them.holder.socket.topics} == {"T.A", "T.B"}
        late.feed.want(frozenset([Topic("T", "*")]))
        await asyncio.sleep(2)
        assert {str(topic) for topic in them.holder.socket.topics} == {"T.*"}
        late.feed.want(frozenset([Topic("T", "C")]))
        await asyncio.sleep(2)
        late.sink.ticks = late.sink.ticks[-1:]  # while it did not want them it lost none
        for one in them.all:
            one.sink.ticks = one.sink.ticks[-1:]
        await asyncio.sleep(2)
        await them.end()

    play(scene())


@pytest.mark.parametrize("after_s", [7.0, 7.13, 7.49, 8.31])
def test_a_dead_holder_is_replaced_within_five_seconds(after_s: float) -> None:
    """Whenever it dies; what it had written is not lost, and what was missed is told."""

    async def scene() -> None:
        them = Scene(3)
        await asyncio.sleep(after_s)
        holder = them.holder
        del them.living[holder.sink.symbol]
        died = seconds()
        await holder.kill()
        await asyncio.sleep(6)
        assert 0 < them.vendor.opened[-1] - died < 5.0
        assert len(them.vendor.opened) == 2
        assert all(len(one.sink.gaps) == 1 for one in them.living.values())
        await them.end()

    play(scene())


def test_who_goes_in_good_order_hands_over_at_once() -> None:
    """The next one has the socket within a beat of its closing, and not before."""

    async def scene() -> None:
        them = Scene()
        await asyncio.sleep(8)
        holder = them.holder
        del them.living[holder.sink.symbol]
        await holder.stop()
        closed = seconds()
        await asyncio.sleep(2)
        assert 0 <= them.vendor.opened[-1] - closed < 0.6
        await them.end()

    play(scene())


def test_a_holder_that_cannot_reach_the_server_closes_its_socket_in_time() -> None:
    """Before the lease has run out; the other takes over, and it hears so once it is back."""

    async def scene() -> None:
        them = Scene()
        await asyncio.sleep(8)
        cut = them.holder
        cut.line.up = False
        await asyncio.sleep(4)
        assert cut is not them.holder
        assert cut.sink.kinds[-1] == "lag"
        assert cut.feed.status() == "connecting"
        await asyncio.sleep(4)
        cut.line.up = True
        await asyncio.sleep(3)
        assert [kind for kind in cut.sink.kinds if kind != "connected"] == [
            "lag", "reconnected", "gap",
        ]  # fmt: skip
        await them.end()

    play(scene())


def test_a_short_stop_of_the_server_costs_nothing() -> None:
    """What comes meanwhile waits, and is written once, whatever became of the answers."""

    async def scene() -> None:
        them = Scene()
        await asyncio.sleep(8)
        for one in them.all:
            one.line.mishaps = 2
        await asyncio.sleep(1)
        them.server.up = False
        await asyncio.sleep(1.2)
        them.server.up = True
        await asyncio.sleep(3)
        assert [one.sink.gaps for one in them.all] == [[], []]
        assert len(them.vendor.opened) == 1
        await them.end()

    play(scene())


@pytest.mark.parametrize("down_s", [0.0, 0.9, 30.0])
def test_a_server_that_loses_its_memory_is_told_and_survived(down_s: float) -> None:
    """All of it: lease, numbers, entries, wishes. The old socket is closed before another opens."""

    async def scene() -> None:
        them = Scene()
        await asyncio.sleep(8)
        them.server.up = not down_s
        await asyncio.sleep(down_s)
        them.server.forget()
        them.server.up = True
        await asyncio.sleep(8)
        assert len(them.vendor.opened) == 2
        assert all(any("memory" in detail for _, detail in one.sink.notices) for one in them.all)
        await them.end()

    play(scene())


def test_a_reader_beyond_the_end_of_the_log_is_told() -> None:
    """What was cut off before it was read is a gap with its span."""

    async def scene() -> None:
        them = Scene(max_entries=20)
        await asyncio.sleep(8)
        slow = them.others[0]
        slow.line.up = False
        await asyncio.sleep(5)
        slow.line.up = True
        await asyncio.sleep(2)
        ((start, end),) = slow.sink.gaps
        assert start is not None
        assert end is not None
        assert 3e6 < end - start < 6e6
        await them.end()

    play(scene())


def test_a_gateway_whose_topics_were_given_up_is_told() -> None:
    """After a long absence its symbol is not asked for any more; then it is again."""

    async def scene() -> None:
        them = Scene()
        await asyncio.sleep(8)
        away = them.others[0]
        away.line.up = False
        await asyncio.sleep(25)
        assert them.holder.socket.topics == {Topic("T", them.holder.sink.symbol)}
        away.line.up = True
        await asyncio.sleep(3)
        assert "gap" in away.sink.kinds
        await them.end()

    play(scene())


def test_a_refused_key_ends_it_with_the_vendors_words() -> None:
    """And the lease is free at once for whoever else wants to try."""

    async def scene() -> None:
        them = Scene(1)
        them.all[0].socket.error = AuthenticationError("no live data in this plan")
        await asyncio.sleep(6)
        with pytest.raises(AuthenticationError, match="no live data"):
            await them.all[0].task
        assert (them.server.ends, them.server.wish) == (0.0, {})
        assert them.all[0].feed.status() == "connecting"

    play(scene())


ACTIONS = ("kill", "stop", "start", "cut", "mend", "down", "up", "forget", "mishap", "nothing")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(ACTIONS), st.sampled_from(SYMBOLS), st.sampled_from((0.01, 0.4, 2.7, 6))
    ),
    max_size=14,
)
LENGTHS = st.sampled_from((30, 10_000))
# To shrink one takes minutes.
PHASES = [Phase.explicit, Phase.generate]


@settings(max_examples=10, phases=PHASES)
@given(STEPS, LENGTHS)
def test_walks(steps: list[tuple[str, str, float]], max_entries: int) -> None:
    """Whatever happens: one socket at most, each event once and in order, every loss told, and in
    the end all is well.
    """
    play(walk(steps, max_entries))


@pytest.mark.long
@pytest.mark.timeout(600)
@settings(max_examples=400, phases=PHASES)
@given(STEPS, LENGTHS)
def test_many_walks(steps: list[tuple[str, str, float]], max_entries: int) -> None:
    """More of them."""
    play(walk(steps, max_entries))


async def walk(steps: list[tuple[str, str, float]], max_entries: int) -> None:
    them = Scene(3, max_entries)
    await asyncio.sleep(5)
    for action, symbol, wait in steps:
        await act(them, action, symbol)
        await asyncio.sleep(wait)
    them.server.up = True
    for one in them.living.values():
        one.line.up = True
    await asyncio.sleep(15)
    await them.end()


async def act(them: Scene, action: str, symbol: str) -> None:
    gateway = them.living.get(symbol)
    match action:
        case "down" | "up":
            them.server.up = action == "up"
        case "forget":
            them.server.forget()
        case "start" if gateway is None:
            them.start(symbol)
        case "kill" if gateway is not None:
            del them.living[symbol]
            await gateway.kill()
        case "stop" if gateway is not None:
            del them.living[symbol]
            await gateway.stop()
        case "cut" | "mend" if gateway is not None:
            gateway.line.up = action == "mend"
        case "mishap" if gateway is not None:
            gateway.line.mishaps = 3
