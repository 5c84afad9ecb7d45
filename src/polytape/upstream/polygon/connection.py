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
from polytape.wire.polygon.errors import VENDOR_RETRIED, refusal_of
from polytape.wire.polygon.requests import Page, walk

P = TypeVar("P", bound=Page)
T = TypeVar("T")

BASE_URL = "https://api.massive.com"
TIMEOUT_S = 30.0
TRIES_S = 90.0
POLICIES = {
    background: RetryPolicy(
        timeout_s=TIMEOUT_S,
        max_retries=4,
        backoff_s=0.5,
        deadline_s=TRIES_S + (BACKFILL_PATIENCE_S if background else PATIENCE_S),
        retried=VENDOR_RETRIED,
        gated=True,
    )
    for background in (False, True)
}


@dataclass
class VendorConnection:
    """Asks the vendor. Calls block and may come from many threads. Errors are of our tree and never
    hold the key.
    """

    driver: SyncDriver
    budget: Budget
    key: str = field(repr=False)
    runtime: Runtime = field(
        default_factory=lambda: Runtime(time.monotonic, time.time, random.random), repr=False
    )
    on_request: Callable[[], None] = lambda: None
    policies: dict[bool, RetryPolicy] = field(default_factory=lambda: POLICIES, repr=False)

    def get(self, request: Request, *, background: bool = False) -> Response:
        """The answer to one question, a success."""
        return self._run(self._ask(request, background), background)

    def pages(
        self, request: Request, read: Callable[[bytes], P], *, background: bool = False
    ) -> list[P]:
        """All pages from one question on, checked."""
        return self._run(walk(request, partial(self._ask, background=background), read), background)

    def end(self) -> None:
        """Nothing is asked any more."""
        self.budget.end()
        self.driver.close()

    def _ask(self, request: Request, background: bool) -> Flow[Response]:
        headers = {"authorization": f"Bearer {self.key}", "accept": "application/json"}
        keyed = Request(request.method, request.path, request.query, headers=headers)
        told = yield from ask(
            keyed, self.policies[background], Pacer(), self.runtime, lambda _: self.on_request()
        )
        if HTTPStatus.OK <= told.status < HTTPStatus.MULTIPLE_CHOICES:
            return replace(told, body=told.body.replace(self.key.encode(), b"***"))
        now = self.runtime.now()
        refused = refusal_of(told.status, told.headers, told.body, now, key=self.key)
        if isinstance(refused, RateLimitError) and refused.retry_at is None:
            refused.retry_at = self.budget.open_again()
        raise refused

    def _run(self, flow: Flow[T], background: bool) -> T:
        return self.driver.run(flow, lambda: self.budget.place(background=background))
