"""One server, and how requests go to it: as flows, without I/O and without numpy, so that a command
can query a gateway and print in a blink.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

import polytape
from polytape.errors import DataFetchError
from polytape.wire.api.media import API, JSON
from polytape.wire.budget import Pacer
from polytape.wire.flow import Flow, Request, Response, RetryPolicy, Runtime, ask, checked


def machine_runtime() -> Runtime:
    """The machine's own clocks and randomness."""
    return Runtime(time.monotonic, time.time, random.random)


@dataclass
class Connection:
    """Everything about a server but how bytes travel. Usable from many threads. `on_try` gets the
    number of each try, from 0.
    """

    base_url: str
    policy: RetryPolicy
    api_key: str | None = field(default=None, repr=False)
    version: str = API
    runtime: Runtime = field(default_factory=machine_runtime, repr=False)
    on_try: Callable[[int], None] = field(default=lambda _: None, repr=False)
    pacer: Pacer = field(default_factory=Pacer, repr=False)

    def send(self, request: Request) -> Flow[Response]:
        """The response to a request, whatever its status.

        Raises: ConnectionError, IncompleteDataError or RateLimitError after the last try.
        """
        return (yield from ask(request, self.policy, self.pacer, self.runtime, self.on_try))

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
        if self.api_key:
            headers["authorization"] = f"Bearer {self.api_key}"
        return headers
