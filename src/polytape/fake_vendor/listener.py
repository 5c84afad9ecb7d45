"""A port that can die and come back: everybody is cut, nobody is let in, then it listens again."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias, TypeVar

T = TypeVar("T")
ServeConnection: TypeAlias = Callable[
    [asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]
]

CALL_S, GRACE_S = 10.0, 1.0
# With a linger of no time a close sends a reset.
NO_LINGER = struct.pack("ii", 1, 0)


class LoopCalls:
    """Runs actions on a loop from any thread; in place while there is no loop that runs."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run on this loop from now on."""
        self._loop = loop

    def call(self, action: Callable[[], T]) -> T:
        """The outcome of an action. Raises: TimeoutError for a loop that does not come to it."""
        loop = self._loop
        if loop is None or not loop.is_running() or asyncio._get_running_loop() is loop:  # noqa: SLF001 - None where there is none
            return action()

        async def act() -> T:
            return action()

        return asyncio.run_coroutine_threadsafe(act(), loop).result(CALL_S)


class Listener:
    """Serves each connection by `serve`, as a task."""

    def __init__(self, serve: ServeConnection) -> None:
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._address = ("", 0)
        self._writers: dict[asyncio.StreamWriter, asyncio.Task[object] | None] = {}
        self._opening: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int, limit: int) -> asyncio.Server:
        """Listen; port 0 takes a free one. Raises: OSError."""
        listening = socket.create_server((host, port))
        self._address, self._limit = listening.getsockname()[:2], limit
        await self._accept(listening)
        assert self._server is not None
        return self._server

    @property
    def port(self) -> int:
        """The port, listening or not."""
        return self._address[1]

    def stop(self) -> None:
        """Close the port and reset every connection."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._writers):
            reset(writer)

    def listen_again(self) -> None:
        """Listen on the same port. Raises: OSError where somebody else has it now."""
        listening = socket.create_server(self._address)
        self._opening = asyncio.get_running_loop().create_task(self._accept(listening))

    async def end(self) -> None:
        """Stop for good. Connections that were cut end by themselves: one that is cancelled instead
        is logged as an error by asyncio.
        """
        self.stop()
        tasks = [task for task in self._writers.values() if task is not None]
        if not tasks:
            return
        _, left = await asyncio.wait(tasks, timeout=GRACE_S)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        self._server = await asyncio.start_server(self._one, sock=listening, limit=self._limit)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers[writer] = asyncio.current_task()
        try:
            await self._serve(reader, writer)
        finally:
            del self._writers[writer]
            with suppress(ConnectionError):
                writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """Cut a connection with a TCP reset: what is on its way is lost."""
    if not writer.transport.is_closing():
        line: socket.socket = writer.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    writer.transport.abort()
