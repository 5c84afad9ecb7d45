"""What must be requested, retried and waited for, as generators that yield requests and waits.

A driver in `net` performs each step and sends back the response, or throws in what went wrong on
the way. The same generator serves the sync and the async client.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TypeAlias, TypeVar

from polytape.errors import ConnectionError, IncompleteDataError, RateLimitError
from polytape.wire.api.problems import from_answer, retry_after
from polytape.wire.budget import Pacer

T = TypeVar("T")

RETRIED = frozenset({429, 500, 502, 503, 504})
LONGEST_BACKOFF_S = 30.0
LONGEST_RETRY_AFTER_S = 60.0
# Never zero: a time-out of zero seconds fails at once, and a wait lets others go first.
SHORTEST_S = 0.001
# A gateway answers with at most two million bars, some 300 MB as JSON.
MOST_BYTES = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `path` is joined to the driver's base; `timeout`, seconds, is for all of
    it, to the last byte of the response; `most_bytes` is what the response's body may have.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 30.0
    most_bytes: int = MOST_BYTES


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. Header names are in lower case. `raw` is its body as it was read: where that
    is a `bytearray` it is nobody else's, and who reads it may use its memory.
    """

    status: int
    headers: Mapping[str, str]
    raw: bytes | bytearray

    @property
    def body(self) -> bytes:
        """The body."""
        return bytes(self.raw)


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for so long."""

    seconds: float


Flow: TypeAlias = Generator[Request | Wait, Response | None, T]


@dataclass(frozen=True, slots=True)
class Runtime:
    """Time and chance, handed in: seconds that only grow, those since 1970, a number in [0, 1)."""

    monotonic: Callable[[], float]
    wall: Callable[[], float]
    jitter: Callable[[], float]

    def now(self) -> datetime:
        """The wall clock as an aware datetime."""
        return datetime.fromtimestamp(self.wall(), UTC)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`max_retries` more tries, backoff * 2**n with full jitter between, all in `deadline_s`."""

    timeout_s: float = 30.0
    max_retries: int = 3
    backoff_s: float = 1.0
    deadline_s: float = 120.0
    retried: frozenset[int] = RETRIED
    # Whether what carries the requests delays them after a 429: then nothing is waited here.
    gated: bool = False
    # Whether a connection that nobody took is tried again: not where somebody waits at a terminal.
    retries_refused: bool = True

    def gives_up(self, error: Exception, attempt: int) -> bool:
        """Whether the try of this number, from 0, was the last one that what went wrong leaves."""
        refused = isinstance(error, ConnectionError) and not error.sent
        return attempt == self.max_retries or (refused and not self.retries_refused)

    def backoff(self, attempt: int, jitter: float) -> float:
        """Seconds to wait after the try of this number, from 0; `jitter` is in [0, 1)."""
        return min(LONGEST_BACKOFF_S, self.backoff_s * 2.0**attempt) * jitter

    def pause_after(self, response: Response, backoff: float, now: datetime) -> float:
        """Seconds to wait after a response: as `Retry-After` says, else the backoff."""
        if self.gated and response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return SHORTEST_S
        seconds = retry_after(response.headers, now)
        return backoff if seconds is None else max(seconds, SHORTEST_S)


def ask(
    request: Request,
    policy: RetryPolicy,
    pacer: Pacer,
    runtime: Runtime,
    on_try: Callable[[int], None] = lambda _: None,
    on_wait: Callable[[float], None] = lambda _: None,
) -> Flow[Response]:
    """The response to `request`, whatever its status once the tries are used up. Retried are lost
    connections, time-outs, broken responses and the policy's statuses; `Retry-After` is obeyed up
    to LONGEST_RETRY_AFTER_S. `on_try` is called with the number of each try, from 0, `on_wait` with
    the seconds of each wait.

    Raises: ConnectionError or IncompleteDataError after the last try.
    Raises: RateLimitError where waiting for the budget would outlast the deadline.
    """
    end = runtime.monotonic() + policy.deadline_s
    for attempt in range(policy.max_retries + 1):
        yield from _pace(pacer, runtime, end, on_wait)
        left = end - runtime.monotonic()
        tried = replace(request, timeout=max(SHORTEST_S, min(policy.timeout_s, left)))
        last_try = attempt == policy.max_retries
        pause = policy.backoff(attempt, runtime.jitter())
        on_try(attempt)
        try:
            response = yield tried
        except (ConnectionError, IncompleteDataError) as error:
            if policy.gives_up(error, attempt) or runtime.monotonic() + pause >= end:
                raise
        else:
            assert response is not None
            pacer.heard(response.headers, runtime.monotonic())
            pause = policy.pause_after(response, pause, runtime.now())
            # Where the budget is used up for longer, what the response says is the trouble.
            wait = max(pause, pacer.wait(runtime.monotonic()))
            late = runtime.monotonic() + wait >= end or pause > LONGEST_RETRY_AFTER_S
            if response.status not in policy.retried or last_try or late:
                return response
        on_wait(pause)
        yield Wait(pause)
    raise AssertionError("the last try returns or raises")


def checked(response: Response, runtime: Runtime) -> Response:
    """The response if it is a success.

    Raises: PolygonClientError, the one that the status and the body stand for.
    """
    if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
        return response
    raise from_answer(response.status, response.headers, response.body, runtime.now())


def _pace(
    pacer: Pacer, runtime: Runtime, end: float, on_wait: Callable[[float], None]
) -> Flow[None]:
    """Wait for the budget instead of being refused."""
    pause = pacer.wait(runtime.monotonic())
    if pause <= 0:
        return
    if runtime.monotonic() + pause >= end:
        retry_at = runtime.now() + timedelta(seconds=pause)
        raise RateLimitError(
            f"the request budget is used up until {retry_at:%H:%M:%S} UTC", retry_at=retry_at
        )
    on_wait(pause)
    yield Wait(pause)
