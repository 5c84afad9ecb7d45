"""Bodies: decoded as they come, in any pieces, and never more than they may have."""

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import DataFetchError, IncompleteDataError
from polytape.net.bodies import Body

MB = 1024 * 1024
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    " X-GZIP ": gzip.compress,
}


def read(sent: bytes, encoding: str, cuts: list[int], most: int = 10 * MB) -> bytes:
    body = Body("http://v/x", encoding, most)
    edges = [0, *sorted(cut % (len(sent) + 1) for cut in cuts), len(sent)]
    for start, end in zip(edges, edges[1:], strict=False):
        body.feed(sent[start:end])
    return body.end()


@given(
    st.one_of(st.binary(max_size=2000), st.integers(0, 3 * MB).map(lambda size: b"ab" * size)),
    st.sampled_from(sorted(ENCODINGS)),
    st.lists(st.integers(0, 10 * MB), max_size=8),
)
def test_a_body_is_what_was_packed_in_whatever_pieces_it_comes(
    body: bytes, encoding: str, cuts: list[int]
) -> None:
    """Whole, byte by byte, with empty pieces between."""
    assert read(ENCODINGS[encoding](body), encoding, cuts) == body


def test_what_is_not_whole_or_not_packed_is_incomplete() -> None:
    """Cut, changed, not packed at all, or with something after it."""
    packed = gzip.compress(bytes(range(256)) * 50)
    changed = packed[:40] + bytes([packed[40] ^ 255]) + packed[41:]
    for wrong in (packed[:-1], packed[:30], changed, b'{"status":"OK"}', packed + b"more"):
        with pytest.raises(IncompleteDataError, match="http://v/x"):
            read(wrong, "gzip", [])
    assert read(b"", "gzip", []) == b""


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "deflate"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    """Also one within another: each would multiply what a byte stands for."""
    with pytest.raises(IncompleteDataError, match="gzip was asked for"):
        Body("http://v/x", encoding, MB)


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_body_has_as_many_bytes_as_it_may_and_none_more(encoding: str) -> None:
    """The error names the limit."""
    body = random.Random(5).randbytes(100_000)
    sent = ENCODINGS[encoding](body)
    assert read(sent, encoding, [7], most=max(len(sent), len(body))) == body
    with pytest.raises(DataFetchError, match="larger than 99,999 bytes"):
        read(sent, encoding, [7], most=99_999)


def test_a_small_bomb_takes_little_memory() -> None:
    """300 kB that stand for 64 MB: it is given up at the limit, a step at a time."""
    bomb = gzip.compress(bytes(64 * MB), 1)
    tracemalloc.start()
    try:
        with pytest.raises(DataFetchError, match="larger than 4,194,304 bytes"):
            Body("http://v/x", "gzip", 4 * MB).feed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 8 * MB
    finally:
        tracemalloc.stop()


def test_blocks_of_nothing_count_as_they_were_sent() -> None:
    """They decode to nothing, for ever."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    body = Body("http://v/x", "gzip", MB)
    body.feed(packer.compress(b"") + packer.flush(zlib.Z_SYNC_FLUSH))
    for _ in range(10):
        body.feed(b"\x00\x00\x00\xff\xff" * 20_000)
    with pytest.raises(DataFetchError, match="larger than"):
        body.feed(b"\x00\x00\x00\xff\xff" * 20_000)
    assert body.size == 0


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_an_errors_body_is_cut_instead(encoding: str) -> None:
    """A reader reads its beginning; the rest is not even taken from the connection."""
    body = Body("http://v/x", encoding, 1000, cut=True)
    body.feed(ENCODINGS[encoding](b"0123456789" * 1000))
    assert body.full
    assert body.end() == b"0123456789" * 100
