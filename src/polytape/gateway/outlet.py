"""One client's way out: what the hub has for it, as far as its connection takes it.

The hub calls; nothing here waits for a client. What a connection does not take stays in the hub's
bounded queue, where bars are conflated.
"""

import asyncio
from collections import deque
from typing import Any, cast

from litestar import WebSocket

from polytape.errors import ConfigurationError
from polytape.gateway.frame_protocol import EXTENSION, FrameWriter
from polytape.gateway.live import EndedError, LiveConnection
from polytape.gateway.live_frames import Protocol, text_frame
from polytape.gateway.subscriber import Batch

# A client that was ended has so long to take what waits for it, and the reason.
LAST_WORDS_S = 5.0
# What is written at once; a connection that took so much is looked at before it gets more.
WRITE_BYTES = 64 * 1024
# https://www.rfc-editor.org/rfc/rfc6455#section-5.5: what a close frame can carry.
LONGEST_REASON_BYTES = 123
POLICY_VIOLATION = 1008


def frame_writer(socket: WebSocket[Any, Any, Any]) -> FrameWriter:
    """The writer of a WebSocket. Raises: ConfigurationError where another server serves it."""
    writer = (socket.scope["extensions"] or {}).get(EXTENSION)
    if writer is None:
        raise ConfigurationError("streams need the server of `polytape serve`")
    return cast("FrameWriter", writer)


class Outlet:
    """For one event loop."""

    def __init__(self, writer: FrameWriter, connection: LiveConnection, protocol: Protocol) -> None:
        self._writer = writer
        self._connection = connection
        self._subscriber = connection.subscriber
        # When the oldest of what is written together came.
        self._arrived = 0.0
        self._protocol = protocol
        self._answers: deque[bytes] = deque()
        self._changed = asyncio.Event()
        writer.on_ready = self._subscriber.notify = self.flush
        self.flush()

    def flush(self) -> None:
        """Write what waits, as long as the connection takes it."""
        answering = bool(self._answers)
        while self._writer.ready and (frames := self._next_frames()):
            self._writer.write_frames(frames)
            if self._arrived:
                self._connection.delivered(self._arrived)
                self._arrived = 0.0
        if answering or self._subscriber.ended is not None:  # else nobody waits for it
            self._changed.set()

    def _next_frames(self) -> list[bytes]:
        """Frames to write together: answers first."""
        frames: list[bytes] = []
        size = 0
        while size < WRITE_BYTES:
            if self._answers:
                frame = self._answers.popleft()
            elif (delivery := self._subscriber.next()) is not None:
                frame = self._protocol.frames(delivery)
                if not self._arrived and isinstance(delivery, Batch):
                    self._arrived = delivery.arrived
            else:
                break
            if frame:
                frames.append(frame)
                size += len(frame)
        return frames

    def answer(self, messages: list[bytes]) -> None:
        """Write messages before whatever waits."""
        self._answers.extend(map(text_frame, messages))
        self.flush()

    async def answered(self) -> None:
        """Once every answer is written."""
        while self._answers:
            await self._change()

    async def ended(self) -> None:
        """Raises: EndedError once the hub ended this client."""
        while self._subscriber.ended is None:
            await self._change()
        raise EndedError(self._subscriber.ended)

    async def close(self, socket: WebSocket[Any, Any, Any], reason: str) -> None:
        """Close with a reason after what waits. Who does not take it is cut off."""
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                while self._subscriber.waiting or not self._writer.ready:
                    await self._change()
                await socket.close(
                    POLICY_VIOLATION, reason.encode()[:LONGEST_REASON_BYTES].decode(errors="ignore")
                )
        except TimeoutError:
            self._writer.abort()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
