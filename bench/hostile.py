"""A gateway on made-up prices under greedy clients: its memory, and the time of a small question.

`python -m bench.hostile [--memory 1GB] [SCENARIO ...]` starts `polytape serve` for each of them,
and prints the peak of its resident memory and the 50th and 99th percentile of a small question that
is asked all the while, each time on a new connection. On loopback, in a minute or two.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

SMALL = {"symbol": "MSFT", "timeframe": "1day", "start_date": "2026-06-01"}
LONG = {"timeframe": "1min", "start_date": "2004-01-01", "end_date": "2023-12-31"}
SYMBOLS = ("AAPL", "SPY", "QQQ", "NVDA", "TSLA", "AMZN", "META", "GOOGL")
ARROW = "application/vnd.apache.arrow.stream"
PAUSE_S = 0.05
OK, BUSY = 200, 503
# A scenario goes on for so long at most.
SECONDS = 20.0
# A gateway that takes more is ended: the machine has others.
MOST_MB = 5_500
MB = 1024 * 1024


class Greedy:
    """Clients of one gateway."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection."""
        return await asyncio.open_connection(self.host, self.port, limit=MB)

    async def ask(self, path: str, body: object, accept: str = "*/*", *, read: bool = True) -> int:
        """Send a question; its status, once its whole answer is read."""
        reader, writer = await self.open()
        try:
            content = json.dumps(body).encode()
            writer.write(
                f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"Accept: {accept}\r\nConnection: close\r\nContent-Length: {len(content)}\r\n\r\n"
                "".encode()
                + content
            )
            status = int((await reader.readline()).split()[1])
            if not read:
                await asyncio.sleep(SECONDS)
            while read and await reader.read(MB):
                pass
            return status
        finally:
            writer.transport.abort()

    async def long_json(self) -> None:
        """16 times 20 years of minutes, as JSON."""
        await self._all(self._retried({"symbol": SYMBOLS[n % 8], **LONG}, "*/*") for n in range(16))

    async def long_arrow(self) -> None:
        """The same as Arrow, which is not bounded in bars."""
        await self._all(self._retried({"symbol": SYMBOLS[n % 8], **LONG}, ARROW) for n in range(16))

    async def batch(self) -> None:
        """One request of a thousand questions of a year of minutes each."""
        year = {"timeframe": "1min", "start_date": "2023-01-01", "end_date": "2023-12-31"}
        requests = [{"symbol": SYMBOLS[n % 8], **year} for n in range(1_000)]
        await self.ask("/api/v1/bars/batch", {"requests": requests})

    async def unread(self) -> None:
        """60 readers of five years of minutes that do not read."""
        span = LONG | {"start_date": "2019-01-01"}
        await self._all(
            self.ask("/api/v1/bars", {"symbol": SYMBOLS[n % 8], **span}, read=False)
            for n in range(60)
        )

    async def abandoned(self) -> None:
        """60 long questions whose askers leave at once."""

        async def leave(number: int) -> None:
            body = {"symbol": SYMBOLS[number % 8], **LONG}
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self.ask("/api/v1/bars", body, ARROW)

        await self._all(map(leave, range(60)))
        await asyncio.sleep(10)

    async def slow_heads(self) -> None:
        """2,000 connections that send their heads a byte at a time."""

        async def drip() -> None:
            _, writer = await self.open()
            writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ")
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(2)

        await self._all(drip() for _ in range(2_000))

    async def headers(self) -> None:
        """12 connections that send headers without an end, 100 MB each."""

        async def flood() -> None:
            _, writer = await self.open()
            writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
            line = b"X-A: " + b"a" * 1_000 + b"\r\n"
            for _ in range(100):
                writer.write(line * 1_000)
                await writer.drain()

        await self._all(flood() for _ in range(12))

    async def url(self) -> None:
        """A URL of 100 MB."""
        _, writer = await self.open()
        writer.write(b"GET /")
        for _ in range(100):
            writer.write(b"a" * MB)
            await writer.drain()

    async def _retried(self, body: object, accept: str) -> None:
        """Ask again after a 503, as a client does."""
        for _ in range(4):
            if await self.ask("/api/v1/bars", body, accept) != BUSY:
                return
            await asyncio.sleep(5)

    @staticmethod
    async def _all(calls: "object") -> None:
        async def quiet(call: Awaitable[object]) -> None:
            with suppress(OSError, IndexError):  # the gateway ends who is too greedy
                await call

        await asyncio.gather(*(quiet(call) for call in calls))  # type: ignore[attr-defined]


SCENARIOS: dict[str, Callable[[Greedy], Awaitable[None]]] = {
    "nothing": lambda _: asyncio.sleep(3),
    "long_json": Greedy.long_json,
    "long_arrow": Greedy.long_arrow,
    "batch": Greedy.batch,
    "unread": Greedy.unread,
    "abandoned": Greedy.abandoned,
    "slow_heads": Greedy.slow_heads,
    "headers": Greedy.headers,
    "url": Greedy.url,
}


async def attack(name: str, url: str, process: subprocess.Popen[str]) -> None:
    """Print what one scenario does to a gateway."""
    parts = urlsplit(url)
    greedy = Greedy(parts.hostname or "", parts.port or 0)
    await greedy.ask("/api/v1/bars", SMALL)
    peaks = [resident(process.pid)]

    async def watch() -> None:
        while True:
            peaks.append(resident(process.pid))
            if peaks[-1] > MOST_MB:
                process.kill()
            await asyncio.sleep(PAUSE_S)

    asking = start_probe(greedy)
    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    with suppress(TimeoutError, OSError, IndexError):
        async with asyncio.timeout(SECONDS):
            await SCENARIOS[name](greedy)
    took = time.perf_counter() - began
    await asyncio.sleep(1)
    watching.cancel()
    asking.terminate()
    times = sorted(map(float, asking.communicate()[0].split())) or [float("inf")]
    p99 = times[min(len(times) - 1, len(times) * 99 // 100)]
    print(
        f"{name:12} {took:5.1f} s   peak {max(peaks):6,.0f} MB   small question: median "
        f"{statistics.median(times) * 1e3:7,.0f} ms, p99 {p99 * 1e3:8,.0f} ms of {len(times)}, "
        f"{times.count(float('inf'))} failed",
        flush=True,
    )


def start_probe(greedy: Greedy) -> subprocess.Popen[str]:
    """A process that asks small questions, once it does."""
    command = [sys.executable, __file__, "--probe", greedy.host, str(greedy.port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


async def probe(host: str, port: int) -> None:
    """Ask small questions until it is ended; print the seconds of each, inf for one that failed."""
    greedy = Greedy(host, port)
    print(flush=True)
    while True:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(10):
                ok = await greedy.ask("/api/v1/bars", SMALL) == OK
        except (OSError, TimeoutError, IndexError):
            ok = False
        print(time.perf_counter() - began if ok else "inf", flush=True)
        await asyncio.sleep(PAUSE_S)


def resident(process: int) -> float:
    """The resident memory of a process, MB."""
    with suppress(OSError, IndexError):
        pages = int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0


def main() -> None:
    """All scenarios, or those that are named, each with a gateway of its own."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--probe"]:
        asyncio.run(probe(arguments[1], int(arguments[2])))
    memory = arguments[arguments.index("--memory") + 1] if "--memory" in arguments else "1GB"
    names = [name for name in SCENARIOS if name in arguments] or list(SCENARIOS)
    environment = {k: v for k, v in os.environ.items() if "POLY" not in k}
    command = [sys.executable, "-m", "polytape", "serve", "--port", "0", "--source", "synthetic"]
    for name in names:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment | {"POLYTAPE_STORE": "none", "POLYTAPE_MEMORY": memory},
        )
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split(" on ")[1].split()[0]
            asyncio.run(attack(name, url, process))
        finally:
            process.kill()
            process.communicate()


if __name__ == "__main__":
    main()
