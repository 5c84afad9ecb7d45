"""Flows driven over HTTP: requests are sent, waits slept, and the flow gets what came of them."""

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar
from urllib.parse import urlsplit

from polytape.errors import ConnectionError, IncompleteDataError, ValidationError
from polytape.net.walk import Walk, WalkLimits
from polytape.wire.flow import Flow, Request, Response, Wait

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")
# Entered for the time of one request; calls what it yields with the response.
Gate: TypeAlias = Callable[[], AbstractContextManager[Callable[[Response], None]]]

URL_ALLOWED = "an http:// or https:// address such as http://localhost:8200"


class Transport(Protocol):
    """Carries requests to one server and responses back. Usable from many threads."""

    def send(self, request: Request, ends: float) -> Response:
        """The response, whole by `ends`, seconds of the transport's clock.

        Raises: ConnectionError, IncompleteDataError, DataFetchError.
        """
        ...

    def close(self) -> None:
        """Close the connections, under whoever waits on them; the next request opens new ones."""
        ...


class SyncDriver:
    """Runs flows over one connection pool. Usable from many threads; a forked child opens its own.

    A request ends within its time-out, however slowly its server sends and its name is looked up.
    `quick`: to a server on this machine, without TLS, requests take the short way
    (`local_transport`). `sleep` and `transport` are arguments so that tests neither wait nor open
    sockets.
    """

    def __init__(
        self,
        base_url: str,
        *,
        transport: "httpx2.BaseTransport | None" = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        ca: Path | None = None,
        quick: bool = False,
    ) -> None:
        self._base = check_url(base_url)
        self._sleep = sleep
        self._monotonic = monotonic
        self._transport: Transport
        # Each loads a library that the other has no use for.
        if quick and self._base.startswith("http:") and is_loopback(self._base):
            from polytape.net.local_transport import LocalTransport

            self._transport = LocalTransport(self._base, monotonic)
        else:
            from polytape.net.httpx_transport import HttpxTransport

            self._transport = HttpxTransport(self._base, ca, transport, monotonic)

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
        self._transport.close()

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
                response = self._transport.send(request, ends)
            except (ConnectionError, IncompleteDataError):
                if walk is not None:  # where nobody waits any more, that is why
                    walk.check()
                raise
            on_response(response)
        if walk is not None:
            walk.add(len(response.raw))
        return response


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


def shorten(error: ConnectionError) -> None:
    """Drop the way that an error took through a flow, where nothing was sent: its text is all there
    is to know, and a notebook shows ten lines for each step.
    """
    if not error.sent:
        error.with_traceback(None)


def too_slow(url: str, timeout: float) -> str:
    """What the error says of a response that did not end within `timeout` seconds."""
    return f"no whole answer from {url} within {timeout:g} s"
