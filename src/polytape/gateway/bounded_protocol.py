"""uvicorn's HTTP, bounded: heads, bodies, time, connections; and whoever is gone is not worked for.

What is too large is refused before the parser has all of it: httptools joins what it is fed, and
a URL of many megabytes would take the loop minutes.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import httptools
import msgspec
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from polytape.engines.registry import ENGINES
from polytape.gateway.doorkeeper import Doorkeeper, address_of
from polytape.gateway.frame_protocol import FrameProtocol
from polytape.gateway.quick_bars import PATH, QuickAnswer, QuickBars
from polytape.wire.api.media import API, PROBLEM_JSON
from polytape.wire.api.problems import problem

# What is fed to the parser before its size is looked at.
SLICE_BYTES = 16 * 1024
# What a connection may have to write for a response that is over.
UNREAD_BYTES = 64 * 1024
# What only asks by POST: once its asker is gone, it is dropped, and nothing is left half done.
QUESTIONS = frozenset(
    f"{API}{path}" for path in ("/bars", "/bars/batch", "/validate", *(e.path for e in ENGINES))
)
HEALTH = b"/health"
# What may be answered while it is read, and up to which size of a body.
BARS = PATH.encode()
SHORT_BYTES = 16 * 1024
BUSY = "this gateway has as many connections and requests as it takes"


class _RefusedError(Exception):
    """Raised through the parser, which stops there."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `door` is its server's; `quick` gives answers that need no application."""

    def __init__(
        self,
        *arguments: Any,
        door: Doorkeeper,
        quick: QuickBars | None = None,
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self._door = door
        self._quick = quick
        # The body of a request that may be answered at once, as far as it has come.
        self._question: bytes | None = None
        # How many messages began in what the parser was fed last, and the last quick answer to one.
        self._begun = 0
        self._given: QuickAnswer | None = None
        # A response is written, and not yet taken.
        self._unread_end = False
        self._answered_at = 0.0
        self._dates: tuple[list[tuple[bytes, bytes]], bytes] = [], b"\r\n"
        self._limits = door.limits
        self._refusal: tuple[HTTPStatus, str] | None = None
        self._running: tuple[asyncio.Task[None], RequestResponseCycle] | None = None
        self._in_message = self._in_head = False
        self._head_bytes = 0
        self._body_bytes = 0
        self._address = "-"
        self._crowded = False
        self._gone = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._address = address_of(self) or "-"
        self._crowded = not self._door.admits(self)
        if self._crowded and self._door.is_full():
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, BUSY)
        else:
            self._door.await_head(self, self.loop.time())

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = True
        self._door.forget(self)
        self._door.leave(address_of(self))
        self._drop_body()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        if self._running is not None and _may_be_dropped(self._running[1].scope):
            self._running[0].cancel()

    def data_received(self, data: bytes) -> None:
        if self._answers_again(data):
            return
        for part in _slices(data):
            if self._gone or self.transport.is_closing():
                return
            self._feed(part)

    def _answers_again(self, data: bytes) -> bool:
        """Whether this is a whole request that came before, and was answered: without a parser."""
        quiet = self.cycle is None or self.cycle.response_complete
        if self._quick is None or self._in_message or self._crowded or not quiet:
            return False
        if self.flow.write_paused or self.transport.is_closing():
            return False
        answer = self._quick.answer_again(data, self._address)
        if answer is None:
            return False
        self._door.head_came(self)
        self._give(answer)
        return True

    def _feed(self, data: bytes) -> None:
        whole, self._begun, self._given = not self._in_message, 0, None
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
            return
        except httptools.HttpParserError:
            status, detail = self._refusal or (HTTPStatus.BAD_REQUEST, "this is no HTTP request")
            self._refuse(status, detail)
            return
        if self._in_head:
            self._count_head(len(data))
        elif self._question is not None or (self.cycle is not None and self.cycle.more_body):
            self._door.await_body(self, self.loop.time())
        elif whole and self._begun == 1:
            self._remember(data)

    def _upgrade(self) -> None:
        if self._should_upgrade():
            self._door.forget(self)
            self.handle_websocket_upgrade()
            frames = cast("FrameProtocol", self.transport.get_protocol())
            frames.count_loss(partial(self._door.leave, address_of(self)))
        else:
            self._unsupported_upgrade_warning()

    def _remember(self, request: bytes) -> None:
        """What came was one request, whole: where it was answered, it is known from now on."""
        if self._given is not None and self._quick is not None:
            self._quick.remember(request, self._given.question)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_message = self._in_head = True
        self._begun += 1

    def _count_head(self, size: int) -> None:
        """The head goes on: it has its limits of size and time."""
        self._head_bytes += size
        limits = self._limits
        if self._head_bytes > limits.head_bytes or len(self.headers or ()) > limits.headers:
            detail = (
                f"the head is longer than {limits.head_bytes:,} bytes or {limits.headers} lines"
            )
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail)
        else:
            self._door.hurry_head(self, self.loop.time())

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self._limits.url_bytes:
            detail = f"the URL is longer than {self._limits.url_bytes:,} bytes"
            self._stop(HTTPStatus.REQUEST_URI_TOO_LONG, detail)

    def on_headers_complete(self) -> None:
        self._in_head = self._unread_end = False
        self._head_bytes = 0
        self._door.head_came(self)
        if len(self.headers) > self._limits.headers:
            detail = f"more than {self._limits.headers} headers"
            self._stop(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail)
        if self._crowded and self.url.partition(b"?")[0] != HEALTH:
            self._stop(HTTPStatus.SERVICE_UNAVAILABLE, BUSY)
        if self._quick is not None and self._may_be_at_once():
            self._question = b""
        else:
            self._unset_keepalive_if_required()
            super().on_headers_complete()

    def _may_be_at_once(self) -> bool:
        """Whether a request asks for bars, and nothing stands before its answer."""
        path, _, query = self.url.partition(b"?")
        if path != BARS or self.expect_100_continue or self.flow.write_paused:
            return False
        parser, under_way = self.parser, self.cycle is not None and not self.cycle.response_complete
        plain = parser.get_http_version() == "1.1" and not parser.should_upgrade()
        if under_way or not plain or not parser.should_keep_alive():
            return False
        self.scope["method"] = parser.get_method().decode("ascii")
        self.scope["path"], self.scope["query_string"] = PATH, query
        return True

    def _ask_application(self) -> None:
        """A request that cannot be answered at once goes the way of all others."""
        body, self._question = self._question, None
        self._unset_keepalive_if_required()
        super().on_headers_complete()
        if body:
            super().on_body(body)

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        self._door.body_bytes += len(body)
        if self._door.body_bytes > self._limits.all_bodies_bytes:
            self._stop(HTTPStatus.SERVICE_UNAVAILABLE, BUSY)
        if self._body_bytes > self._limits.body_bytes:
            detail = f"the body is longer than {self._limits.body_bytes:,} bytes"
            self._stop(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
        if self._question is None:
            super().on_body(body)
            return
        self._question += body
        if len(self._question) > SHORT_BYTES:
            self._ask_application()

    def _drop_body(self) -> None:
        """Of the bodies of requests this connection's are none any more."""
        self._door.body_bytes -= self._body_bytes
        self._body_bytes = 0

    def on_message_complete(self) -> None:
        self._in_message = False
        self._door.body_came(self)
        if self._question is not None:
            if self._was_answered(self._question):
                return
            self._ask_application()
        super().on_message_complete()

    def _was_answered(self, question: bytes) -> bool:
        assert self._quick is not None
        answer = self._quick.answer(cast("HTTPScope", self.scope), question, self._address)
        if answer is None:
            return False
        self._question, self._given = None, answer
        self._drop_body()
        self._give(answer)
        return True

    def _give(self, answer: QuickAnswer) -> None:
        """Write an answer that needed no application."""
        self.transport.writelines([answer.head + self._date_lines(), answer.body])
        self.server_state.total_requests += 1
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._keep_alive_for(self.timeout_keep_alive)
        self._await_next()

    def _date_lines(self) -> bytes:
        """The server's own headers, which change once a second, and the end of the head."""
        headers = self.server_state.default_headers
        if headers is not self._dates[0]:
            lines = b"".join([b"%b: %b\r\n" % header for header in headers])
            self._dates = headers, lines + b"\r\n"
        return self._dates[1]

    def _keep_alive_for(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    def timeout_keep_alive_handler(self) -> None:
        """The time of a connection without requests is over, unless answers were given since: to
        set a timer anew for each would take as long as to read a request.
        """
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left > 0 or self._question is not None or self._head_bytes:
            self._keep_alive_for(max(left, 1.0))
        else:
            super().timeout_keep_alive_handler()

    def on_response_complete(self) -> None:
        self._running = None
        self._drop_body()
        super().on_response_complete()
        if self.timeout_keep_alive_task is not None:  # else there is one more request already
            self._await_next()

    def _await_next(self) -> None:
        """The next request may come whenever it likes, once this response has been taken."""
        self._unread_end = self.flow.write_paused
        if not self._unread_end:
            self._door.await_head(self, None)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._door.stalls(self, self.loop.time())

    def resume_writing(self) -> None:
        super().resume_writing()
        self._door.flows(self)
        if self._unread_end:
            self._unread_end = False
            self._await_next()

    def expire(self, reason: str) -> None:
        """As `Connection.expire`."""
        if reason:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, reason)
        elif self.unread():
            self.transport.abort()
        else:
            self.transport.close()

    def unread(self) -> int:
        """As `Connection.unread`."""
        return self.transport.get_write_buffer_size()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override]
        async def until_gone(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, partial(_send_whole, send))
            except asyncio.CancelledError:
                if not self._gone:  # the grace of a shutdown is over
                    raise

        task = self.loop.create_task(cycle.run_asgi(until_gone))  # type: ignore[arg-type]
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)
        self._running = task, cycle

    def _stop(self, status: HTTPStatus, detail: str) -> None:
        """Refuse from inside the parser."""
        self._refusal = status, detail
        raise _RefusedError

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Say why, where no response is under way, and end the connection."""
        self._door.forget(self)
        cycle = self.cycle
        if cycle is not None and cycle.response_started and not cycle.response_complete:
            self.transport.abort()
            return
        body = msgspec.json.encode(problem(status, detail))
        lines = (
            f"HTTP/1.1 {status.value} {status.phrase}",
            f"content-type: {PROBLEM_JSON}",
            f"content-length: {len(body)}",
            *(("retry-after: 5",) if status is HTTPStatus.SERVICE_UNAVAILABLE else ()),
            "connection: close",
        )
        self.transport.write("\r\n".join((*lines, "", "")).encode() + body)
        self.transport.close()


def _slices(data: bytes) -> Sequence[bytes]:
    if len(data) <= SLICE_BYTES:
        return (data,)
    return [data[first : first + SLICE_BYTES] for first in range(0, len(data), SLICE_BYTES)]


async def _send_whole(send: Send, message: Any) -> None:  # an ASGI message of any kind
    """Send; the last message of a long body is over once the client has taken most of it."""
    last = message["type"] == "http.response.body" and not message["more_body"]
    if last and len(message["body"]) > UNREAD_BYTES:
        await send({"type": "http.response.body", "body": message["body"], "more_body": True})
        message = {"type": "http.response.body", "body": b"", "more_body": False}
    await send(message)


def _may_be_dropped(scope: Any) -> bool:  # uvicorn's own type of scope
    """Whether a request only asks: its work ends with whoever asked."""
    method: str = scope["method"]
    return method in ("GET", "HEAD") or (method == "POST" and scope["path"] in QUESTIONS)
