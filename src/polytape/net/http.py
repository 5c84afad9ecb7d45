"""The two drivers of a flow over httpx2. Foreign errors are translated here, once."""

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from ipaddress import ip_address
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

import httpx2

from polytape.errors import ConnectionError, IncompleteDataError, ValidationError
from polytape.wire.flow import Flow, Request, Response, Wait

T = TypeVar("T")
# What is held while one request is under way, and told its answer.
Gate: TypeAlias = Callable[[], AbstractContextManager[Callable[[Response], None]]]

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
        """Drive `flow` to its end, each request through the gate. Raises what the flow raises, and
        what the gate does.
        """
        try:
            step = next(flow)
            while True:
                if isinstance(step, Wait):
                    self._sleep(step.seconds)
                    step = flow.send(None)
                    continue
                try:
                    with gate() as told:
                        response = self._send(step)
                        told(response)
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
        with _translated(url):
            built = _build(self._pool(), url, request)
            answer = self._pool().send(built, stream=True)
        try:
            with _translated(url, reading=True):
                parts = []
                for part in answer.iter_bytes():
                    parts.append(part)
                    if self._monotonic() > ends:
                        raise ConnectionError(_slow(url, request.timeout), url=url)
        finally:
            answer.close()
        return _response(answer, b"".join(parts))

    def _pool(self) -> httpx2.Client:
        with self._lock:
            if self._client is None or self._owner != os.getpid():
                self._owner = os.getpid()
                self._client = httpx2.Client(transport=self._transport, **_how(self._base))
            return self._client


class AsyncDriver:
    """The same for asyncio. A new event loop gets a pool of its own."""

    def __init__(
        self,
        base_url: str,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._base = check_url(base_url)
        self._transport = transport
        self._sleep = sleep
        self._client: httpx2.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, flow: Flow[T]) -> T:
        """Drive `flow` to its end. Raises what the flow raises."""
        try:
            step = next(flow)
            while True:
                if isinstance(step, Wait):
                    await self._sleep(step.seconds)
                    step = flow.send(None)
                    continue
                try:
                    response = await self._send(step)
                except (ConnectionError, IncompleteDataError) as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(response)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Close the connections; the next flow opens new ones."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.aclose()

    async def _send(self, request: Request) -> Response:
        url = self._base + request.path
        try:
            async with asyncio.timeout(request.timeout):
                with _translated(url):
                    built = _build(self._pool(), url, request)
                    answer = await self._pool().send(built, stream=True)
                try:
                    with _translated(url, reading=True):
                        body = await answer.aread()
                finally:
                    await answer.aclose()
        except TimeoutError as error:
            if isinstance(error, ConnectionError):
                raise
            raise ConnectionError(_slow(url, request.timeout), url=url) from error
        return _response(answer, body)

    def _pool(self) -> httpx2.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._loop = loop
            self._client = httpx2.AsyncClient(transport=self._transport, **_how(self._base))
        return self._client


def check_url(url: object, param: str = "base_url") -> str:
    """The URL without a trailing slash. Raises ValidationError for what is no http(s) URL."""
    allowed = "an http:// or https:// address such as http://localhost:8200"
    if not isinstance(url, str):
        raise ValidationError(param, url, allowed)
    try:
        parts = urlsplit(url.strip())
        named = parts.hostname is not None and (parts.port is None or parts.port > 0)
        if parts.username is not None:
            told = f"{param} is not valid: no user or password in the address, see api_key"
            raise ValidationError.from_detail(told, param)
    except ValidationError:
        raise
    except ValueError as error:
        raise ValidationError(param, url, allowed) from error
    if parts.scheme not in ("http", "https") or not named or parts.query or parts.fragment:
        raise ValidationError(param, url, allowed)
    return url.strip().rstrip("/")


def check_key(key: object, param: str = "api_key") -> str:
    """The key without surrounding blanks. Raises ValidationError that does not show it."""
    text = key.strip() if isinstance(key, str) else ""
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValidationError.from_detail(f"{param} is not valid: visible ASCII is allowed", param)
    return text


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine, which no proxy can reach for us."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _how(base: str) -> dict[str, Any]:
    """A pool's settings. No proxy reaches this machine for us, and reading the certificates takes
    20 ms that it does not need.
    """
    return {
        "limits": POOL,
        "trust_env": not is_loopback(base),
        "verify": base.startswith("https:") or not is_loopback(base),
    }


def _build(pool: httpx2.Client | httpx2.AsyncClient, url: str, request: Request) -> httpx2.Request:
    return pool.build_request(
        request.method,
        url,
        params=list(request.query) or None,
        content=request.body or None,
        headers=dict(request.headers),
        timeout=request.timeout,
    )


def _response(answer: httpx2.Response, body: bytes) -> Response:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status_code, headers, body)


def _slow(url: str, timeout: float) -> str:
    return f"no whole answer from {url} within {timeout:g} s"


@contextmanager
def _translated(url: str, *, reading: bool = False) -> Iterator[None]:
    """httpx2's errors as ours. What breaks while an answer is read leaves an incomplete answer."""
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
