"""WebSockets for asyncio over the `websockets` library. Its errors are translated here, once."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import websockets.asyncio.client
import websockets.exceptions

from polytape.errors import AuthenticationError, ConnectionError
from polytape.net.authorities import client_context, system_context
from polytape.net.local_transport import LOCALHOST

if TYPE_CHECKING:
    from polytape.net.names import Resolver

# Bursts of a whole market's bars come as frames of up to a megabyte.
MAX_FRAME_BYTES = 16 * 1024 * 1024
PING_S = 20.0
# Frames that may wait to be read before the other side is slowed down.
MAX_FRAMES = 256
# Who does not answer a close is left: a place that others wait for is not held up by it.
CLOSE_S = 0.5
UNAUTHORIZED = frozenset({401, 403})


def _quiet_log() -> logging.Logger:
    """Where the library writes: its log of heads and frames has tokens and keys in it."""
    log = logging.getLogger(f"{__name__}.library")
    log.setLevel(logging.WARNING)
    return log


class Socket:
    """One open connection."""

    def __init__(self, url: str, connection: websockets.asyncio.client.ClientConnection) -> None:
        self._url = url
        self._connection = connection

    async def send(self, message: bytes) -> None:
        """Send a text message.

        Raises: ConnectionError once the connection is closed.
        """
        try:
            await self._connection.send(message.decode())
        except websockets.exceptions.ConnectionClosed as error:
            raise _closed(self._url, error) from error

    async def receive(self) -> bytes:
        """The next message.

        Raises: ConnectionError once the connection is closed.
        """
        try:
            data = await self._connection.recv(decode=False)
        except websockets.exceptions.ConnectionClosed as error:
            raise _closed(self._url, error) from error
        return data if isinstance(data, bytes) else data.encode()

    async def ping(self) -> None:
        """Return once the other side has answered a ping.

        Raises: ConnectionError once the connection is closed.
        """
        try:
            await (await self._connection.ping())
        except websockets.exceptions.ConnectionClosed as error:
            raise _closed(self._url, error) from error

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()


@asynccontextmanager
async def connect(
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    timeout_s: float = 10.0,
    ca: Path | None = None,
    on_headers: Callable[[Mapping[str, str]], None] = lambda _: None,
    resolver: "Resolver | None" = None,
) -> AsyncIterator[Socket]:
    """A connection to a WebSocket server, closed at the end. `ca`: the only authorities.
    `on_headers` is called with the headers of the server's response, names in lower case. The
    server's name is looked up, by `resolver`, in `timeout_s` at most; so is it connected to.

    Raises: ConnectionError with the URL; AuthenticationError where the server asks for a token;
    ConfigurationError naming `ca`.
    """
    context = _context(url, ca)
    opened: Socket | None = None
    try:
        connecting = websockets.asyncio.client.connect(
            url,
            additional_headers=dict(headers or {}),
            open_timeout=timeout_s,
            logger=_quiet_log(),
            ping_interval=PING_S,
            max_queue=MAX_FRAMES,
            close_timeout=CLOSE_S,
            max_size=MAX_FRAME_BYTES,
            proxy=None,
            sock=await _tcp_connection(url, timeout_s, resolver),
            ssl=context,
        )
        async with connecting as connection:
            if connection.response is not None:
                pairs = connection.response.headers.raw_items()
                on_headers({name.lower(): text for name, text in pairs})
            opened = Socket(url, connection)
            yield opened
    except websockets.exceptions.InvalidStatus as error:
        status = error.response.status_code
        message = f"{url} answered {status}"
        if status in UNAUTHORIZED:
            raise AuthenticationError(message, status=status) from error
        raise ConnectionError(message, url=url) from error
    except (TimeoutError, OSError, websockets.exceptions.WebSocketException) as error:
        if isinstance(error, ConnectionError) or opened is not None:
            raise
        raise ConnectionError(
            f"could not reach {url}: {error or type(error).__name__}", url=url, sent=False
        ) from error


async def _tcp_connection(url: str, seconds: float, resolver: "Resolver | None") -> socket.socket:
    """A connection to the first of a server's addresses that takes one. Each has its share of the
    time: where a network only seems to have IPv6, those addresses never answer.

    Raises: OSError.
    """
    parts, loop = urlsplit(url), asyncio.get_running_loop()
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    failure = OSError(f"{parts.hostname} has no address")
    addresses = await _addresses(parts.hostname or "", port, seconds, resolver)
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with ExitStack() as undo:
                opened = undo.enter_context(socket.socket(family, socket.SOCK_STREAM))
                opened.setblocking(False)
                async with asyncio.timeout(seconds / len(addresses)):
                    await loop.sock_connect(opened, (address, port))
                undo.pop_all()
        except OSError as error:
            failure = error
        else:
            return opened
    raise failure


async def _addresses(
    host: str, port: int, seconds: float, resolver: "Resolver | None"
) -> Sequence[str]:
    """The addresses of a name. The loop's own look-up would hold its few threads, and the end of
    the program, for as long as a name server is silent.

    Raises: OSError.
    """
    if host.endswith("localhost"):
        return LOCALHOST
    # Not loaded for a gateway of this machine.
    import httpcore2

    from polytape.net.names import Resolver

    try:
        return await (resolver or Resolver()).addresses_async(host, port, seconds)
    except httpcore2.ConnectError as error:
        raise OSError(str(error)) from error


def _context(url: str, ca: Path | None) -> ssl.SSLContext | None:
    """Whom a secure connection trusts: the system's authorities, where none are named. The library
    takes None for a plain connection alone.

    Raises: ConfigurationError naming `ca`.
    """
    if not url.startswith("wss:"):
        return None
    return system_context() if ca is None else client_context(ca)


def socket_url(base: str, path: str) -> str:
    """The WebSocket address of a path on an HTTP server."""
    return base.replace("http", "ws", 1) + path


def _closed(url: str, error: websockets.exceptions.ConnectionClosed) -> ConnectionError:
    close = error.rcvd or error.sent
    why = f"{close.code} {close.reason}".strip() if close is not None else "no close frame"
    return ConnectionError(f"{url} closed the connection ({why})", url=url)
