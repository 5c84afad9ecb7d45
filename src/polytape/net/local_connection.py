"""One connection to a server on this machine, which speaks HTTP/1.1 a response at a time."""

import socket
from collections.abc import Iterator

from polytape.net.deadlines import CONNECT_S, Deadlines, cut
from polytape.wire import http1

# What is read at once where it is not known how much comes, and of a long body.
READ_BYTES, LONG_READ = 64 * 1024, 1024 * 1024


def open_connection(address: tuple[str, int], deadlines: Deadlines) -> "LocalConnection":
    """A new connection. Raises: OSError."""
    opened = socket.create_connection(address, deadlines.cut(CONNECT_S))
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return LocalConnection(opened, deadlines)


class LocalConnection:
    """A connection that obeys the deadline of the thread that uses it. `reusable`: whether another
    request may follow. `idle_since`: when the last one ended, seconds of the transport's clock.
    """

    def __init__(self, opened: socket.socket, deadlines: Deadlines) -> None:
        self._socket = opened
        self._deadlines = deadlines
        # What was read and is not used yet.
        self._ahead = b""
        self.reusable = False
        self.idle_since = 0.0

    @property
    def surplus(self) -> int:
        """Bytes that came behind the response."""
        return len(self._ahead)

    def send(self, raw: bytes) -> None:
        """Send a request. Raises: OSError."""
        self._step()
        self._socket.sendall(raw)

    def read_head(self, method: str) -> http1.Head:
        """The head of the response to a request of this method. Raises: OSError, ProtocolError."""
        while True:
            raw = self._until(http1.END_OF_HEAD, http1.MOST_HEAD_BYTES)
            head = http1.parse_head(raw, method)
            if not head.informational:
                return head

    def read_exactly(self, count: int) -> bytearray:
        """So many bytes, into memory that is nobody else's. Raises: OSError."""
        room = bytearray(count)
        at = min(count, len(self._ahead))
        room[:at] = self._ahead[:at]
        self._ahead = self._ahead[at:]
        with memoryview(room) as view:
            while at < count:
                self._step()
                read = self._socket.recv_into(view[at:])
                if not read:
                    raise _ended(f"after {at} of {count} bytes")
                at += read
        return room

    def parts(self, head: http1.Head) -> Iterator[bytes]:
        """The body as it comes. Raises: OSError, ProtocolError."""
        if head.length is not None:
            return self._bytes(head.length)
        return self._chunks() if head.chunked else self._to_the_end()

    def is_silent(self) -> bool:
        """Whether the server has sent nothing since, nor ended the connection."""
        try:
            self._socket.settimeout(0)
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def cut(self) -> None:
        """End the connection under whoever waits on it, from another thread."""
        cut(self._socket)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _bytes(self, count: int) -> Iterator[bytes]:
        """So many bytes as they come."""
        while count:
            part = self._ahead or self._more(min(count, LONG_READ))
            self._ahead = part[count:]
            count -= len(part[:count])
            yield part[: len(part) - len(self._ahead)]

    def _chunks(self) -> Iterator[bytes]:
        """What the chunks carry."""
        while count := http1.parse_chunk_size(self._line()):
            yield from self._bytes(count)
            if self._line():
                raise http1.ProtocolError("a chunk of it does not end where it should")
        while self._line():
            pass  # a trailer

    def _to_the_end(self) -> Iterator[bytes]:
        """All that comes."""
        yield self._ahead
        self._ahead = b""
        self._step()
        while part := self._socket.recv(LONG_READ):
            yield part
            self._step()

    def _line(self) -> bytes:
        return self._until(http1.LINE_END, http1.MOST_LINE_BYTES)

    def _until(self, end: bytes, most: int) -> bytes:
        """What comes before `end`, of which it is read too."""
        while True:
            before, ending, after = self._ahead.partition(end)
            if len(before) > most:
                raise http1.ProtocolError("a line of it is too long")
            if ending:
                self._ahead = after
                return before
            self._ahead += self._more()

    def _more(self, most: int = READ_BYTES) -> bytes:
        self._step()
        part = self._socket.recv(most)
        if not part:
            raise _ended("before the answer did")
        return part

    def _step(self) -> None:
        """Begin to wait. Raises: TimeoutError; DataFetchError where nobody waits any more."""
        stop = self._deadlines.stop
        if stop is not None:
            stop.wait_on(self._socket)
        self._socket.settimeout(self._deadlines.cut(None))


def _ended(where: str) -> OSError:
    return OSError(f"the server ended the connection {where}")
