"""Flows driven over httpx2. Foreign errors are translated here, once."""

import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypedDict, TypeVar
from urllib.parse import urlsplit

import httpx2

from polytape.errors import ConnectionError, IncompleteDataError, ValidationError
from polytape.net.authorities import client_context
from polytape.net.bodies import ACCEPT_ENCODING, MOST_ERROR_BYTES, Body
from polytape.net.deadlines import Deadlines
from polytape.net.surplus import drop_surplus
from polytape.net.walk import Walk, WalkLimits
from polytape.wire.flow import Flow, Request, Response, Wait
from polytape.wire.texts import shown

if TYPE_CHECKING:
    from polytape.net.streams import DeadlineBackend

T = TypeVar("T")
# Entered for the time of one request; calls what it yields with the response.
Gate: TypeAlias = Callable[[], AbstractContextManager[Callable[[Response], None]]]

URL_ALLOWED = "an http:// or https:// address such as http://localhost:8200"
POOL = httpx2.Limits(max_connections=128, max_keepalive_connections=32, keepalive_expiry=15.0)


class SyncDriver:
    """Runs flows over one connection pool. Usable from many threads; a forked child opens its own.

    A request ends within its time-out, however slowly its server sends and its name is looked up.
    `sleep` and `transport` are arguments so that tests neither wait nor open sockets.
    """

    def __init__(
        self,
        base_url: str,
        *,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        ca: Path | None = None,
    ) -> None:
        self._base = check_url(base_url)
        self._ca = ca
        self._transport = transport
        self._sleep = sleep
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._deadlines = Deadlines(monotonic)
        self._client: httpx2.Client | None = None
        self._backend: DeadlineBackend | None = None
        self._owner = 0

    @property
    def base_url(self) -> str:
        """What the requests' paths are joined to."""
        return self._base

    def run(
        self,
        flow: Flow[T],
        gate: Gate = lambda: nullcontext(lambda _: None),
        limits: WalkLimits | None = None,
    ) -> T:
        """Drive `flow` to its end, each request through the gate, all of it within the limits.

        Raises: what the flow raises, and what the gate raises; as `Walk` where there are limits.
        """
        walk = None if limits is None else Walk(limits, self._base, self._monotonic)
        try:
            step = next(flow)
            while True:
                if isinstance(step, Wait):
                    self._wait(step.seconds, walk)
                    step = flow.send(None)
                    continue
                try:
                    response = self._exchange(step, gate, walk)
                except (ConnectionError, IncompleteDataError) as error:
                    if walk is not None:
                        walk.check()
                    step = flow.throw(error)
                else:
                    step = flow.send(response)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        except ConnectionError as error:
            shorten(error)
            raise

    def close(self) -> None:
        """Close the connections, under whoever waits on them; the next request opens new ones."""
        with self._lock:
            client, self._client = self._client, None
            backend, self._backend = self._backend, None
        if client is not None and self._owner == os.getpid():
            if backend is not None:
                backend.cut_all()
            client.close()

    def _wait(self, seconds: float, walk: Walk | None) -> None:
        if walk is None:
            self._sleep(seconds)
        else:
            walk.sleep(seconds, self._sleep)

    def _exchange(self, request: Request, gate: Gate, walk: Walk | None) -> Response:
        began = self._monotonic()
        with gate() as on_response:
            now = self._monotonic()
            ends = now + request.timeout
            if walk is not None:
                walk.waited(now - began)
                ends = min(ends, walk.ends)
            try:
                response = self._send(request, ends)
            except (ConnectionError, IncompleteDataError):
                if walk is not None:  # where nobody waits any more, that is why
                    walk.check()
                raise
            on_response(response)
        if walk is not None:
            walk.add(len(response.body))
        return response

    def _send(self, request: Request, ends: float) -> Response:
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
    """The body of a response, to be fed as it comes. An error's is cut, and what is larger than the
    request allows is an error.
    """
    encoding = response.headers.get("content-encoding", "")
    if response.is_success:
        return Body(url, encoding, request.most_bytes)
    return Body(url, encoding, min(request.most_bytes, MOST_ERROR_BYTES), cut=True)


def check_url(url: object, param: str = "base_url") -> str:
    """The URL without a trailing slash.

    Raises: ValidationError for what is no http(s) URL of a host, or has a user or password in it.
    """
    text = url.strip() if isinstance(url, str) else ""
    try:
        parts = urlsplit(text)
        reachable = parts.hostname is not None and (parts.port is None or parts.port > 0)
    except ValueError:
        # Without the cause: its text may repeat a password.
        raise ValidationError(param, redacted(url), URL_ALLOWED) from None
    if parts.username is not None:
        detail = f"{param} is not valid: no user or password in the address, see api_key"
        raise ValidationError.from_detail(detail, param)
    if parts.scheme not in ("http", "https") or not reachable or parts.query or parts.fragment:
        raise ValidationError(param, redacted(url), URL_ALLOWED)
    return text.rstrip("/")


def redacted(url: object) -> object:
    """A URL without what may be secret in it: user, password, query and fragment."""
    if not isinstance(url, str):
        return url
    return re.sub(r"//.*@", "//***@", re.sub(r"[?#].*", "?***", url, flags=re.DOTALL))


def check_key(key: object, param: str = "api_key") -> str:
    """The key without surrounding blanks.

    Raises: ValidationError, which does not show the key, for what is not visible ASCII.
    """
    text = key.strip() if isinstance(key, str) else ""
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValidationError.from_detail(f"{param} is not valid: visible ASCII is allowed", param)
    return text


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


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


def shorten(error: ConnectionError) -> None:
    """Drop the way that an error took through a flow, where nothing was sent: its text is all there
    is to know, and a notebook shows ten lines for each step.
    """
    if not error.sent:
        error.with_traceback(None)


def too_slow(url: str, timeout: float) -> str:
    """What the error says of a response that did not end within `timeout` seconds."""
    return f"no whole answer from {url} within {timeout:g} s"


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
