"""Live events on a client: an async iterator, and a blocking one over it."""

import asyncio
import queue
import random
import threading
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing, suppress

from polytape import errors
from polytape.client.closing import AsyncBlock, Closing
from polytape.client.connection import Connection, with_cure
from polytape.client.stream_pump import Pump
from polytape.client.stream_session import StreamEvent, StreamNotice, StreamSession
from polytape.net import socket as sockets
from polytape.wire.api.media import JSON
from polytape.wire.polygon.events import CHANNELS
from polytape.wire.polygon.topics import Topic, parse_topic

LONGEST_BACKOFF_S, FIRST_BACKOFF_S = 30.0, 0.25
# The gateway says something every second; silence for so long means that nobody is there.
SILENCE_S = 15.0
# A reader that is slower than the gateway lets so many messages wait on its side.
MAX_BATCHES = 2_000
LOOK_AGAIN_S = 0.01
SHOWN_TOPICS = 5
REFUSED = (
    "(the gateway asks for another access token: api_key= or POLYTAPE_TOKEN gives it, polytape "
    "token list shows those that it knows)"
)


def parse_channels(symbols: str | Iterable[str], channels: Iterable[str]) -> frozenset[Topic]:
    """The topics of symbols on channels. Raises: ValidationError."""
    wanted = [symbols] if isinstance(symbols, str) else list(symbols)
    listed = [channels] if isinstance(channels, str) else list(channels)
    for one in listed:
        if one not in CHANNELS:
            raise errors.ValidationError("channels", one, errors.one_of(CHANNELS))
    return frozenset(
        parse_topic(f"{one}.{symbol}", "symbols") for one in listed for symbol in wanted
    )


class AsyncStream(AsyncBlock):
    """Events of topics, for ever: a lost connection is opened again, and what was missed meanwhile
    is asked for. `async for event in stream` gives typed events and notices; leaving an `async
    with` block ends it.

    Raises: ConnectionError where there is no server at the start; AuthenticationError.
    """

    def __init__(
        self,
        connection: Connection,
        topics: frozenset[Topic],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        *,
        replay: bool = False,
    ) -> None:
        self._url = sockets.socket_url(connection.base_url, f"{connection.version}/stream")
        self._connection = connection
        self._headers: dict[str, str] = {}
        self._session = StreamSession(topics, replay=replay)
        self._changed = asyncio.Event()
        self._sleep = sleep
        self._closed = False
        self._waiting: asyncio.Timeout | None = None

    def add(self, symbols: str | Iterable[str], channels: Iterable[str] = ("AM",)) -> None:
        """More symbols from now on."""
        self._want(self._session.wanted | parse_channels(symbols, channels))

    def remove(self, symbols: str | Iterable[str], channels: Iterable[str] = ("AM",)) -> None:
        """Fewer symbols from now on."""
        self._want(self._session.wanted - parse_channels(symbols, channels))

    @property
    def wanted(self) -> frozenset[Topic]:
        """The topics that are subscribed to."""
        return self._session.wanted

    @property
    def closed(self) -> bool:
        """Whether the iteration was ended."""
        return self._closed

    def close(self) -> None:
        """End the iteration."""
        self._closed = True
        if self._waiting is not None and not self._waiting.expired():
            with suppress(RuntimeError):  # it has just ended
                self._waiting.reschedule(0.0)

    def __aiter__(self) -> Pump[StreamEvent]:
        return Pump(self.batches())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_listed(self._session.wanted)})"

    async def batches(self) -> AsyncGenerator[list[StreamEvent], None]:
        """The same events, as they came together."""
        failures, ever = 0, False
        while not self._closed:
            try:
                async with aclosing(self._connected()) as connected:
                    async for events in connected:
                        failures, ever = 0, True
                        yield events
            except errors.AuthenticationError as error:
                if not self._connection.use_owner_token(self._headers):
                    detail = f"{error.detail} {REFUSED}"
                    raise errors.AuthenticationError(detail, status=error.status) from error
                continue
            except errors.ConnectionError as error:
                if not ever:
                    raise with_cure(error) from None
                yield [StreamNotice("disconnected", str(error), self._session.position or 0)]
            if not self._closed:
                await self._sleep(_backoff(failures))
                failures += 1

    async def _connected(self) -> AsyncGenerator[list[StreamEvent], None]:
        self._headers = self._connection.headers(JSON)
        async with sockets.connect(self._url, self._headers, ca=self._connection.ca) as socket:
            self._session.opened()
            subscribing = asyncio.ensure_future(self._keep_subscribed(socket))
            try:
                while (data := await self._received(socket)) is not None:
                    events = self._session.receive(data)
                    if self._session.has_data_to_send:
                        self._changed.set()
                    yield events
            finally:
                subscribing.cancel()
                await asyncio.gather(subscribing, return_exceptions=True)

    async def _received(self, socket: sockets.Socket) -> bytes | None:
        """The next message; None once this is closed."""
        if self._closed:
            return None
        try:
            async with asyncio.timeout(SILENCE_S) as self._waiting:
                return await socket.receive()
        except TimeoutError as error:
            if self.closed:
                return None
            raise errors.ConnectionError(f"{self._url} is silent", url=self._url) from error

    async def _keep_subscribed(self, socket: sockets.Socket) -> None:
        """Send what makes the gateway's subscriptions ours, whenever those change."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            for message in self._session.data_to_send():
                await socket.send(message)

    def _want(self, topics: frozenset[Topic]) -> None:
        self._session.want(topics)
        self._changed.set()


class Stream(Closing):
    """The same as a blocking iterator: the connection lives on a thread of its own, so that it
    works inside a running notebook loop. Leaving the `with` block, or `close`, ends it.
    """

    def __init__(
        self, connection: Connection, topics: frozenset[Topic], *, replay: bool = False
    ) -> None:
        self._batches: queue.SimpleQueue[list[StreamEvent] | errors.PolygonClientError | None] = (
            queue.SimpleQueue()
        )
        self._events: deque[StreamEvent] = deque()
        self._loop = asyncio.new_event_loop()
        self._stream: AsyncStream | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(connection, topics, replay), name="polytape-stream", daemon=True
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

    def __repr__(self) -> str:
        wanted = self._stream.wanted if self._stream is not None else frozenset()
        return f"{type(self).__name__}({_listed(wanted)})"

    def __iter__(self) -> Iterator[StreamEvent]:
        events = self._events
        while self._wait():
            while events:
                try:
                    event = events.popleft()
                except IndexError:  # another reader of this stream was quicker
                    break
                yield event

    def get(self, timeout_s: float) -> StreamEvent | None:
        """The next event, None where none comes in time or the stream ended."""
        with suppress(queue.Empty, IndexError):
            if self._wait(timeout_s):
                return self._events.popleft()
        return None

    def _wait(self, timeout_s: float | None = None) -> bool:
        """Have an event; false where the stream ended. Raises: queue.Empty; what ended it."""
        if self._events:
            return True
        batch = self._batches.get(timeout=timeout_s)
        if isinstance(batch, errors.PolygonClientError):
            raise batch
        if batch is None:
            self._batches.put(None)  # the end stays the end
            return False
        self._events.extend(batch)
        return True

    def _call(self, action: Callable[[AsyncStream], None]) -> None:
        stream = self._stream
        if stream is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(action, stream)

    def _run(self, connection: Connection, topics: frozenset[Topic], replay: bool) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._pump(connection, topics, replay))
        finally:
            self._ready.set()
            self._batches.put(None)
            self._loop.close()

    async def _pump(self, connection: Connection, topics: frozenset[Topic], replay: bool) -> None:
        self._stream = AsyncStream(connection, topics, replay=replay)
        self._ready.set()
        try:
            async for events in self._stream.batches():
                self._batches.put(events)
                # The gateway notices that nobody reads; closing still works.
                while self._batches.qsize() >= MAX_BATCHES and not self._stream.closed:  # noqa: ASYNC110 - another thread reads
                    await asyncio.sleep(LOOK_AGAIN_S)
        except errors.PolygonClientError as error:
            self._batches.put(error)


def _listed(topics: Iterable[Topic]) -> str:
    names = sorted(map(str, topics))
    more = [f"{len(names) - SHOWN_TOPICS} more"] if len(names) > SHOWN_TOPICS else []
    return ", ".join([*names[:SHOWN_TOPICS], *more])


def _backoff(failures: int) -> float:
    """Full jitter: many clients do not come back together."""
    longest: float = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2**failures)
    return random.random() * longest  # noqa: S311 - no secret
