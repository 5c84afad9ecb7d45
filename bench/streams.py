"""Live events: fan-out, many clients, latency, what reaches a caller. `python -m bench.streams`.

Servers are processes of their own (`bench.stream_servers`), and clients raw sockets that look for
the last frame, so that the servers are what is measured. Each line is ours, the peer or the limit,
and their ratio; rounds alternate, medians count. `--minutes N`: how long the memory's run takes;
`--only NAME`: one of them.
"""

import argparse
import asyncio
import logging
import os
import random
import re
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import massive

from bench.stream_servers import EVENTS_A_FRAME, LAST, SYMBOLS
from polytape import AsyncPolygonClient, PolygonClient
from polytape.client.stream_session import StreamNotice
from polytape.gateway.hub import MAX_LOG

ROUNDS = 5
FAN_OUT, BURST = 20, 4_000
MANY, SYMBOLS_EACH = 1_000, 10
DELIVERED = 2_000
STARTS = re.compile(rb'"s":(\d+)')
LAST_FRAME = 512
PING = b"\x89\x04"
LOG_FULL_S = MAX_LOG / 10_000 * 1.2


def main() -> None:
    """All of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    logging.getLogger("massive").setLevel(logging.ERROR)
    print(f"{'what':66} {'ours':>9} {'beside':>9} {'ratio':>7}")
    for measure in (fan_out, delivered, many_clients, in_to_out):
        if options.only in measure.__name__:
            measure()
    if options.only in "memory":
        memory(options.minutes)


def row(what: str, ours: float, beside: float) -> None:
    """A line of one measurement."""
    print(f"{what:66} {ours:9,.1f} {beside:9,.1f} {ours / beside:7.2f}", flush=True)


@dataclass
class Server:
    """A server's process."""

    process: subprocess.Popen[bytes]
    url: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def say(self, line: bytes) -> None:
        """A line on its stdin."""
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def computed_s(self) -> float:
        """How long it has computed."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8")
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """What it has in memory now."""
        text = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) / 1024


@contextmanager
def server(*arguments: str) -> Iterator[Server]:
    """A server, until the block ends."""
    command = [sys.executable, "-m", "bench.stream_servers", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield Server(process, process.stdout.readline().decode().strip())
    finally:
        process.terminate()
        process.wait()


@dataclass
class RawClient:
    """A socket, and when the last frame of a burst came."""

    sock: socket.socket
    last: float = 0.0

    @classmethod
    def opened(cls, port: int, path: str, *messages: bytes) -> "RawClient":
        """Connected, and every message answered."""
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(
            b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n" % (path.encode(), port)
        )
        seen = b""
        while b"onnected" not in seen:
            seen += sock.recv(65_536)
        for message in messages:
            sock.sendall(_masked(message))
            seen = b""
            while b"auth_success" not in seen and b"ubscribed" not in seen:
                seen += sock.recv(65_536)
        sock.setblocking(False)
        return cls(sock)

    def alive(self, data: bytes) -> None:
        """Answer a ping in data: text has no such bytes."""
        at = data.find(PING)
        if at >= 0:
            answer = data[at + len(PING) : at + len(PING) + 4]
            self.sock.sendall(b"\x8a\x84\0\0\0\0" + answer)


def _masked(text: bytes) -> bytes:
    length = struct.pack("!BBH", 0x81, 0xFE, len(text))
    return length + b"\0\0\0\0" + text


def stocks(port: int, topics: str) -> RawClient:
    """A client of the vendor's protocol."""
    auth = b'{"action":"auth","params":"any"}'
    wish = b'{"action":"subscribe","params":"%s"}' % topics.encode()
    return RawClient.opened(port, "/stocks", auth, wish)


def stream(port: int, topics: str) -> RawClient:
    """A client of our own protocol."""
    listed = ",".join(f'"{topic}"' for topic in topics.split(","))
    wish = b'{"action":"subscribe","topics":[%s]}' % listed.encode()
    return RawClient.opened(port, "/api/v1/stream", wish)


def read(
    clients: list[RawClient], take: Callable[[RawClient, bytes], None], done: Callable[[], bool]
) -> None:
    """Give what comes to `take`, until it is done."""
    selector = selectors.DefaultSelector()
    for client in clients:
        selector.register(client.sock, selectors.EVENT_READ, client)
    while not done():
        for key, _ in selector.select(0.2):
            data = key.data.sock.recv(262_144)
            if not data:
                raise SystemExit("a server closed a connection")
            take(key.data, data)
    selector.close()


def fan_out() -> None:
    """20 clients of everything, beside a bare server of prebuilt frames: by the clock, and by the
    time that the servers compute, which other programs of the machine do not touch.
    """
    with server("gateway") as ours, server("bare", "0") as peer:
        for name, opened in (("/stocks", stocks), ("/api/v1/stream", stream)):
            bursts: tuple[list[Burst], list[Burst]] = ([], [])
            for number in range(ROUNDS + 1):
                for one, into in zip((ours, peer), bursts, strict=True):
                    result = burst(one, opened if one is ours else stocks)
                    if number:
                        into.append(result)
            for what in ("second", "computed_second"):
                mine, theirs = (statistics.median(getattr(b, what) for b in of) for of in bursts)
                name_of = what.replace("_", " ")
                row(f"{name}: 1,000 messages a {name_of} to 20 | bare uvloop", mine, theirs)
            slowest = statistics.median(result.slowest for result in bursts[0])
            row(f"{name}: the slowest client | the fastest", slowest, 1.0)


@dataclass
class Burst:
    """Thousands of messages a second that all clients got together, and the slowest client's rate
    beside the fastest one's.
    """

    second: float
    computed_second: float
    slowest: float


def burst(one: Server, opened: Callable[[int, str], RawClient]) -> Burst:
    """As fast as 20 clients take it."""
    clients = [opened(one.port, "AM.*") for _ in range(FAN_OUT)]

    def take(client: RawClient, data: bytes) -> None:
        if LAST in data[-LAST_FRAME:]:
            client.last = time.perf_counter()

    began, computed = time.perf_counter(), one.computed_s()
    one.say(b"burst %d\n" % BURST)
    read(clients, take, lambda: all(client.last for client in clients))
    times = [client.last - began for client in clients]
    computed = one.computed_s() - computed
    for client in clients:
        client.sock.close()
    time.sleep(0.1)
    thousands = BURST * EVENTS_A_FRAME * FAN_OUT / 1e3
    return Burst(thousands / max(times), thousands / computed, min(times) / max(times))


def fed(one: Server, rate: int, events: int, seconds: float) -> subprocess.Popen[bytes]:
    """A process that feeds so many messages a second in frames of so many events."""
    command = [sys.executable, "-m", "bench.stream_servers", "feed"]
    return subprocess.Popen(
        [*command, str(rate), str(events), str(seconds)], stdout=one.process.stdin
    )


def lags_ms(
    one: Server, clients: list[RawClient], rate: int, events: int, seconds: float
) -> list[float]:
    """From when a frame was sent to the gateway to when a client has it, in milliseconds."""
    found: list[float] = []

    def take(_: RawClient, data: bytes) -> None:
        now = time.monotonic() * 1e6
        found.extend((now - int(stamp)) / 1e3 for stamp in STARTS.findall(data)[::events])

    feeder = fed(one, rate, events, seconds)
    read(clients, take, lambda: feeder.poll() is not None)
    for client in clients:
        client.sock.close()
    return sorted(found)


def many_clients() -> None:
    """1,000 clients of 10 symbols each at 10,000 messages a second: how far the last one lags."""
    with server("gateway") as ours:
        clients = []
        for number in range(MANY):
            symbols = random.sample(SYMBOLS, SYMBOLS_EACH)
            opened = stream if number % 2 else stocks
            clients.append(opened(ours.port, ",".join(f"AM.{symbol}" for symbol in symbols)))
        lags = lags_ms(ours, clients, 10_000, EVENTS_A_FRAME, 10.0)
    row(f"1,000 clients, {len(lags):,} deliveries: largest lag, ms | 1 s", lags[-1], 1_000.0)


def in_to_out() -> None:
    """20,000 messages a second through the gateway to one client."""
    for events in (1, 10, EVENTS_A_FRAME):
        with server("gateway") as ours:
            lags = lags_ms(ours, [stream(ours.port, "AM.*")], 20_000, events, 5.0)
        for share, goal in ((0.5, 1.0), (0.99, 5.0)):
            lag = lags[int(len(lags) * share)]
            row(f"in to out, {events} a frame, {share:.0%} within ms | goal", lag, goal)


def delivered() -> None:
    """Typed events to the caller, beside the vendor's own client on the same stream."""
    with server("bare", str(DELIVERED)) as one:
        for channel in ("AM", "T"):
            calls = (official, blocking, iterated)
            rates: tuple[list[float], ...] = ([], [], [])
            for number in range(ROUNDS + 1):
                for call, into in zip(calls, rates, strict=True):
                    rate = call(one.url, channel)
                    if number:
                        into.append(rate / 1e3)
            peer, mine, mine_async = (statistics.median(found) for found in rates)
            row(f"{channel}: 1,000 events/s to the caller, client.stream | massive", mine, peer)
            row(f"{channel}: the same, async | massive", mine_async, peer)


class Enough(Exception):  # noqa: N818
    """It has come to its end."""


class Tally:
    """Counts events, from the first to the last one, by the time that this process computes: it is
    busy throughout, and other programs of the machine do not count.
    """

    wanted = DELIVERED * EVENTS_A_FRAME

    def __init__(self) -> None:
        self.began = time.process_time()

    def rate(self) -> float:
        return self.wanted / (time.process_time() - self.began)


def official(url: str, channel: str) -> float:
    """Events a second by the vendor's own client."""
    tally: Tally | None = None
    count = 0

    def handle(messages: list[object]) -> None:
        nonlocal tally, count
        tally = tally or Tally()
        for _ in messages:
            count += 1
        if count >= tally.wanted:
            raise Enough

    client = massive.WebSocketClient(
        "any", feed=url.removeprefix("http://"), secure=False, subscriptions=[f"{channel}.*"]
    )
    with suppress(Enough):
        client.run(handle)
    assert tally is not None
    return tally.rate()


def blocking(url: str, channel: str) -> float:
    """By our blocking client."""
    with PolygonClient(url) as client, client.stream("*", channel) as stream:
        events = iter(stream)
        while isinstance(next(events), StreamNotice):
            pass
        tally, count, wanted = Tally(), 1, Tally.wanted
        for _ in events:
            count += 1
            if count == wanted:
                return tally.rate()
    raise SystemExit("the stream ended")


def iterated(url: str, channel: str) -> float:
    """By our async client."""

    async def run() -> float:
        async with AsyncPolygonClient(url) as client:
            stream = client.stream("*", channel)
            events = aiter(stream)
            while isinstance(await anext(events), StreamNotice):
                pass
            tally, count, wanted = Tally(), 1, Tally.wanted
            async for _ in events:
                count += 1
                if count == wanted:
                    break
            stream.close()
            await events.aclose()
        return tally.rate()

    return asyncio.run(run())


def memory(minutes: float) -> None:
    """The gateway's memory after a while of 10,000 messages a second, beside that when the hub's
    log has just become full.
    """
    with server("gateway") as ours:
        clients = [stream(ours.port, "AM.*") for _ in range(FAN_OUT)]
        feeder = fed(ours, 10_000, EVENTS_A_FRAME, minutes * 60)
        began, full = time.monotonic(), 0.0

        def done() -> bool:
            nonlocal full
            if time.monotonic() - began < LOG_FULL_S:
                full = ours.memory_mb()
            return feeder.poll() is not None

        read(clients, RawClient.alive, done)
        row(f"memory, MB, after {minutes:g} min | full log", ours.memory_mb(), full)


if __name__ == "__main__":
    main()
