"""The servers of `bench.streams`, each a process of its own that says its port and obeys stdin.

`python -m bench.stream_servers gateway`: a gateway whose live source sends what stdin says: a line
`burst COUNT` is that many frames as fast as every client takes them; any other line is a frame of
the vendor's. `bare`: a uvloop server of frames that are built before anybody connects, which
answers a subscription of `COUNT` frames, and does nothing else. `feed` writes what a gateway reads.
"""

import asyncio
import base64
import hashlib
import random
import re
import struct
import sys
import time
from collections.abc import Iterator
from typing import ClassVar, cast

import msgspec
import uvloop

from bench.made import MARKET
from polytape.cli.clock import now_us
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.live import LiveService
from polytape.gateway.server import address, listen, serve
from polytape.upstream.budget.budget import Budget
from polytape.upstream.live import FeedSink
from polytape.wire.polygon.events import MarketEvent, MinuteAggregate, Trade, encode_frame
from polytape.wire.polygon.topics import Topic

SYMBOLS = [f"S{number:04d}" for number in range(5_000)]
EVENTS_A_FRAME = 50
# Different frames, sent over and over.
FRAMES = 200
# The symbol of the event after a burst.
LAST = b"ZZZLAST"
# A burst goes on when no client has more than so many frames before it.
MOST_WAITING = 32
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MAX_LINE = 1024 * 1024


def bar(symbol: str, start: int) -> MinuteAggregate:
    """One of 200 bytes on the wire."""
    price = round(random.uniform(90, 110), 2)
    return MinuteAggregate(
        symbol, price, round(price + 0.31, 2), round(price - 0.27, 2), price, 4_110.0, start,
        start + 60_000, vwap=round(price + 0.0421, 4), day_volume=6_470_173.0, day_vwap=107.4211,
        official_open=104.32, average_size=72.0, exact_volume="4110.062",
    )  # fmt: skip


def trade(symbol: str, start: int) -> Trade:
    """One as the vendor sends it."""
    price = round(random.uniform(90, 110), 2)
    return Trade(
        symbol, price, start, 100.0, 4, str(start % 10**6), 3, (12, 37), start % 10**7,
        exact_size="100.0", participant_timestamp=start - 2,
    )  # fmt: skip


def batches(channel: str, count: int) -> Iterator[list[MarketEvent]]:
    """Events that come together, of symbols drawn by chance."""
    make = bar if channel == "AM" else trade
    for number in range(count):
        at = 1_795_530_600_000 + number
        yield [make(symbol, at) for symbol in random.choices(SYMBOLS, k=EVENTS_A_FRAME)]


def websocket_frame(text: bytes) -> bytes:
    """A text frame of a server."""
    if len(text) < 126:
        return b"\x81" + bytes([len(text)]) + text
    if len(text) < 65_536:
        return b"\x81\x7e" + struct.pack("!H", len(text)) + text
    return b"\x81\x7f" + struct.pack("!Q", len(text)) + text


class StdinSource:
    """A `LiveSource` that sends what stdin says."""

    channels: ClassVar[tuple[str, ...]] = ("AM", "T")

    def want(self, topics: frozenset[Topic]) -> None:
        """As `LiveSource.want`."""

    def status(self) -> str:
        """As `LiveSource.status`."""
        return "connected"

    async def run(self, sink: FeedSink) -> None:
        """As `LiveSource.run`."""
        assert isinstance(sink, LiveService)
        prepared = list(batches("AM", FRAMES))
        decoder = msgspec.json.Decoder(list[MarketEvent])
        reader = asyncio.StreamReader(limit=MAX_LINE)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            if line.startswith(b"burst"):
                await burst(sink, prepared, int(line.split()[1]))
            else:
                sink.events(decoder.decode(line))


async def burst(sink: LiveService, prepared: list[list[MarketEvent]], count: int) -> None:
    """So many batches, as fast as they are taken."""
    clients = list(sink.hub._subscribers.values())  # noqa: SLF001 - the vendor's feed never waits, this one does
    for number in range(count):
        sink.events(prepared[number % len(prepared)])
        await asyncio.sleep(0)
        while any(len(client.queue) > MOST_WAITING for client in clients):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    sink.events([bar(LAST.decode(), 0)])


def gateway() -> None:
    """A gateway without history."""
    served = Gateway(None, MARKET, now_us, Budget.of(100, 1.0), feed=StdinSource())
    sockets = listen("127.0.0.1", 0)
    print(address(sockets[:1]), flush=True)
    serve(create_app(served), sockets[:1])


class BareServer(asyncio.Protocol):
    """Speaks as much of either protocol as a client needs to subscribe. `bursts` has the frames by
    protocol and channel.
    """

    bursts: ClassVar[dict[tuple[str, str], list[bytes]]] = {}
    everybody: ClassVar[list["BareServer"]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        self.writable = asyncio.Event()
        self.writable.set()
        self.protocol = ""
        self.everybody.append(self)

    def connection_lost(self, _: Exception | None) -> None:
        self.writable.set()
        self.everybody.remove(self)

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        if not self.protocol:
            self._open(data)
        elif data[0] & 15 == 8:
            self.transport.write(b"\x88\x02\x03\xe8")
            self.transport.close()
        elif (text := _unmasked(data)) and b'"auth"' in text:
            self._say(b'[{"ev":"status","status":"auth_success","message":"authenticated"}]')
        elif b'"subscribe"' in text:
            channel = "AM" if b"AM." in text else "T"
            self._say(
                b'[{"ev":"status","status":"success","message":"subscribed"}]'
                if self.protocol == "stocks"
                else b'{"type":"subscribed","topics":["%s.*"],"position":0}' % channel.encode()
            )
            if (self.protocol, channel) in self.bursts:
                self.task = asyncio.ensure_future(self._send(self.bursts[self.protocol, channel]))

    def _open(self, data: bytes) -> None:
        key = re.search(rb"(?i)sec-websocket-key: (\S+)", data)
        assert key is not None
        accept = base64.b64encode(hashlib.sha1(key[1] + GUID).digest())
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self.protocol = "stocks" if data.startswith(b"GET /stocks") else "stream"
        self._say(
            b'[{"ev":"status","status":"connected","message":"Connected Successfully"}]'
            if self.protocol == "stocks"
            else b'{"type":"connected","position":0,"log":"bare"}'
        )

    def _say(self, text: bytes) -> None:
        self.transport.write(websocket_frame(text))

    async def _send(self, frames: list[bytes]) -> None:
        for frame in frames:
            self.transport.write(frame)
            if not self.writable.is_set():
                await self.writable.wait()


def _unmasked(data: bytes) -> bytes:
    start = 2 + {126: 2, 127: 8}.get(data[1] & 127, 0)
    mask = data[start : start + 4]
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(data[start + 4 :]))


def stream_text(events: list[MarketEvent], position: int) -> bytes:
    """A message of `/api/v1/stream`."""
    head = b'{"type":"events","position":%d,"next":%d,"backfilled":false,"events":'
    return head % (position, position + len(events)) + encode_frame(events) + b"}"


async def bare(prepare: int) -> None:
    """The server of prebuilt frames; `burst COUNT` on stdin is so many for everybody, `prepare` as
    many for each that subscribes.
    """
    loop = asyncio.get_running_loop()
    for channel in ("AM", "T") if prepare else ():
        events = list(batches(channel, prepare))
        BareServer.bursts["stocks", channel] = [websocket_frame(encode_frame(e)) for e in events]
        BareServer.bursts["stream", channel] = [
            websocket_frame(stream_text(e, n * EVENTS_A_FRAME)) for n, e in enumerate(events)
        ]
    prepared = [websocket_frame(encode_frame(e)) for e in batches("AM", FRAMES)]
    server = await loop.create_server(BareServer, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    reader = asyncio.StreamReader(limit=MAX_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        for number in range(int(line.split()[1])):
            frame = prepared[number % FRAMES]
            for client in BareServer.everybody:
                client.transport.write(frame)
            await asyncio.sleep(0)
            for client in BareServer.everybody:
                if not client.writable.is_set():
                    await client.writable.wait()
        for client in BareServer.everybody:
            client.transport.write(websocket_frame(encode_frame([bar(LAST.decode(), 0)])))


def feed(rate: int, events: int, seconds: float) -> None:
    """Frames on stdout, at a rate; the start of their bars is when they were sent, in microseconds
    of the machine's clock.
    """
    texts = [
        encode_frame([bar(symbol, 0) for symbol in random.choices(SYMBOLS, k=events)])
        for _ in range(FRAMES)
    ]
    parts = [text.replace(b'"s":0,', b'"s":%b,').split(b"%b") for text in texts]
    begin = time.monotonic()
    for number in range(int(seconds * rate / events)):
        wait = begin + number * events / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        stamp = b"%d" % (time.monotonic_ns() // 1_000)
        sys.stdout.buffer.write(stamp.join(parts[number % FRAMES]) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    if sys.argv[1] == "feed":
        feed(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
    elif sys.argv[1] == "gateway":
        gateway()
    else:
        uvloop.run(bare(int(sys.argv[2])))
