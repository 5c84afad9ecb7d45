"""Bodies of answers on their way out: whole where they are short, else part by part, each made once
the client has taken those before it.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeAlias

from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from polytape.gateway.memory_gate import Ticket
from polytape.gateway.workers import ThreadWorkers
from polytape.history.bars_result import BarsResult
from polytape.net.stages import stage
from polytape.wire import arrow, json_rows
from polytape.wire.api import messages

# Longer answers are written part by part, and are not remembered.
WHOLE_BARS, WHOLE_ARROW_BARS = arrow.BATCH_BARS, 60_000
# Parts are written together up to about so many bytes.
PART_BYTES = 128 * 1024
# Writes a part of a body; returns once the connection takes more.
Write: TypeAlias = Callable[[bytes], Awaitable[None]]
Body: TypeAlias = Callable[[Write], Awaitable[None]]


def is_whole(bars: int, *, as_arrow: bool) -> bool:
    """Whether an answer of so many bars is written whole, and may be remembered."""
    return bars <= (WHOLE_ARROW_BARS if as_arrow else WHOLE_BARS)


def whole_body(result: BarsResult, *, as_arrow: bool) -> bytes:
    """An answer as one piece."""
    with stage("encode"):
        if as_arrow:
            return arrow.encode(result.bars, result.metadata)
        return json_rows.encode(result.bars, result.metadata, _report_of(result))


def stream_parts(result: BarsResult, *, as_arrow: bool) -> Iterator[bytes]:
    """An answer in parts, each made when it is wanted."""
    if as_arrow:
        return arrow.stream(result.bars, result.metadata)
    return json_rows.stream(result.bars, result.metadata, _report_of(result))


def _report_of(result: BarsResult) -> messages.Validation | None:
    return None if result.report is None else messages.Validation.of(result.report)


class PartsResponse(Response[bytes]):
    """A body that is written part by part; `ticket` is released once the client has them all.

    Whatever goes wrong on the way ends the connection: no client takes the part for the whole.
    """

    def __init__(
        self, body: Body, ticket: Ticket, *, media_type: str, headers: dict[str, str]
    ) -> None:
        super().__init__(b"", media_type=media_type, headers=headers)
        self._body = body
        self._ticket = ticket

    def to_asgi_response(self, *arguments: Any, **named: Any) -> ASGIResponse:  # noqa: ARG002 - litestar's
        """The response as litestar sends it."""
        return _AsgiParts(
            self._body,
            self._ticket,
            headers=self.headers,
            media_type=self.media_type,
            status_code=named["status_code"],
        )


class _AsgiParts(ASGIResponse):
    _should_set_content_length = False

    def __init__(self, body: Body, ticket: Ticket, **named: Any) -> None:
        super().__init__(**named)
        self._body = body
        self._ticket = ticket

    async def send_body(self, send: Send, receive: Receive) -> None:  # noqa: ARG002 - litestar's
        async def write(part: bytes) -> None:
            await send({"type": "http.response.body", "body": part, "more_body": True})

        await self._body(write)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ticket.release()


async def write_parts(parts: Iterable[bytes], write: Write, workers: ThreadWorkers) -> None:
    """Write parts, each made in a thread when it is wanted; short ones together."""
    iterator = iter(parts)
    while part := await workers.heavy(partial(_next_part, iterator)):
        await write(part)


def _next_part(parts: Iterator[bytes]) -> bytes:
    """Parts of some size; nothing once there are no more."""
    some: list[bytes] = []
    size = 0
    while size < PART_BYTES and (part := next(parts, None)) is not None:
        some.append(part)
        size += len(part)
    return some[0] if len(some) == 1 else b"".join(some)
