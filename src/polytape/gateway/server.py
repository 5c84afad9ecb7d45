"""Sockets and uvicorn: how the gateway runs."""

import asyncio
import gc
import logging
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from ipaddress import ip_address
from types import FrameType

import uvicorn
from litestar.types import ASGIApp

from polytape.errors import ConfigurationError
from polytape.gateway.bounded_protocol import BoundedProtocol
from polytape.gateway.doorkeeper import ConnectionLimits, Doorkeeper
from polytape.gateway.frame_protocol import FrameProtocol
from polytape.gateway.middleware import Middleware

log = logging.getLogger(__name__)

# What is in flight has so long to be finished, and the whole end is over in LAST_S: a container is
# killed after ten seconds.
GRACE_S = 5
LAST_S = 9.5
# Longer than a client keeps an idle connection, so that the client is the one to close it.
KEEP_ALIVE_S = 60
BACKLOG = 2_048
# Connections that are taken in one turn of the loop, of each address.
TAKEN_A_TURN = 8
LIMITS = ConnectionLimits()
# Work in threads leaves the loop its turn after so many seconds at most.
SWITCH_S = 0.0003
# Files of the store, threads' sockets, the reserve of connections.
SPARE_FILES = 256
# What a client of a stream may send at once: thousands of topics.
MESSAGE_BYTES = 1024 * 1024
# uvicorn's ticks in a second.
TICKS = 10


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> list[socket.socket]:
    """Listening sockets; for the loopback also ::1 where there is one (Windows tries it first for
    `localhost`). Port 0 takes a free one.

    Raises: ConfigurationError where the port is taken or the address is not this machine's.
    """
    first = _bind(host if host != "localhost" else "127.0.0.1", port)
    sockets = [first]
    if host in ("127.0.0.1", "localhost") and socket.has_ipv6:
        try:
            sockets.append(_bind("::1", first.getsockname()[1]))
        except ConfigurationError as error:
            log.info("no gateway on ::1: %s", error)
    return sockets


def taken_together(sockets: list[socket.socket]) -> list[socket.socket]:
    """The same sockets, each several times: uvloop takes one connection of each in a turn of its
    loop. When many connect at once, the last one would wait until those before it have been
    answered as many times as there are connections.
    """
    again = [one.dup() for one in sockets for _ in range(TAKEN_A_TURN - 1)]
    return [*sockets, *again]


def address(sockets: list[socket.socket], scheme: str = "http") -> str:
    """The URL of the first socket."""
    host, port = sockets[0].getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def serve(
    app: ASGIApp,
    sockets: list[socket.socket],
    context: ssl.SSLContext | None = None,
    limits: ConnectionLimits | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is in flight; HTTPS where there is a context
    of a certificate. `limits`: by default as many connections as the process may open.
    """
    sys.setswitchinterval(SWITCH_S)
    # What is there now stays to the end: to look through it for garbage stops all answers for long.
    gc.freeze()
    _server(app, context, limits or machine_limits()).run(sockets=taken_together(sockets))


def machine_limits() -> ConnectionLimits:
    """The limits of connections, no more than the process may have files open."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return LIMITS
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files == resource.RLIM_INFINITY or files >= LIMITS.connections + SPARE_FILES:
        return LIMITS
    most = max(SPARE_FILES, files - SPARE_FILES)
    return replace(LIMITS, connections=most, share=most * LIMITS.share // LIMITS.connections)


@contextmanager
def running(
    app: ASGIApp,
    host: str = "127.0.0.1",
    port: int = 0,
    context: ssl.SSLContext | None = None,
    limits: ConnectionLimits = LIMITS,
) -> Iterator[str]:
    """A gateway in a thread of this process; yields its URL. Its sockets listen from the start."""
    sockets = listen(host, port)
    server = _server(app, context, limits)
    thread = threading.Thread(target=server.run, args=(sockets,), name="polytape-gateway")
    thread.start()
    try:
        yield address(sockets, "http" if context is None else "https")
    finally:
        server.should_exit = True
        thread.join()


def _server(
    app: ASGIApp, context: ssl.SSLContext | None, limits: ConnectionLimits
) -> uvicorn.Server:
    door = Doorkeeper(limits)
    quick = app.quick if isinstance(app, Middleware) else None
    config = uvicorn.Config(
        app,
        http=partial(BoundedProtocol, door=door, quick=quick),  # type: ignore[arg-type]
        ws=FrameProtocol,
        ws_per_message_deflate=False,
        ws_max_size=MESSAGE_BYTES,
        loop="auto" if sys.platform == "win32" else "uvloop",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who asks is who connects, whatever a header says
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        backlog=BACKLOG,
        ssl_context_factory=None if context is None else lambda _, __: context,
    )
    return _Server(config, door)


class _Server(uvicorn.Server):
    """Ends with the process alive: uvicorn's own raises the signal again once it has shut down."""

    def __init__(self, config: uvicorn.Config, door: Doorkeeper) -> None:
        super().__init__(config)
        self._door = door
        self._last: threading.Timer | None = None

    async def on_tick(self, counter: int) -> bool:
        """Every tenth of a second; whether the server ends."""
        if counter % TICKS == 0:
            self._door.sweep(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM end the server; only the main thread may catch them."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in signals}
        try:
            yield
        finally:
            if self._last is not None:
                self._last.cancel()
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End; in the end without those who do not. Files are written whole, or not at all."""
        super().handle_exit(sig, frame)
        if self._last is None:
            self._last = threading.Timer(LAST_S, _leave)
            self._last.daemon = True
            self._last.start()


def _leave() -> None:
    log.error("the gateway did not end within %g s: what was under way is cut off", LAST_S)
    os._exit(1)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ConfigurationError(
            f"cannot listen on {host} port {port}: {error.strerror or error} "
            "(is a gateway running already? --port names another port)"
        ) from error
    return sock
