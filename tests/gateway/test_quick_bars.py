"""Answers from memory, written while the request is read: however the bytes of it come."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from polytape.gateway.admission import Admission, simple_admission
from polytape.gateway.app import create_app
from polytape.gateway.browser_guard import BrowserGuard
from polytape.gateway.dialects.registry import DIALECTS
from polytape.gateway.gateway import Gateway
from polytape.gateway.guesses import MOST
from polytape.gateway.server import running
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
