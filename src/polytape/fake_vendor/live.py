"""The live side of the fake vendor, and the door for tests to it.

    clock = MarketClock(start_us, 60.0, time.monotonic)      # without one nothing comes by itself
    routes = Routes(FakeMarket(upstream, market, clock.now, universe))
    vendor = FakeVendor(routes, key="k", clock=clock)
    with running(vendor) as url:                              # ws://127.0.0.1:PORT/stocks, and REST
        vendor.live.wait_for(lambda live: live.topics)        # until somebody has subscribed
        vendor.live.push([event, {"ev": "AM", ...}])          # to who is subscribed, now
        vendor.live.push([event], in_rest=True)               # AM only: REST has these minutes, too
        vendor.live.push_raw(b"no JSON")                      # to everybody
        vendor.live.order(LiveMischief.DUPLICATES)            # see live_mischief.py
        vendor.live.cut()                                     # a TCP reset for each WebSocket
        vendor.stop_listening()                               # dead: everybody is cut, port closed
        vendor.listen_again()                                 # on the same port
        vendor.live.report()                                  # connections, topics, frames sent

All of these may be called from any thread, and are done when they return. What is pushed is in the
kernel's hands then, not in the client's.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeAlias

import msgspec

from polytape.fake_vendor.answers import Json
from polytape.fake_vendor.listener import LoopCalls
from polytape.fake_vendor.live_connection import POLICY_VIOLATION, LiveConnection
from polytape.fake_vendor.live_mischief import (
    AT_HANDSHAKE,
    AT_ONCE,
    EVICTED,
    GARBAGE_FRAME,
    UNKNOWN_KIND_FRAME,
    UNKNOWN_STATUS_FRAME,
    LiveMischief,
    corrected,
    encode,
    spoiled_frames,
)
from polytape.fake_vendor.live_session import VendorSession
from polytape.fake_vendor.market import FakeBar, FakeMarket
from polytape.wire.polygon.events import MarketEvent
from polytape.wire.polygon.topics import ALL, Topic

Event: TypeAlias = MarketEvent | Mapping[str, object]

MAX_BUFFER_BYTES = 64 * 1024 * 1024
CLOSES = {
    LiveMischief.CLOSE_OK: (1000, "", ""),
    LiveMischief.CLOSE_POLICY: (POLICY_VIOLATION, "", ""),
    LiveMischief.CLOSE_ERROR: (1011, "", ""),
    LiveMischief.EVICT: (POLICY_VIOLATION, "max_connections", EVICTED),
    LiveMischief.FORCE_DISCONNECT: (1000, "force_disconnect", "Forced to disconnect."),
    LiveMischief.SLOW_CONSUMER: (
        POLICY_VIOLATION, "slow_consumer", "Client is reading too slowly.",
    ),
}  # fmt: skip
RAW_FRAMES = {
    LiveMischief.GARBAGE: GARBAGE_FRAME,
    LiveMischief.UNKNOWN_STATUS: UNKNOWN_STATUS_FRAME,
    LiveMischief.UNKNOWN_KIND: UNKNOWN_KIND_FRAME,
}


class LiveVendor:
    """Connections, what they are subscribed to, and what to do wrong with them.

    `channels` are those of the plan, `max_connections` those of a key: with one more the oldest is
    evicted. `every` is done wrong each time that it fits. `max_buffer` bytes may wait for a client.
    """

    def __init__(
        self,
        market: FakeMarket,
        admits: Callable[[str], bool],
        channels: Collection[str],
        max_connections: int,
        calls: LoopCalls,
    ) -> None:
        self.max_connections = max_connections
        self.max_buffer = MAX_BUFFER_BYTES
        self.mischief: deque[LiveMischief] = deque()
        self.every: LiveMischief | None = None
        self.frames = 0
        self.on_topics: Callable[[frozenset[Topic]], None] = lambda _: None
        self._market = market
        self._admits = admits
        self._channels = channels
        self._connections: list[LiveConnection] = []
        self._late: list[Json] = []
        self._late_first = True
        self._calls = calls
        self._changed = threading.Condition()

    # From any thread.

    @property
    def connections(self) -> list[LiveConnection]:
        """The open ones, the oldest first."""
        return [connection for connection in tuple(self._connections) if connection.open]

    @property
    def topics(self) -> frozenset[Topic]:
        """What all of them together are subscribed to."""
        return frozenset(t for connection in self.connections for t in connection.session.topics)

    def push(self, events: Iterable[Event], *, in_rest: bool = False) -> int:
        """Send events that come together; how many connections were sent some. With `in_rest` the
        minute bars among them are in the answers of REST, too, once the market's clock is there.
        """
        return self._calls.call(lambda: self.send(list(events), in_rest=in_rest))

    def push_raw(self, frame: bytes | str) -> int:
        """Send a frame as it is to every connection; how many there were."""
        return self._calls.call(
            lambda: self._send_raw(frame.encode() if isinstance(frame, str) else frame)
        )

    def order(self, *kinds: LiveMischief) -> None:
        """Misbehave, each kind once."""
        self._calls.call(lambda: self._order(kinds))

    def cut(self) -> int:
        """Reset every connection; how many there were."""
        count = len(self.connections)
        self.order(LiveMischief.DROP)
        return count

    def wait_for(self, condition: Callable[["LiveVendor"], object], timeout_s: float = 5.0) -> None:
        """Wait until something is so. Not from the vendor's own loop.

        Raises: TimeoutError.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self), timeout_s):
                raise TimeoutError(f"not so within {timeout_s} s; {self.report()}")

    def report(self) -> Json:
        """Connections with their topics, and the frames that were sent to anybody ever."""
        return {
            "connections": [
                {"topics": sorted(map(str, one.session.topics)), "frames": one.frames}
                for one in self.connections
            ],
            "topics": sorted(map(str, self.topics)),
            "frames": self.frames,
            "mischief": list(self.mischief),
            "every": self.every,
        }

    # On the vendor's loop.

    def control(self, order: Json) -> None:
        """What `/_fake` is sent. Raises: ValueError for an unknown kind, KeyError for no event."""
        kinds, every, events = order.get("live", ()), order.get("live_every"), order.get("push", ())
        if not isinstance(kinds, list | tuple) or not isinstance(events, list | tuple):
            raise TypeError("live and push are lists")
        self.order(*map(LiveMischief, kinds))
        if "live_every" in order:
            self.every = None if every is None else LiveMischief(str(every))
        if events:
            self.send(events)

    async def serve(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One WebSocket until it ends. `head` is its HTTP request."""
        session = VendorSession(self._admits, self._channels, self._take_all(AT_HANDSHAKE))
        connection = LiveConnection(
            writer, session, self._take_change, self.max_buffer, self._market.marks
        )
        self._connections.append(connection)
        try:
            await connection.run(head, reader)
        finally:
            self._connections.remove(connection)
            self._tell()

    def send(self, events: Iterable[Event], *, in_rest: bool = False) -> int:
        """As `push`."""
        batch = [_plain(event) for event in events]
        if in_rest:
            self._put_in_rest(batch)
        return self._send_batch(batch)

    def _send_batch(self, batch: list[Json]) -> int:
        """What nobody wants uses up no mischief."""
        topics = self.topics
        kind = self._next_of_batch() if any(_is_wanted(e, topics) for e in batch) else None
        frames = self._in_turn(batch, kind)
        if kind is LiveMischief.REPEAT:
            frames.append(self._corrections(batch))
        sent = {one for frame in frames for one in self._send_frame(frame, kind)}
        if self.every in AT_ONCE:
            self._at_once(self.every)
        return len(sent)

    def _in_turn(self, batch: list[Json], kind: LiveMischief | None) -> list[list[Json]]:
        """The batches to send now: a delayed one goes before the next, a reordered one after it."""
        late = self._late
        if kind is LiveMischief.DELAY or (kind is LiveMischief.REORDER and not late):
            self._late, self._late_first = batch, kind is LiveMischief.DELAY
            return [late] if late else []
        self._late = []
        parts = [late, batch] if self._late_first else [batch, late]
        return [part for part in parts if part]

    def _send_frame(self, batch: list[Json], kind: LiveMischief | None) -> list[LiveConnection]:
        """Send a batch, each connection the events of its topics."""
        sent = []
        for connection in self.connections:
            topics = connection.session.topics
            events = [event for event in batch if _is_wanted(event, topics)]
            if events:
                frames = [events] if kind is None else spoiled_frames(kind, events)
                for frame in frames:
                    connection.send(encode(frame), fragments=kind is LiveMischief.FRAGMENTS)
                self.frames += len(frames)
                sent.append(connection)
        return sent

    def _send_raw(self, frame: bytes) -> int:
        connections = self.connections
        for connection in connections:
            connection.send(frame)
        self.frames += len(connections)
        return len(connections)

    def _order(self, kinds: Iterable[LiveMischief]) -> None:
        for kind in kinds:
            if kind in AT_ONCE:
                self._at_once(kind)
            else:
                self.mischief.append(kind)

    def _at_once(self, kind: LiveMischief) -> None:
        if kind in RAW_FRAMES:
            self._send_raw(RAW_FRAMES[kind])
            return
        for connection in self.connections:
            if kind is LiveMischief.DROP:
                connection.reset()
            elif kind is LiveMischief.MUTE:
                connection.mute = True
            elif kind is LiveMischief.DEAF:
                connection.mute = connection.deaf = True
            else:
                connection.close(*CLOSES[kind])
        self._tell()

    def _take_change(self, connection: LiveConnection) -> None:
        """A client said something: it may have a place now that another had."""
        key = connection.session.key
        if key is not None:
            same = [one for one in self.connections if one.session.key == key]
            for older in same[: -self.max_connections]:
                older.close(*CLOSES[LiveMischief.EVICT])
        self._tell()

    def _take_all(self, kinds: Collection[LiveMischief]) -> list[LiveMischief]:
        """The orders of some kinds, which are taken off the list."""
        taken = [kind for kind in self.mischief if kind in kinds]
        self.mischief = deque(kind for kind in self.mischief if kind not in kinds)
        return [*taken, *(kind for kind in (self.every,) if kind in kinds and kind is not None)]

    def _next_of_batch(self) -> LiveMischief | None:
        for kind in self.mischief:
            if kind not in AT_HANDSHAKE:
                self.mischief.remove(kind)
                return kind
        other = self.every is None or self.every in AT_ONCE or self.every in AT_HANDSHAKE
        return None if other else self.every

    def _corrections(self, batch: list[Json]) -> list[Json]:
        """The minute bars of a batch with other values, which REST has from now on."""
        bars = [corrected(event) for event in batch if event["ev"] == "AM"]
        self._put_in_rest(bars)
        return bars

    def _put_in_rest(self, batch: list[Json]) -> None:
        for event in batch:
            if event["ev"] == "AM":
                self._market.correct(str(event["sym"]), FakeBar.of_event(event))

    def _tell(self) -> None:
        """Wake who waits, and say what is subscribed to."""
        self.on_topics(self.topics)
        with self._changed:
            self._changed.notify_all()


def _plain(event: Event) -> Json:
    """An event as JSON. Raises: KeyError for what is none."""
    if isinstance(event, msgspec.Struct):
        content: Json = msgspec.to_builtins(event)
        return content
    return {"ev": event["ev"], **event}


def _is_wanted(event: Json, topics: frozenset[Topic]) -> bool:
    """Whether one of the topics has the event; bands and imbalances name their symbol `T`."""
    channel, symbol = str(event["ev"]), str(event.get("sym", event.get("T", "")))
    return Topic(channel, symbol) in topics or Topic(channel, ALL) in topics
