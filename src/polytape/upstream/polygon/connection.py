"""One key at one address: every request goes through the budget, with the key in a header only."""

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from polytape.errors import (
    ConnectionError,
    IncompleteDataError,
    PolygonClientError,
    RateLimitError,
)
from polytape.net.http import SyncDriver
from polytape.net.stages import stage
from polytape.net.walk import WalkLimits
from polytape.upstream.budget.budget import BACKFILL_PATIENCE_S, PATIENCE_S, Budget
from polytape.upstream.vendor_health import VendorHealth
from polytape.wire.budget import Pacer
from polytape.wire.flow import Flow, Request, Response, RetryPolicy, Runtime, ask
from polytape.wire.polygon import errors, requests
from polytape.wire.polygon.secrecy import KeyScrubber

P = TypeVar("P", bound=requests.Page)
T = TypeVar("T")

TIMEOUT_S = 30.0
TRIES_S = 90.0
# All of a question: its pages, tries, waits and bytes. With the budget's patience it ends before
# a client's own 120 s; a backfill's waiting for the budget is not counted.
WALK_S = 100.0
BACKFILL_WALK_S = 600.0
# The largest answers are of 9 MB: a snapshot of the market, a page of 50,000 quotes.
MOST_BODY_BYTES = 32 * 1024 * 1024
# A fetch is of two pages at most, the table of splits is of some thirty small ones.
MOST_WALK_BYTES = 2 * MOST_BODY_BYTES
LIMITS = {
    False: WalkLimits(WALK_S, MOST_WALK_BYTES),
    True: WalkLimits(BACKFILL_WALK_S, MOST_WALK_BYTES, patient=True),
}
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
    """Sends requests to the vendor. Calls block and may come from many threads; each ends within
    the limits of a walk, whatever the vendor does. The key is in no error and no repr.

    Raises: errors of our tree, RateLimitError where the budget is used up.
    """

    driver: SyncDriver
    budget: Budget
    key: str = field(repr=False)
    runtime: Runtime = field(
        default_factory=lambda: Runtime(time.monotonic, time.time, random.random), repr=False
    )
    policies: dict[bool, RetryPolicy] = field(default_factory=lambda: POLICIES, repr=False)
    limits: dict[bool, WalkLimits] = field(default_factory=lambda: LIMITS, repr=False)
    # Called with the headers of each response: its `Date` is the vendor's clock, and a stand-in
    # says there that it is one.
    on_headers: Callable[[Mapping[str, str]], None] = field(default=lambda _: None, repr=False)

    def __post_init__(self) -> None:
        self._scrubber = KeyScrubber(self.key)
        self._health = VendorHealth(self.runtime.monotonic)
        # They write down addresses, reason phrases and heads as the vendor sends them.
        for name in ("httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)

    def get(self, request: Request, *, background: bool = False) -> Response:
        """The response to one request, a success."""
        return self._run(self._ask(request, background), background)

    def pages(
        self, request: Request, read: Callable[[bytes], P], *, background: bool = False
    ) -> list[P]:
        """All pages from one request on, checked by `read`."""
        ask_page = partial(self._ask, background=background)
        return self._run(requests.walk(request, ask_page, read), background)

    def trouble(self) -> str | None:
        """Why nothing can be fetched now, by what happened last; None where nothing speaks against
        it. Asks nobody.
        """
        opens = self.budget.open_again()
        if opens is not None and (opens - self.runtime.now()).total_seconds() > PATIENCE_S:
            return f"the vendor refused a request: none is sent until {opens:%H:%M:%S} UTC"
        return self._health.trouble()

    def end(self) -> None:
        """End the requests under way, and let no other begin."""
        self.budget.end()
        self.driver.close()

    def _ask(self, request: Request, background: bool) -> Flow[Response]:
        headers = {"authorization": f"Bearer {self.key}", "accept": "application/json"}
        keyed = Request(
            request.method,
            request.path,
            request.query,
            headers=headers,
            most_bytes=MOST_BODY_BYTES,
        )
        policy = self.policies[background]
        if not background and self._health.trouble() is not None:
            policy = replace(policy, max_retries=0)  # others have tried again and again just now
        response = yield from ask(keyed, policy, Pacer(), self.runtime)
        if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            self._scrubber.check_data(response.body)
            return response
        now = self.runtime.now()
        error = errors.refusal_of(
            response.status, response.headers, response.body, now, key=self.key
        )
        if isinstance(error, RateLimitError) and error.retry_at is None:
            error.retry_at = self.budget.open_again()
        raise error

    def _run(self, flow: Flow[T], background: bool) -> T:
        try:
            return self.driver.run(flow, lambda: self._gate(background), self.limits[background])
        except RateLimitError as error:
            self._blame_vendor(error)
            self._scrubber.error(error)
            raise
        except PolygonClientError as error:
            self._scrubber.error(error)
            raise

    def _blame_vendor(self, error: RateLimitError) -> None:
        """Raises: ConnectionError where tries that had no answer have used up our own budget: the
        vendor, or the way to it, is the trouble.
        """
        reason = self._health.unanswered()
        if error.status is None and reason is not None:
            url = self.driver.base_url
            raise ConnectionError(f"{reason} (and its tries: {error})", url=url) from error

    @contextmanager
    def _gate(self, background: bool) -> Iterator[Callable[[Response], None]]:
        """A place of the budget, and a look at what comes of it."""
        with self.budget.place(background=background) as heard:

            def on_response(response: Response) -> None:
                # Before the budget says that something has changed, by which others look again.
                self.on_headers(response.headers)
                heard(response)
                self._note(response)

            try:
                with stage("vendor"):
                    yield on_response
            except (ConnectionError, IncompleteDataError) as error:
                self._health.failed(self._scrubber.text(str(error)))
                raise

    def _note(self, response: Response) -> None:
        if response.status == HTTPStatus.UNAUTHORIZED:
            self._health.refused_key("the vendor does not accept the API key")
        elif response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._health.failed(f"the vendor answers {response.status}")
        else:
            self._health.answered()
