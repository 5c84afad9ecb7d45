"""Sockets and uvicorn: how the gateway runs."""

import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import uvicorn
from litestar.types import ASGIApp

from polytape.errors import ConfigurationError
from polytape.gateway.frame_protocol import FrameProtocol

log = logging.getLogger(__name__)

GRACE_S = 10
# Longer than a client keeps an idle connection, so that the client is the one to close it.
KEEP_ALIVE_S = 60
BACKLOG = 2_048


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


def address(sockets: list[socket.socket]) -> str:
    """The URL of the first socket."""
    host, port = sockets[0].getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: ASGIApp, sockets: list[socket.socket]) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is in flight."""
    _server(app).run(sockets=sockets)


@contextmanager
def running(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """A gateway in a thread of this process; yields its URL. Its sockets listen from the start."""
    sockets = listen(host, port)
    server = _server(app)
    thread = threading.Thread(target=server.run, args=(sockets,), name="polytape-gateway")
    thread.start()
    try:
        yield address(sockets)
    finally:
        server.should_exit = True
        thread.join()


def _server(app: ASGIApp) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http="httptools",
        ws=FrameProtocol,
        ws_per_message_deflate=False,
        loop="auto" if sys.platform == "win32" else "uvloop",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        backlog=BACKLOG,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """Ends with the process alive: uvicorn's own raises the signal again once it has shut down."""

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
            for number, handler in before.items():
                signal.signal(number, handler)


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
