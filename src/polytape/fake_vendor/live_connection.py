"""One WebSocket of the fake vendor on a connection that HTTP began. It can be cut, closed, mute and
deaf.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from polytape.fake_vendor.listener import reset
from polytape.fake_vendor.live_mischief import status_frame
from polytape.fake_vendor.live_session import VendorSession

READ_BYTES = 64 * 1024
FRAGMENT_BYTES = 100
MESSAGE_OPCODES = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)
POLICY_VIOLATION = 1008


class LiveConnection:
    """`changed` is called after the handshake and after each message of the client's.

    `marks` are headers of the handshake. `max_buffer` bytes may wait for a client that does not
    read; with more it is told `slow_consumer` and closed. `frames` counts what was sent. `mute`
    sends nothing more, `deaf` reads nothing more.
    """

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        session: VendorSession,
        changed: Callable[["LiveConnection"], None],
        max_buffer: int,
        marks: Mapping[str, str],
    ) -> None:
        self.session = session
        self.frames = 0
        self.mute = self.deaf = False
        self._writer = writer
        self._changed = changed
        self._max_buffer = max_buffer
        self._marks = marks
        self._protocol = ServerProtocol(max_size=None)
        self._message = b""

    @property
    def open(self) -> bool:
        """Whether frames can be sent."""
        return self._protocol.state is State.OPEN

    async def run(self, head: bytes, reader: asyncio.StreamReader) -> None:
        """Until the client is gone. `head` is its HTTP request."""
        self._receive(head)
        while data := await reader.read(READ_BYTES):
            if not self.deaf:
                self._receive(data)
        self._protocol.receive_eof()
        self._flush()

    def send(self, frame: bytes, *, fragments: bool = False) -> None:
        """A frame, in one piece or in many; one that is no longer open, or mute, sends nothing."""
        if not self.open or self.mute:
            return
        self.frames += 1
        if fragments:
            self._send_fragments(frame)
        else:
            self._protocol.send_text(frame)
        self._flush()
        if self._writer.transport.get_write_buffer_size() > self._max_buffer:
            self.close(POLICY_VIOLATION, "slow_consumer", "Client is reading too slowly.")

    def close(self, code: int, status: str = "", message: str = "") -> None:
        """Close with a code, after a status where one is named."""
        if not self.open:
            return
        if status:
            self._protocol.send_text(status_frame(status, message))
        self._protocol.send_close(code)
        self._flush()

    def reset(self) -> None:
        """Cut the line with a TCP reset: what is on its way is lost."""
        self._protocol.receive_eof()
        reset(self._writer)

    def _receive(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                response = self._protocol.accept(event)
                response.headers.update(self._marks)
                self._protocol.send_response(response)
                self._send_all(self.session.data_to_send())
                self._changed(self)
            elif isinstance(event, Frame) and event.opcode in MESSAGE_OPCODES:
                self._take(event)
        self._flush()

    def _take(self, frame: Frame) -> None:
        self._message += bytes(frame.data)
        if frame.fin:
            message, self._message = self._message, b""
            self.session.receive_data(message.decode("utf-8", "replace"))
            self._send_all(self.session.data_to_send())
            self._changed(self)

    def _send_all(self, frames: Iterable[bytes]) -> None:
        for frame in frames:
            self.send(frame)

    def _send_fragments(self, frame: bytes) -> None:
        self._protocol.send_text(frame[:FRAGMENT_BYTES], fin=False)
        for at in range(FRAGMENT_BYTES, len(frame), FRAGMENT_BYTES):
            self._protocol.send_continuation(frame[at : at + FRAGMENT_BYTES], fin=False)
        self._protocol.send_continuation(b"", fin=True)

    def _flush(self) -> None:
        if self._writer.transport.is_closing():
            return
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)
            elif self._writer.can_write_eof():
                self._writer.write_eof()
