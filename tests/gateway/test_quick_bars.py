"""Answers from memory, written while the request is read: however the bytes of it come."""

import asyncio
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import uvicorn
from litestar.types import ASGIApp
from uvicorn.server import ServerState

from polytape.gateway.admission import Admission, simple_admission
from polytape.gateway.app import create_app
from polytape.gateway.bounded_protocol import BoundedProtocol
from polytape.gateway.browser_guard import BrowserGuard
from polytape.gateway.dialects.registry import DIALECTS
from polytape.gateway.doorkeeper import Doorkeeper
from polytape.gateway.gateway import Gateway
from polytape.gateway.guesses import MOST
from polytape.gateway.middleware import Middleware
from polytape.gateway.server import running
from polytape.gateway.token_table import TokenTable
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire.api.media import ARROW
from tests.conftest import MARKET, gateway_of

DAY = {"symbol": "AAPL", "timeframe": "1min", "start_date": "2026-11-18", "end_date": "2026-11-18"}
QUERY = "&".join(f"{name}={value}" for name, value in DAY.items())
BODY = json.dumps(DAY).encode()
GET = f"GET /api/v1/bars?{QUERY} HTTP/1.1\r\nHost: localhost\r\n".encode()
POST = (
    b"POST /api/v1/bars HTTP/1.1\r\nHost: localhost\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n" % len(BODY)
)
END = b"\r\n"


class Line:
    """One connection to a gateway, and how many answers it gave from memory."""

    def __init__(self, gateway: Gateway, url: str) -> None:
        self.gateway = gateway
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=20)
        self.file = self.socket.makefile("rb")

    def ask(self, *pieces: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        for piece in pieces:
            self.socket.sendall(piece)
        return self.answer()

    def answer(self) -> tuple[int, dict[bytes, bytes], bytes]:
        status = int(self.file.readline().split()[1])
        headers: dict[bytes, bytes] = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.partition(b": ")
            headers[name] = value
        return status, headers, self.file.read(int(headers.get(b"content-length", b"0")))

    @property
    def hits(self) -> int:
        return self.gateway.answers.hits


def opened(synthetic: Synthetic, admission: Admission | None = None) -> Iterator[Line]:
    gateway = gateway_of(synthetic.upstream(), MARKET)
    with running(create_app(gateway, admission=admission)) as url:
        line = Line(gateway, url)
        yield line
        line.file.close()
        line.socket.close()


class Wire(asyncio.Transport):
    """A transport whose other side takes everything."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written = b""
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    def get_write_buffer_size(self) -> int:
        return 0


@pytest.fixture
def line(synthetic: Synthetic) -> Iterator[Line]:
    yield from opened(synthetic)


def test_requests_in_one_packet_are_answered_in_their_order(line: Line) -> None:
    """Those that are in memory do not overtake one that is not."""
    line.ask(GET, END)
    slow = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
    kinds = [GET, GET, slow, GET, slow, GET]
    named = [kind + b"x-request-id: %d\r\n\r\n" % n for n, kind in enumerate(kinds)]
    line.socket.sendall(b"".join(named))
    answers = [line.answer() for _ in kinds]
    assert [headers[b"x-request-id"] for _, headers, _ in answers] == [b"%d" % n for n in range(6)]
    assert [status for status, _, _ in answers] == [200] * 6
    assert [len(body) > 10_000 for _, _, body in answers] == [kind is GET for kind in kinds]
    assert line.hits >= 2


def test_a_query_beside_a_body_that_is_in_memory_is_still_refused(line: Line) -> None:
    """The body alone does not say what the request asks."""
    assert line.ask(POST + END + BODY)[0] == 200
    assert line.ask(POST.replace(b"/bars", b"/bars?as_of=2026-11-17") + END + BODY)[0] == 400
    assert line.ask(POST + END + BODY)[0] == 200
    assert line.hits == 1


@pytest.mark.parametrize(
    "pieces",
    [
        (POST, END, BODY),
        (POST + END + BODY[:5], BODY[5:]),
        tuple(bytes([one]) for one in POST + END + BODY),
    ],
    ids=["body apart", "body in two", "byte by byte"],
)
def test_a_request_may_come_in_pieces(line: Line, pieces: tuple[bytes, ...]) -> None:
    line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    whole = line.ask(POST + END + BODY)
    assert line.hits == 0
    assert line.ask(*pieces)[2] == whole[2]
    assert line.hits == 1


def test_who_waits_to_send_a_body_is_told_to(line: Line) -> None:
    line.ask(POST + END + BODY)
    assert line.ask(POST + b"expect: 100-continue\r\n" + END)[0] == 100
    status, _, body = line.ask(BODY)
    assert (status, len(body) > 10_000) == (200, True)


@pytest.mark.parametrize(
    "last", [GET.replace(b"1.1", b"1.0") + END, GET + b"connection: close\r\n" + END]
)
def test_a_last_request_ends_the_connection(line: Line, last: bytes) -> None:
    first = line.ask(GET, END)
    assert line.ask(last)[2] == first[2]
    assert line.file.read() == b""


def test_a_long_body_is_the_applications(line: Line) -> None:
    """Spaces before a question do not change its answer."""
    body = b" " * 40_000 + BODY
    head = POST.replace(b"length: %d" % len(BODY), b"length: %d" % len(body))
    first = line.ask(POST + END + BODY)
    for _ in range(2):
        status, _, answer = line.ask(head + END, body)
        assert (status, answer) == (200, first[2])
    assert line.hits == 0


def test_who_does_not_read_gets_every_answer_in_the_end(line: Line) -> None:
    """Far more than the buffers of the system take: each waits for the one before it."""
    line.ask(GET, END)
    times = 150
    line.socket.sendall((GET + END) * times)
    bodies = {line.answer()[2] for _ in range(times)}
    assert len(bodies) == 1


def test_a_wrong_token_is_refused_though_the_answer_is_there(synthetic: Synthetic) -> None:
    """And counts as one guess, not as two."""
    admission = simple_admission("right", BrowserGuard(), DIALECTS)
    for line in opened(synthetic, admission):
        assert line.ask(GET + b"authorization: Bearer right\r\n" + END)[0] == 200
        guesses = [line.ask(GET + b"authorization: Bearer wrong\r\n" + END)[0] for _ in range(12)]
        assert (guesses[0], guesses[-1]) == (401, 429)
        assert guesses.index(429) == MOST
        assert line.ask(GET + b"authorization: Bearer right\r\n" + END)[0] == 200
        assert line.ask(GET.replace(b"localhost", b"evil.example") + END)[0] == 421


def test_an_answer_of_megabytes_is_given_from_memory_too(line: Line) -> None:
    """As Arrow: far more than one write takes."""
    months = QUERY.replace("start_date=2026-11-18", "start_date=2026-09-01")
    ask = GET.replace(QUERY.encode(), months.encode()) + b"accept: %s\r\n" % ARROW.encode() + END
    first, second = line.ask(ask), line.ask(ask)
    assert line.hits == 1
    assert first[2] == second[2]
    assert len(second[2]) > 2_000_000


def test_a_request_that_came_before_to_the_byte_is_not_parsed(
    synthetic: Synthetic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though each is identified and counted; and one that differs in a byte is another."""
    parsed: list[bytes] = []
    on_url = BoundedProtocol.on_url

    def noting(self: BoundedProtocol, url: bytes) -> None:
        parsed.append(url)
        on_url(self, url)

    # A parser takes its methods when its connection is made.
    monkeypatch.setattr(BoundedProtocol, "on_url", noting)
    for line in opened(synthetic):
        answers = [line.ask(GET + END) for _ in range(6)]
        assert len(parsed) == 2  # the application's, and the one that is remembered
        assert len({body for _, _, body in answers}) == 1
        assert len({headers[b"x-request-id"] for _, headers, _ in answers}) == 6
        assert line.gateway.metrics.total("polytape_requests") == 6
        assert line.gateway.metrics.bars.value == 6 * len(json.loads(answers[0][2])["data"])
        assert line.ask(GET.replace(b"18&end", b"17&end") + END)[2] != answers[0][2]
        line.socket.sendall(GET + END + GET)
        assert line.answer()[2] == answers[0][2]
        assert line.ask(END + GET + END)[2] == line.answer()[2] == answers[0][2]


def test_a_request_that_has_its_own_id_keeps_it(line: Line) -> None:
    for _ in range(3):
        assert line.ask(GET + b"x-request-id: mine\r\n" + END)[1][b"x-request-id"] == b"mine"
    assert line.ask(GET + END)[1][b"x-request-id"] != b"mine"


def test_each_request_counts_against_a_quota_however_often_it_comes(synthetic: Synthetic) -> None:
    table = TokenTable(None, seconds=lambda: 0.0, wall=lambda: 0.0)
    admission = Admission(table, BrowserGuard(), DIALECTS, asks=False, anonymous_per_minute=5)
    for line in opened(synthetic, admission):
        assert [line.ask(GET + END)[0] for _ in range(7)] == [200] * 5 + [429] * 2


def test_a_token_that_has_expired_is_refused_though_its_request_is_known(
    synthetic: Synthetic,
) -> None:
    """And counts as one guess, not as two."""
    now = [0.0]
    table = TokenTable(None, seconds=lambda: 0.0, wall=lambda: now[0])
    session = table.open_session(table.make_code())
    assert session is not None
    ask = GET + b"authorization: Bearer %s\r\n" % session[0].encode() + END
    for line in opened(synthetic, Admission(table, BrowserGuard(), DIALECTS, asks=True)):
        assert [line.ask(ask)[0] for _ in range(4)] == [200] * 4
        now[0] = session[1]
        statuses = [line.ask(ask)[0] for _ in range(MOST + 2)]
        assert statuses.index(429) == MOST


def test_a_known_request_is_answered_anew_once_the_cache_is_cleared(line: Line) -> None:
    before = [line.ask(GET + END) for _ in range(3)][-1]
    assert line.hits == 2
    clear = b"DELETE /api/v1/cache HTTP/1.1\r\nHost: localhost\r\n"
    assert line.ask(clear + END)[0] == 200
    assert line.ask(GET + END)[2] == before[2]
    assert line.hits == 2
    line.ask(GET + END)
    assert line.hits == 3


async def test_an_idle_connection_is_not_ended_for_a_head_that_nobody_began(
    shared_app: ASGIApp,
) -> None:
    """Neither after an answer from memory nor after one of a request that was known."""
    assert isinstance(shared_app, Middleware)
    config, door, wire = uvicorn.Config(shared_app, lifespan="off"), Doorkeeper(), Wire()
    config.load()
    one = BoundedProtocol(config, ServerState(), {}, door=door, quick=shared_app.quick)
    one.connection_made(wire)
    one.data_received(GET + END)
    await asyncio.wait(one.tasks)
    for _ in range(3):
        one.data_received(GET + END)
        door.sweep(one.loop.time() + 3_600)
        assert not wire.is_closing()
    assert wire.written.count(b"200 OK") == 4
    one.data_received(GET)
    door.sweep(one.loop.time() + 3_600)
    assert wire.is_closing()
    one.connection_lost(None)
