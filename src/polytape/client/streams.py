"""Live events on a client: an async iterator, and a blocking one over it."""

import asyncio
import queue
import random
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from polytape.client.connection import Connection
from polytape.client.stream_session import StreamEvent, StreamNotice, StreamSession
from polytape.errors import AuthenticationError, ConnectionError, PolygonClientError
from polytape.net.socket import connect, socket_url
from polytape.wire.polygon.topics import Topic, parse_topic

LONGEST_BACKOFF_S, FIRST_BACKOFF_S = 30.0, 0.25
# The gateway says something every second; silence for so long means that nobody is there.
SILENCE_S = 15.0
QUEUE = 100_000


def parse_channels(symbols: str | Iterable[str], channels: Iterable[str]) -> frozenset[Topic]:
    """The topics of symbols on channels. Raises: ValidationError."""
    wanted = [symbols] if isinstance(symbols, str) else list(symbols)
    listed = [channels] if isinstance(channels, str) else list(channels)
    return frozenset(
        parse_topic(f"{one}.{symbol}", "symbols") for one in listed for symbol in wanted
    )


class AsyncStream:
    """Events of topics, for ever: a lost connection is opened again, and what was missed meanwhile
    is asked for. `async for event in stream` gives typed events and notices.

    Raises: ConnectionError where there is no server at the start; AuthenticationError.
    """

    def __init__(
        self,
        connection: Connection,
        topics: frozenset[Topic],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._url = socket_url(connection.base_url, f"{connection.version}/stream")
        self._headers = connection.headers("application/json")
        self._session = StreamSession(topics)
        self._changed = asyncio.Event()
        self._sleep = sleep
        self._closed = False

    def add(self, symbols: str | Iterable[str], channels: Iterable[str] = ("AM",)) -> None:
        """More symbols from now on."""
        self._want(self._session.wanted | parse_channels(symbols, channels))

    def remove(self, symbols: str | Iterable[str], channels: Iterable[str] = ("AM",)) -> None:
        """Fewer symbols from now on."""
        self._want(self._session.wanted - parse_channels(symbols, channels))

    def close(self) -> None:
        """End the iteration."""
        self._closed = True
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[StreamEvent]:
        failures, ever = 0, False
        while not self._closed:
            try:
                async for event in self._connected():
                    failures, ever = 0, True
                    yield event
            except AuthenticationError:
                raise
            except ConnectionError as error:
                if not ever:
                    raise
                yield StreamNotice("disconnected", str(error), self._session.position or 0)
            if not self._closed:
                await self._sleep(_backoff(failures))
                failures += 1

    async def _connected(self) -> AsyncIterator[StreamEvent]:
        async with connect(self._url, self._headers) as socket:
            self._session.opened()
            for message in self._session.data_to_send():
                await socket.send(message)
            receiving = asyncio.ensure_future(socket.receive())
            changing = asyncio.ensure_future(self._changed.wait())
            try:
                while not self._closed:
                    done, _ = await asyncio.wait(
                        {receiving, changing},
                        timeout=SILENCE_S,
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                    if not done:
                        raise ConnectionError(f"{self._url} is silent", url=self._url)
                    if changing in done:
                        self._changed.clear()
                        changing = asyncio.ensure_future(self._changed.wait())
                        for message in self._session.data_to_send():
                            await socket.send(message)
                    if receiving in done:
                        data = receiving.result()
                        receiving = asyncio.ensure_future(socket.receive())
                        for event in self._session.receive(data):
                            yield event
            finally:
                for task in (receiving, changing):
                    task.cancel()
                await asyncio.gather(receiving, changing, return_exceptions=True)

    def _want(self, topics: frozenset[Topic]) -> None:
        self._session.want(topics)
        self._changed.set()


class Stream:
    """The same as a blocking iterator: the connection lives on a thread of its own, so that it
    works inside a running notebook loop. Leaving the `with` block, or `close`, ends it.
    """

    def __init__(self, connection: Connection, topics: frozenset[Topic]) -> None:
        self._events: queue.Queue[StreamEvent | PolygonClientError | None] = queue.Queue(QUEUE)
        self._loop = asyncio.new_event_loop()
        self._stream: AsyncStream | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(connection, topics), name="polytape-stream", daemon=True
        )
        self._thread.start()
        self._ready.wait()

    def add(self, symbols: str | Iterable[str], channels: Iterable[str] = ("AM",)) -> None:
        """More symbols from now on."""
        self._call(lambda stream: stream.add(symbols, channels))

    def remove(self, symbols: str | Iterable[str], channels: Iterable[str] = ("AM",)) -> None:
        """Fewer symbols from now on."""
        self._call(lambda stream: stream.remove(symbols, channels))

    def close(self) -> None:
        """End the iteration and the connection. Never hangs."""
        self._call(lambda stream: stream.close())
        self._thread.join(5.0)

    def __iter__(self) -> Iterator[StreamEvent]:
        while True:
            event = self._events.get()
            if event is None:
                return
            if isinstance(event, PolygonClientError):
                raise event
            yield event

    def get(self, timeout_s: float) -> StreamEvent | None:
        """The next event, None where none comes in time or the stream ended."""
        try:
            event = self._events.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(event, PolygonClientError):
            raise event
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, action: Callable[[AsyncStream], None]) -> None:
        stream = self._stream
        if stream is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(action, stream)

    def _run(self, connection: Connection, topics: frozenset[Topic]) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._pump(connection, topics))
        finally:
            self._ready.set()
            self._events.put(None)
            self._loop.close()

    async def _pump(self, connection: Connection, topics: frozenset[Topic]) -> None:
        self._stream = AsyncStream(connection, topics)
        self._ready.set()
        try:
            async for event in self._stream:
                self._events.put(event)
        except PolygonClientError as error:
            self._events.put(error)


def _backoff(failures: int) -> float:
    """Full jitter: many clients do not come back together."""
    longest: float = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2**failures)
    return random.random() * longest  # noqa: S311 - no secret
