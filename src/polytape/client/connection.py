"""One server, and how requests go to it: as flows, without I/O and without numpy, so that a command
can query a gateway and print in a blink.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec

import polytape
from polytape.errors import ConnectionError, DataFetchError
from polytape.net.tracing import Tracer
from polytape.wire.api.media import API, JSON
from polytape.wire.budget import Pacer
from polytape.wire.flow import Flow, Request, Response, RetryPolicy, Runtime, ask, checked

NO_GATEWAY = "(is a gateway running there? polytape serve starts one)"


def with_cure(error: ConnectionError) -> ConnectionError:
    """The error; where nothing answered, with what starts a gateway."""
    if error.sent:
        return error
    return ConnectionError(f"{error} {NO_GATEWAY}", url=error.url, sent=False)


def machine_runtime() -> Runtime:
    """The machine's own clocks and randomness."""
    return Runtime(time.monotonic, time.time, random.random)


@dataclass
class Connection:
    """Everything about a server but how bytes travel. Usable from many threads. `on_try` gets the
    number of each try, from 0, `on_wait` the seconds of each wait before one, `on_body` the bytes
    of each response. `ca`: the only authorities that its certificate may be of. `read_owner_token`
    gives what a server that asks for a token gets where there is no `api_key`. `tracer` makes
    spans, where requests are traced.
    """

    base_url: str
    policy: RetryPolicy
    api_key: str | None = field(default=None, repr=False)
    version: str = API
    runtime: Runtime = field(default_factory=machine_runtime, repr=False)
    on_try: Callable[[int], None] = field(default=lambda _: None, repr=False)
    on_wait: Callable[[float], None] = field(default=lambda _: None, repr=False)
    on_body: Callable[[int], None] = field(default=lambda _: None, repr=False)
    pacer: Pacer = field(default_factory=Pacer, repr=False)
    ca: Path | None = None
    read_owner_token: Callable[[], str | None] = field(default=lambda: None, repr=False)
    tracer: Tracer | None = field(default=None, repr=False)
    _owner_token: str | None = field(default=None, repr=False)

    def send(self, request: Request) -> Flow[Response]:
        """The response to a request, whatever its status.

        Raises: ConnectionError, IncompleteDataError or RateLimitError after the last try.
        """
        response = yield from self._ask(request)
        refused = response.status == HTTPStatus.UNAUTHORIZED
        if not refused or not self.use_owner_token(request.headers):
            return response
        headers = {**request.headers, **self._credentials()}
        return (yield from self._ask(replace(request, headers=headers)))

    def use_owner_token(self, refused: Mapping[str, str]) -> bool:
        """Send the owner's token from now on; false where there is none, or the headers that were
        refused had it.

        Raises: ConfigurationError where its file is not private.
        """
        token = None if self.api_key else self.read_owner_token()
        if token is None or refused.get("authorization") == f"Bearer {token}":
            return False
        self._owner_token = token
        return True

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: tuple[tuple[str, str], ...] = (),
        body: object = None,
    ) -> Flow[Any]:
        """The JSON of a successful response; `body` is sent as JSON.

        Raises: the error that the response stands for; DataFetchError for what is no JSON.
        """
        headers = self.headers(JSON) | ({"content-type": JSON} if body is not None else {})
        content = b"" if body is None else msgspec.json.encode(body)
        request = Request(method, path, query, content, headers)
        response = checked((yield from self.send(request)), self.runtime)
        try:
            return msgspec.json.decode(response.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DataFetchError(f"the answer could not be read: {error}") from error

    def now_us(self) -> int:
        """The wall clock in microseconds UTC."""
        return int(self.runtime.wall() * 1e6)

    def headers(self, accept: str) -> dict[str, str]:
        """The headers of every request."""
        headers = {"accept": accept, "user-agent": f"polytape/{polytape.__version__}"}
        return headers | self._credentials()

    def _ask(self, request: Request) -> Flow[Response]:
        if self.tracer is None:
            return (yield from self._tried(request))
        with self.tracer.client_request(request.method, request.path) as span:
            headers = {**request.headers, **span.headers}
            response = yield from self._tried(replace(request, headers=headers))
            span.answered(response.status)
            return response

    def _tried(self, request: Request) -> Flow[Response]:
        listeners = self.on_try, self.on_wait
        try:
            response = yield from ask(request, self.policy, self.pacer, self.runtime, *listeners)
        except ConnectionError as error:
            if error.sent:
                raise
            # The library's errors behind it say the same again, at length.
            raise with_cure(error) from None
        self.on_body(len(response.raw))
        return response

    def _credentials(self) -> dict[str, str]:
        token = self.api_key or self._owner_token
        return {"authorization": f"Bearer {token}"} if token else {}
