"""Connections whose every step ends by one instant.

httpcore's time-outs are for each read: a server that sends a byte now and then, in the head,
between chunks or after the body, holds a thread for ever. Here every look-up of a name, connect,
handshake, read and write of a request has what is left of the request's time.
"""

import socket
import weakref
from collections.abc import Iterable
from ssl import SSLContext
from typing import Any

import httpcore2
import httpx2

from polytape.net.deadlines import Deadlines, cut
from polytape.net.names import CONNECT_S, Resolver, SocketOption

LONG_READ = 1024 * 1024


class DeadlineStream(httpcore2.NetworkStream):
    """A connection that obeys the deadline of the thread that uses it."""

    def __init__(
        self,
        inner: httpcore2.NetworkStream,
        deadlines: Deadlines,
        opened: "weakref.WeakSet[DeadlineStream]",
    ) -> None:
        self._inner = inner
        self._deadlines = deadlines
        self._opened = opened
        self._full = False
        self._socket: socket.socket = inner.get_extra_info("socket")
        opened.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """As `NetworkStream.read`, and more where the read before it was full: a long answer comes
        in fewer steps, each of which costs h11 and httpcore as much as a short one.
        """
        room = max(max_bytes, LONG_READ) if self._full else max_bytes
        part = self._inner.read(room, self._step(timeout, httpcore2.ReadTimeout))
        self._full = len(part) >= max_bytes
        return part

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """As `NetworkStream.write`."""
        self._inner.write(buffer, self._step(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        """As `NetworkStream.close`."""
        self._opened.discard(self)
        self._inner.close()

    def cut(self) -> None:
        """End the connection under whoever waits on it, from another thread."""
        cut(self._socket)

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        """As `NetworkStream.start_tls`."""
        limit = self._step(timeout, httpcore2.ConnectTimeout)
        inner = self._inner.start_tls(ssl_context, server_hostname, limit)
        return DeadlineStream(inner, self._deadlines, self._opened)

    def get_extra_info(self, info: str) -> Any:
        """As `NetworkStream.get_extra_info`."""
        return self._inner.get_extra_info(info)

    def _step(
        self, timeout: float | None, too_late: type[httpcore2.TimeoutException]
    ) -> float | None:
        stop = self._deadlines.stop
        if stop is not None:
            stop.wait_on(self._socket)
        try:
            return self._deadlines.cut(timeout)
        except TimeoutError as error:
            raise too_late("its time is over") from error


class DeadlineBackend(httpcore2.NetworkBackend):
    """Opens connections that obey deadlines, and can cut all of them."""

    def __init__(self, deadlines: Deadlines, resolver: Resolver | None = None) -> None:
        self._inner = httpcore2.SyncBackend()
        self._resolver = Resolver() if resolver is None else resolver
        self._deadlines = deadlines
        self._opened: weakref.WeakSet[DeadlineStream] = weakref.WeakSet()
        self._ended = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.NetworkStream:
        """As `NetworkBackend.connect_tcp`: a name and its addresses share the time."""
        options = list(socket_options or ())
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in self._addresses(host, port, timeout):
            try:
                limit = self._deadlines.cut(CONNECT_S if timeout is None else timeout)
                inner = self._inner.connect_tcp(address, port, limit, local_address, options)
            except TimeoutError:
                raise httpcore2.ConnectTimeout("its time is over") from failure
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return self._taken(inner)
        raise failure

    def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        try:
            limit = self._deadlines.cut(CONNECT_S if timeout is None else timeout)
        except TimeoutError:
            raise httpcore2.ConnectTimeout("its time is over") from None
        assert limit is not None
        return self._resolver.addresses(host, port, limit, self._go_on)

    def _go_on(self) -> None:
        """Raises: DataFetchError where nobody waits, ConnectError where all were closed."""
        if self._deadlines.stop is not None:
            self._deadlines.stop.check()
        if self._ended:
            raise httpcore2.ConnectError("the connections were closed")

    def _taken(self, inner: httpcore2.NetworkStream) -> "DeadlineStream":
        """A connection that is cut with the others: those who cut them may not have seen it."""
        stream = DeadlineStream(inner, self._deadlines, self._opened)
        if self._ended:
            stream.close()
            raise httpcore2.ConnectError("the connections were closed")
        return stream

    def carry(self, client: httpx2.Client) -> None:
        """Open the connections of a client that has none yet.

        httpx2 has no argument for it: the tests of slow servers hold that it is so.
        """
        for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001
            if isinstance(transport, httpx2.HTTPTransport):
                pool = transport._pool  # noqa: SLF001
                assert isinstance(pool._network_backend, httpcore2.SyncBackend)  # noqa: SLF001
                pool._network_backend = self  # noqa: SLF001

    def cut_all(self) -> None:
        """End every connection under whoever waits on it, and open no other."""
        self._ended = True
        for stream in list(self._opened):
            stream.cut()
