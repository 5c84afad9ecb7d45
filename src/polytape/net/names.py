"""Addresses of names, looked up in threads that nobody waits for longer than they may.

The system's look-up has no time-out and cannot be ended: a name server that is silent holds its
thread for half a minute or more. Such a thread is left to itself. There is at most one for each
name, however many ask for it, and so many at most in all.
"""

import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from ipaddress import ip_address
from typing import TypeAlias

import httpcore2
import httpx2

from polytape.net.deadlines import CONNECT_S as CONNECT_S  # noqa: PLC0414 - also from here

# How long a stop that comes while a name is looked up is not seen, at most.
LOOK_AGAIN_S = 0.25
# A client asks one gateway, a gateway a vendor's few hosts.
MOST_LOOKUPS = 16

Key: TypeAlias = tuple[str, int]
LookUp: TypeAlias = Callable[[str, int], list[str]]
SocketOption: TypeAlias = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)


def system_lookup(host: str, port: int) -> list[str]:
    """The addresses of a name, in the system's own time.

    Raises: OSError, or UnicodeError for a name that no name server could be asked for.
    """
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in entries]


class Resolver:
    """Looks names up. Usable from many threads; a forked child needs one of its own."""

    def __init__(self, look_up: LookUp = system_lookup, most: int = MOST_LOOKUPS) -> None:
        self._look_up = look_up
        self._most = most
        self._lock = threading.Lock()
        self._running: dict[Key, Future[list[str]]] = {}

    @property
    def running(self) -> int:
        """How many names are being looked up."""
        return len(self._running)

    def addresses(
        self, host: str, port: int, seconds: float, check: Callable[[], None] = lambda: None
    ) -> list[str]:
        """The addresses of a host within `seconds`. `check` is called now and then, and may raise.

        Raises: httpcore2.ConnectError.
        """
        future, left = self._begin(host, port), seconds
        while not future.done():
            check()
            if left <= 0:
                raise _too_slow(host, seconds)
            wait([future], min(left, LOOK_AGAIN_S))
            left -= LOOK_AGAIN_S
        return _addresses(host, future)

    async def addresses_async(self, host: str, port: int, seconds: float) -> list[str]:
        """As `addresses`, on an event loop."""
        import asyncio  # a command that asks and prints needs no event loop

        future = self._begin(host, port)
        # Shielded: others may wait for the same look-up.
        waiting = asyncio.shield(asyncio.wrap_future(future))
        await asyncio.wait([waiting], timeout=seconds)
        if waiting.done():
            waiting.exception()  # what nobody has looked at asyncio logs as an error
        else:
            waiting.cancel()
        if not future.done():
            raise _too_slow(host, seconds)
        return _addresses(host, future)

    def _begin(self, host: str, port: int) -> Future[list[str]]:
        """A look-up that is under way, or a new one. An address needs none."""
        if _is_address(host):
            known: Future[list[str]] = Future()
            known.set_result([host])
            return known
        key = (host, port)
        with self._lock:
            running = self._running.get(key)
            if running is not None:
                return running
            if len(self._running) >= self._most:
                raise httpcore2.ConnectError(f"{self._most} other names are being looked up")
            future = self._running[key] = Future()
        try:
            threading.Thread(
                target=self._run, args=(key, future), name="polytape-names", daemon=True
            ).start()
        except RuntimeError as error:
            self._end(key)
            raise httpcore2.ConnectError(f"{host} cannot be looked up: {error}") from error
        return future

    def _run(self, key: Key, future: Future[list[str]]) -> None:
        try:
            addresses = self._look_up(*key)
        except (OSError, UnicodeError) as error:
            self._end(key)
            future.set_exception(error)
        else:
            self._end(key)
            future.set_result(addresses)

    def _end(self, key: Key) -> None:
        with self._lock:
            del self._running[key]


class AsyncNamesBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections on an event loop, to names that this module looks up: the loop's own
    look-ups hold the few threads of its executor, and the end of the program.
    """

    def __init__(self, inner: httpcore2.AsyncNetworkBackend, resolver: Resolver) -> None:
        self._inner = inner
        self._resolver = resolver

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the base class has it
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """As `AsyncNetworkBackend.connect_tcp`: the addresses of a name are tried in turn."""
        limit = CONNECT_S if timeout is None else timeout
        options = list(socket_options or ())
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in await self._resolver.addresses_async(host, port, limit):
            try:
                return await self._inner.connect_tcp(address, port, limit, local_address, options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """As `AsyncNetworkBackend.sleep`."""
        await self._inner.sleep(seconds)

    def carry(self, client: httpx2.AsyncClient) -> None:
        """Open the connections of a client that has none yet, as `DeadlineBackend.carry`."""
        for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001
            if isinstance(transport, httpx2.AsyncHTTPTransport):
                transport._pool._network_backend = self  # noqa: SLF001


def _addresses(host: str, future: "Future[list[str]]") -> list[str]:
    error = future.exception()
    if error is not None:
        raise httpcore2.ConnectError(str(error)) from error
    addresses = future.result()
    if not addresses:
        raise httpcore2.ConnectError(f"{host} has no address")
    return addresses


def _too_slow(host: str, seconds: float) -> httpcore2.ConnectError:
    return httpcore2.ConnectError(
        f"DNS has not answered for the host {host} within {seconds:.3g} s"
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
