"""One key at one address: every request goes through the budget, with the key in a header only."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from polytape.errors import RateLimitError
from polytape.net.http import SyncDriver
from polytape.upstream.budget.budget import BACKFILL_PATIENCE_S, PATIENCE_S, Budget
from polytape.wire.budget import Pacer
from polytape.wire.flow import Flow, Request, Response, RetryPolicy, Runtime, ask
from polytape.wire.polygon import errors, requests

P = TypeVar("P", bound=requests.Page)
T = TypeVar("T")

TIMEOUT_S = 30.0
TRIES_S = 90.0
POLICIES = {
    background: RetryPolicy(
        timeout_s=TIMEOUT_S,
        max_retries=4,
        backoff_s=0.5,
        deadline_s=TRIES_S + (BACKFILL_PATIENCE_S if background else PATIENCE_S),
        retried=errors.VENDOR_RETRIED,
        gated=True,
    )
    for background in (False, True)
}


@dataclass
class VendorConnection:
    """Sends requests to the vendor. Calls block and may come from many threads. The key is in no
    error and no repr.

    Raises: errors of our tree, RateLimitError where the budget is used up.
    """

    driver: SyncDriver
    budget: Budget
    key: str = field(repr=False)
    runtime: Runtime = field(
        default_factory=lambda: Runtime(time.monotonic, time.time, random.random), repr=False
    )
    policies: dict[bool, RetryPolicy] = field(default_factory=lambda: POLICIES, repr=False)

    def get(self, request: Request, *, background: bool = False) -> Response:
        """The response to one request, a success."""
        return self._run(self._ask(request, background), background)

    def pages(
        self, request: Request, read: Callable[[bytes], P], *, background: bool = False
    ) -> list[P]:
        """All pages from one request on, checked by `read`."""
        ask_page = partial(self._ask, background=background)
        return self._run(requests.walk(request, ask_page, read), background)

    def end(self) -> None:
        """End the requests under way, and let no other begin."""
        self.budget.end()
        self.driver.close()

    def _ask(self, request: Request, background: bool) -> Flow[Response]:
        headers = {"authorization": f"Bearer {self.key}", "accept": "application/json"}
        keyed = Request(request.method, request.path, request.query, headers=headers)
        response = yield from ask(keyed, self.policies[background], Pacer(), self.runtime)
        if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            return replace(response, body=response.body.replace(self.key.encode(), b"***"))
        now = self.runtime.now()
        error = errors.refusal_of(
            response.status, response.headers, response.body, now, key=self.key
        )
        if isinstance(error, RateLimitError) and error.retry_at is None:
            error.retry_at = self.budget.open_again()
        raise error

    def _run(self, flow: Flow[T], background: bool) -> T:
        return self.driver.run(flow, lambda: self.budget.place(background=background))
