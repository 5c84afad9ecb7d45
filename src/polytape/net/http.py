"""Flows driven over httpx2. Foreign errors are translated here, once."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from ipaddress import ip_address
from typing import TypeAlias, TypedDict, TypeVar
from urllib.parse import urlsplit

import httpx2

from polytape.errors import ConnectionError, IncompleteDataError, ValidationError
from polytape.wire.flow import Flow, Request, Response, Wait

T = TypeVar("T")
# Entered for the time of one request; calls what it yields with the response.
Gate: TypeAlias = Callable[[], AbstractContextManager[Callable[[Response], None]]]

URL_ALLOWED = "an http:// or https:// address such as http://localhost:8200"
POOL = httpx2.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=15.0)


class SyncDriver:
    """Runs flows over one connection pool. Usable from many threads; a forked child opens its own.

    `sleep` and `transport` are arguments so that tests neither wait nor open sockets.
    """

    def __init__(
        self,
        base_url: str,
        *,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = check_url(base_url)
        self._transport = transport
        self._sleep = sleep
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._client: httpx2.Client | None = None
        self._owner = 0

    def run(self, flow: Flow[T], gate: Gate = lambda: nullcontext(lambda _: None)) -> T:
        """Drive `flow` to its end, each request through the gate.

        Raises: what the flow raises, and what the gate raises.
        """
        try:
            step = next(flow)
            while True:
                if isinstance(step, Wait):
                    self._sleep(step.seconds)
                    step = flow.send(None)
                    continue
                try:
                    with gate() as on_response:
                        response = self._send(step)
                        on_response(response)
                except (ConnectionError, IncompleteDataError) as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(response)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close the connections; the next flow opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None and self._owner == os.getpid():
            client.close()

    def _send(self, request: Request) -> Response:
        url = self._base + request.path
        ends = self._monotonic() + request.timeout
        with translated(url):
            built = build_request(self._pool(), url, request)
            response = self._pool().send(built, stream=True)
        try:
            with translated(url, reading=True):
                parts = []
                for part in response.iter_bytes():
                    parts.append(part)
                    if self._monotonic() > ends:
                        raise ConnectionError(too_slow(url, request.timeout), url=url)
        finally:
            response.close()
        return to_response(response, b"".join(parts))

    def _pool(self) -> httpx2.Client:
        with self._lock:
            if self._client is None or self._owner != os.getpid():
                self._owner = os.getpid()
                self._client = httpx2.Client(transport=self._transport, **pool_settings(self._base))
            return self._client


def check_url(url: object, param: str = "base_url") -> str:
    """The URL without a trailing slash.

    Raises: ValidationError for what is no http(s) URL of a host, or has a user or password in it.
    """
    text = url.strip() if isinstance(url, str) else ""
    try:
        parts = urlsplit(text)
        reachable = parts.hostname is not None and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise ValidationError(param, url, URL_ALLOWED) from error
    if parts.username is not None:
        detail = f"{param} is not valid: no user or password in the address, see api_key"
        raise ValidationError.from_detail(detail, param)
    if parts.scheme not in ("http", "https") or not reachable or parts.query or parts.fragment:
        raise ValidationError(param, url, URL_ALLOWED)
    return text.rstrip("/")


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
    verify: bool


def pool_settings(base: str) -> PoolSettings:
    """The settings of a pool for a base URL. To this machine no proxy of the environment is used,
    and without TLS the certificates are not loaded: that takes 20 ms.
    """
    remote = not is_loopback(base)
    return {"limits": POOL, "trust_env": remote, "verify": remote or base.startswith("https:")}


def build_request(
    pool: httpx2.Client | httpx2.AsyncClient, url: str, request: Request
) -> httpx2.Request:
    """A request of `wire` as httpx2's."""
    return pool.build_request(
        request.method,
        url,
        params=list(request.query) or None,
        content=request.body or None,
        headers=dict(request.headers),
        timeout=request.timeout,
    )


def to_response(response: httpx2.Response, body: bytes) -> Response:
    """A response of httpx2 as `wire`'s."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(response.status_code, headers, body)


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
        raise ConnectionError(message, url=url) from error
    except (httpx2.TransportError, httpx2.DecodingError) as error:
        if reading:
            message = f"the answer from {url} broke off: {error or type(error).__name__}"
            raise IncompleteDataError(message) from error
        message = f"could not reach {url}: {error or type(error).__name__}"
        raise ConnectionError(message, url=url) from error
    except httpx2.InvalidURL as error:
        raise ValidationError("base_url", url, str(error)) from error
