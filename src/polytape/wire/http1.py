"""HTTP/1.1 as bytes: the head of a request, and a response as it comes. Pure.

https://www.rfc-editor.org/rfc/rfc9112
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote, urlencode

from polytape.wire.flow import Request

MOST_HEAD_BYTES = 64 * 1024
# A chunk's size with its extensions, and a line of a trailer.
MOST_LINE_BYTES = 4 * 1024
LINE_END, END_OF_HEAD = b"\r\n", b"\r\n\r\n"
# What stands for itself in a path: also what is encoded already.
_IN_A_PATH = "/%!$&'()*+,;=:@"
_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_NO_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class ProtocolError(ValueError):
    """What was sent is no response of HTTP/1.1."""


class Head(NamedTuple):
    """The head of a response; header names are in lower case. `length`: the body's bytes; None
    where it comes in chunks, or ends with the connection. `reusable`: whether another request may
    follow on the connection.
    """

    status: int
    headers: dict[str, str]
    length: int | None
    chunked: bool
    reusable: bool

    @property
    def informational(self) -> bool:
        """Whether the response proper is still to come."""
        return self.status < HTTPStatus.OK


def encode_request(request: Request, host: str, base_path: str) -> bytes:
    """A request as it is sent, body and all. `host` is that of the Host header.

    Raises: ValueError for a header with a line break in it.
    """
    target = quote(base_path + request.path, safe=_IN_A_PATH)
    if request.query:
        target += "?" + urlencode(request.query)
    fields = {"host": host, **request.headers}
    if request.body or request.method not in ("GET", "HEAD", "DELETE"):
        fields["content-length"] = str(len(request.body))
    lines = [f"{request.method} {target} HTTP/1.1", *map(": ".join, fields.items()), "", ""]
    head = "\r\n".join(lines).encode("latin-1")
    breaks = len(lines) - 1
    if (head.count(b"\r"), head.count(b"\n")) != (breaks, breaks):
        raise ValueError("a header of the request has a line break in it")
    return head + request.body


def parse_head(raw: bytes, method: str) -> Head:
    """The head of a response to a request of this method, without the empty line after it.

    Raises: ProtocolError.
    """
    first, *lines = raw.decode("latin-1").split("\r\n")
    status_line = _STATUS_LINE.fullmatch(first)
    if status_line is None:
        raise ProtocolError("it does not begin as a response of HTTP/1.1 does")
    status, headers = int(status_line[2]), _fields(lines)
    chunked = "transfer-encoding" in headers
    length = _length(headers)
    if method == "HEAD" or status in _NO_BODY or status < HTTPStatus.OK:
        chunked, length = False, 0
    closes = status_line[1] == "0" or "close" in headers.get("connection", "").lower()
    reusable = not closes and (chunked or length is not None)
    return Head(status, headers, length, chunked, reusable)


def _fields(lines: list[str]) -> dict[str, str]:
    """Headers by name; of several of one name the values with commas between them."""
    headers: dict[str, str] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise ProtocolError("a header of it is none")
        name, value = field[1].lower(), field[2].rstrip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _length(headers: Mapping[str, str]) -> int | None:
    """The body's length, where the headers say it."""
    coding, text = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked" or text is not None:
            raise ProtocolError("it does not say where its body ends")
        return None
    if text is None:
        return None
    lengths = {one.strip() for one in text.split(",")}
    (text, *others) = lengths
    if others or _LENGTH.fullmatch(text) is None:
        raise ProtocolError("its length is none")
    return int(text)


def parse_chunk_size(line: bytes) -> int:
    """The bytes of a chunk, from the line before it without its end; 0 where the body ends.

    Raises: ProtocolError.
    """
    size = _CHUNK_SIZE.fullmatch(line)
    if size is None:
        raise ProtocolError("a chunk of it has no size")
    return int(size[1], 16)
