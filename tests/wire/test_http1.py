"""HTTP/1.1 as bytes: what is sent, and which bytes are the head of a response."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.wire import http1
from polytape.wire.flow import Request

TOKENS = st.text("abcXYZ019-_", min_size=1, max_size=12)
VALUES = st.text("abc XYZ,;=/é\t", max_size=20).map(str.strip)
OWN = {"content-length", "transfer-encoding", "connection"}


def test_a_request_is_sent_as_it_was_said() -> None:
    """The path is quoted once, what is quoted already stays."""
    request = Request(
        "POST", "/a b/%20é", (("q", "x&y z"), ("n", "1")), b"body", {"accept": "text/x"}
    )
    assert http1.encode_request(request, "localhost:8200", "/base") == (
        b"POST /base/a%20b/%20%C3%A9?q=x%26y+z&n=1 HTTP/1.1\r\nhost: localhost:8200\r\n"
        b"accept: text/x\r\ncontent-length: 4\r\n\r\nbody"
    )


@pytest.mark.parametrize(("method", "says"), [("GET", False), ("DELETE", False), ("POST", True)])
def test_what_may_have_a_body_says_that_it_has_none(method: str, says: bool) -> None:
    sent = http1.encode_request(Request(method, "/"), "a", "")
    assert (b"content-length: 0" in sent) is says


@given(st.sampled_from("\r\n"), st.booleans())
def test_no_header_begins_another(line_break: str, in_name: bool) -> None:
    evil = f"x{line_break}y"
    headers = {evil: "z"} if in_name else {"z": evil}
    with pytest.raises(ValueError, match="line break"):
        http1.encode_request(Request("GET", "/", headers=headers), "a", "")


@given(st.dictionaries(TOKENS.filter(lambda name: name.lower() not in OWN), VALUES))
def test_headers_are_read_as_they_were_sent(headers: dict[str, str]) -> None:
    """By names in lower case; values of one name that come apart have commas between them."""
    lines = ["HTTP/1.1 200 OK", *(f"{name}:  {value} " for name, value in headers.items())]
    expected: dict[str, str] = {}
    for name, value in headers.items():
        first = expected.get(name.lower())
        expected[name.lower()] = value if first is None else f"{first}, {value}"
    head = http1.parse_head("\r\n".join(lines).encode("latin-1"), "GET")
    assert head == http1.Head(200, expected, None, chunked=False, reusable=False)


@pytest.mark.parametrize(
    ("head", "method", "length", "chunked", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7", "GET", 7, False, True),
        (b"HTTP/1.1 200\r\ncontent-length: 7, 7", "GET", 7, False, True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 7", "GET", 7, False, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: Close", "GET", 7, False, False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked", "GET", None, True, True),
        (b"HTTP/1.1 200 OK", "GET", None, False, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7", "HEAD", 0, False, True),
        (b"HTTP/1.1 204 No Content", "DELETE", 0, False, True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7", "GET", 0, False, True),
        (b"HTTP/1.1 103 Early Hints", "GET", 0, False, True),
    ],
)
def test_a_head_says_where_its_body_ends_and_whether_another_may_follow(
    head: bytes, method: str, length: int | None, chunked: bool, reusable: bool
) -> None:
    """RFC 9112, 6.3 and 9.3."""
    parsed = http1.parse_head(head, method)
    assert (parsed.length, parsed.chunked, parsed.reusable) == (length, chunked, reusable)
    assert parsed.informational == head.startswith(b"HTTP/1.1 1")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/2 200 OK",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 200 O\x00K",
        b"220 smtp ready",
        b"HTTP/1.1 200 OK\r\nno colon",
        b"HTTP/1.1 200 OK\r\n folded: x",
        b"HTTP/1.1 200 OK\r\na b: x",
        b"HTTP/1.1 200 OK\r\na: x\ny: z",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked",
    ],
)
def test_what_could_be_read_in_two_ways_is_no_head(raw: bytes) -> None:
    with pytest.raises(http1.ProtocolError):
        http1.parse_head(raw, "GET")


@given(st.integers(0, 2**40), st.sampled_from([b"", b" ", b";a=b", b" ; x"]))
def test_the_size_of_a_chunk(size: int, extension: bytes) -> None:
    assert http1.parse_chunk_size(b"%x%b" % (size, extension)) == size


@pytest.mark.parametrize("line", [b"", b"g", b"-1", b"0x10", b"1 1", b"f" * 16])
def test_what_is_no_size(line: bytes) -> None:
    with pytest.raises(http1.ProtocolError, match="no size"):
        http1.parse_chunk_size(line)
