"""Requests over httpx2: to servers anywhere, by TLS and through proxies. Foreign errors are
translated here, once.
"""

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit

import httpx2

from polytape.errors import ConnectionError, IncompleteDataError, ValidationError
from polytape.net.authorities import client_context
from polytape.net.bodies import ACCEPT_ENCODING, Body, body_of_status
from polytape.net.deadlines import Deadlines
from polytape.net.http import is_loopback, too_slow
from polytape.net.surplus import drop_surplus
from polytape.wire.flow import Request, Response
from polytape.wire.texts import shown

if TYPE_CHECKING:
    from polytape.net.streams import DeadlineBackend

POOL = httpx2.Limits(max_connections=128, max_keepalive_connections=32, keepalive_expiry=15.0)


class HttpxTransport:
    """One connection pool. Usable from many threads; a forked child opens its own. `transport`
    takes the place of sockets.
    """

    def __init__(
        self,
        base: str,
        ca: Path | None = None,
        transport: httpx2.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = base
        self._ca = ca
        self._transport = transport
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._deadlines = Deadlines(monotonic)
        self._client: httpx2.Client | None = None
        self._backend: DeadlineBackend | None = None
        self._owner = 0

    def send(self, request: Request, ends: float) -> Response:
        """As `Transport.send`."""
        url, client = self._base + request.path, self._pool()
        with self._deadlines.until(ends):
            with translated(url):
                built = build_request(client, url, request)
                response = _sent(client, built)
            try:
                with translated(url, reading=True):
                    body = self._read(request, response, url, ends)
                    drop_surplus(response)
            finally:
                self._deadlines.release()
                response.close()
        return to_response(response, body)

    def close(self) -> None:
        """As `Transport.close`."""
        with self._lock:
            client, self._client = self._client, None
            backend, self._backend = self._backend, None
        if client is not None and self._owner == os.getpid():
            if backend is not None:
                backend.cut_all()
            client.close()

    def _read(self, request: Request, response: httpx2.Response, url: str, ends: float) -> bytes:
        body = body_of(url, request, response)
        assert isinstance(response.stream, httpx2.SyncByteStream)
        for part in response.stream:
            body.feed(part)
            if body.full:
                break
            if self._monotonic() > ends:
                raise ConnectionError(too_slow(url, request.timeout), url=url)
        return body.end()

    def _pool(self) -> httpx2.Client:
        with self._lock:
            if self._client is None or self._owner != os.getpid():
                self._owner = os.getpid()
                pool = pool_settings(self._base, self._ca)
                self._client = httpx2.Client(transport=self._transport, **pool)
                if self._transport is None:
                    from polytape.net.streams import DeadlineBackend

                    self._backend = DeadlineBackend(self._deadlines)
                    self._backend.carry(self._client)
            return self._client


def _sent(client: httpx2.Client, request: httpx2.Request) -> httpx2.Response:
    """The response's head. A client that another thread has closed sends nothing."""
    try:
        return client.send(request, stream=True)
    except RuntimeError as error:
        if client.is_closed:
            raise httpx2.ConnectError("the connections were closed") from error
        raise


def body_of(url: str, request: Request, response: httpx2.Response) -> Body:
    """The body of a response, to be fed as it comes, as `body_of_status` has it."""
    encoding = response.headers.get("content-encoding", "")
    return body_of_status(url, response.status_code, encoding, request.most_bytes)


class PoolSettings(TypedDict):
    """Arguments of httpx2's clients."""

    limits: httpx2.Limits
    trust_env: bool
    verify: bool | ssl.SSLContext


def pool_settings(base: str, ca: Path | None = None) -> PoolSettings:
    """The settings of a pool for a base URL. To this machine no proxy of the environment is used,
    and without TLS the certificates are not loaded: that takes 20 ms. `ca`: the only authorities.

    Raises: ConfigurationError naming that file.
    """
    remote, secure = not is_loopback(base), base.startswith("https:")
    verify = client_context(ca) if ca is not None and secure else remote or secure
    return {"limits": POOL, "trust_env": remote, "verify": verify}


def build_request(
    pool: httpx2.Client | httpx2.AsyncClient, url: str, request: Request
) -> httpx2.Request:
    """A request of `wire` as httpx2's."""
    return pool.build_request(
        request.method,
        url,
        params=list(request.query) or None,
        content=request.body or None,
        headers={"accept-encoding": ACCEPT_ENCODING} | dict(request.headers),
        timeout=request.timeout,
    )


def to_response(response: httpx2.Response, body: bytes) -> Response:
    """A response of httpx2 as `wire`'s."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(response.status_code, headers, body)


@contextmanager
def translated(url: str, *, reading: bool = False) -> Iterator[None]:
    """httpx2's errors as ours.

    Raises: IncompleteDataError for what breaks while a response is read, else ConnectionError;
    ValidationError for a URL that httpx2 refuses.
    """
    try:
        yield
    except httpx2.TimeoutException as error:
        message = f"no answer from {url} in time ({type(error).__name__})"
        sent = not isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout)
        raise ConnectionError(message, url=url, sent=sent) from error
    except (httpx2.TransportError, httpx2.DecodingError) as error:
        if reading:
            message = f"the answer from {url} broke off: {_why(error)}"
            raise IncompleteDataError(message) from error
        message = f"could not reach {url}: {_unresolved(error, url) or _why(error)}"
        sent = not isinstance(error, httpx2.ConnectError)
        raise ConnectionError(message, url=url, sent=sent) from error
    except httpx2.InvalidURL as error:
        raise ValidationError("base_url", url, str(error)) from error


def _unresolved(error: BaseException | None, url: str) -> str:
    """What is said of a host whose name could not be resolved; "" where that is not the reason."""
    while error is not None and not isinstance(error, socket.gaierror):
        error = error.__cause__ or error.__context__
    if error is None:
        return ""
    return f"DNS does not know the host {urlsplit(url).hostname} ({error.strerror})"


def _why(error: Exception) -> str:
    """What an error of the library says: it may repeat what a server sent, all of it."""
    return shown(str(error)) or type(error).__name__
