"""uvicorn's WebSockets, with a way past ASGI for frames that are built already.

By ASGI each client's copy of a message passes three coroutines and is framed anew; the frames of a
fan-out are the same bytes for everybody, and are written as they are. Nothing is compressed: that
would make them other bytes for each client.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# Where the scope of a WebSocket has its writer.
EXTENSION = "polytape.frames"
SWITCHING_PROTOCOLS = 101


class FrameWriter(Protocol):
    """Writes frames to one client. `ready` is false while it takes no more: what is written then
    stays in memory. `on_ready` is called when it does again.
    """

    ready: bool
    on_ready: Callable[[], None]

    def write_frames(self, frames: Sequence[bytes]) -> None:
        """Write whole frames together; nothing is written to a connection that is closing."""
        ...

    def abort(self) -> None:
        """Close the connection at once, whatever is still to be written."""
        ...


class FrameProtocol(WebSocketsSansIOProtocol):
    """One connection: a `FrameWriter`, which its scope names once it is accepted."""

    ready = True
    _on_lost: Callable[[], None] = staticmethod(lambda: None)

    def handle_connect(self, event: Any) -> None:  # a request of the websockets library
        super().handle_connect(event)
        if self.response.status_code == SWITCHING_PROTOCOLS:
            self.scope["extensions"][EXTENSION] = self  # type: ignore[assignment]

    def on_ready(self) -> None:
        """Nobody wants to know."""

    def count_loss(self, on_lost: Callable[[], None]) -> None:
        """Have `on_lost` called once the connection has ended."""
        self._on_lost = on_lost

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._on_lost()

    def pause_writing(self) -> None:
        self.ready = False
        super().pause_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.ready = True
        self.on_ready()

    def write_frames(self, frames: Sequence[bytes]) -> None:
        """As `FrameWriter.write_frames`."""
        if not (self.close_sent or self.disconnected or self.transport.is_closing()):
            self.transport.write(b"".join(frames))

    def abort(self) -> None:
        """As `FrameWriter.abort`."""
        self.transport.abort()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        if not self.ready:  # what is still to be written would keep the connection open
            self.abort()
