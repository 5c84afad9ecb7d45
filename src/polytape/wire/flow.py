"""What must be asked, retried and waited for, as generators that yield requests and waits.

A driver in `net` performs each step and sends back the answer, or throws in what went wrong on
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


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `path` is joined to the driver's base; `timeout` is for the whole of it."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


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
    # Whether what carries the requests holds them back after a 429: then nothing is waited here.
    gated: bool = False


def ask(
    request: Request,
    policy: RetryPolicy,
    pacer: Pacer,
    runtime: Runtime,
    on_try: Callable[[int], None] = lambda _: None,
) -> Flow[Response]:
    """The answer to `request`, whatever its status once the tries are used up. `on_try` is told
    the number of each try, from 0.

    Retried are lost connections, time-outs, answers broken off, and the statuses of the policy.
    `Retry-After` is obeyed up to LONGEST_RETRY_AFTER_S. Raises ConnectionError or
    IncompleteDataError after the last try, RateLimitError when waiting would outlast the deadline.
    """
    end = runtime.monotonic() + policy.deadline_s
    for attempt in range(policy.max_retries + 1):
        yield from _pace(pacer, runtime, end)
        left = end - runtime.monotonic()
        tried = replace(request, timeout=max(0.001, min(policy.timeout_s, left)))
        last_try = attempt == policy.max_retries
        pause = min(LONGEST_BACKOFF_S, policy.backoff_s * 2**attempt) * runtime.jitter()
        on_try(attempt)
        try:
            response = yield tried
        except (ConnectionError, IncompleteDataError):
            if last_try or runtime.monotonic() + pause >= end:
                raise
        else:
            assert response is not None
            pacer.heard(response.headers, runtime.monotonic())
            told = retry_after(response.headers, runtime.now())
            pause = pause if told is None else max(told, 0.001)
            if policy.gated and response.status == HTTPStatus.TOO_MANY_REQUESTS:
                pause = 0.001
            late = runtime.monotonic() + pause >= end or pause > LONGEST_RETRY_AFTER_S
            if response.status not in policy.retried or last_try or late:
                return response
        yield Wait(pause)
    raise AssertionError("the last try returns or raises")


def checked(response: Response, runtime: Runtime) -> Response:
    """The answer if it is a success. Raises the error it stands for otherwise."""
    if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
        return response
    raise from_answer(response.status, response.headers, response.body, runtime.now())


def _pace(pacer: Pacer, runtime: Runtime, end: float) -> Flow[None]:
    """Wait for the budget instead of being refused."""
    pause = pacer.wait(runtime.monotonic())
    if pause <= 0:
        return
    if runtime.monotonic() + pause >= end:
        retry_at = runtime.now() + timedelta(seconds=pause)
        raise RateLimitError(
            f"the request budget is used up until {retry_at:%H:%M:%S} UTC", retry_at=retry_at
        )
    yield Wait(pause)
