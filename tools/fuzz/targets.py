"""What is fuzzed: functions of bytes that raise nothing but what they promise to raise."""

import io
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from polytape.errors import DataFetchError, PolygonClientError, ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market, xnys
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.store import answers
from polytape.store.coverage import Coverage
from polytape.store.footer import DIGEST_BYTES, END_BYTES, SEAL, SEAL_BYTES, read_footer
from polytape.store.segment import SegmentWriter, read_market, read_symbol
from polytape.wire import arrow, json_rows
from polytape.wire.api.messages import BarsMetadata, BarsRequest
from polytape.wire.api.problems import from_answer
from polytape.wire.polygon import responses
from polytape.wire.polygon.custom_bars import parse_custom
from polytape.wire.polygon.feed_session import FeedSession
from polytape.wire.polygon.server_session import ServerSession
from polytape.wire.polygon.topics import Topic

MINUTE, FIRST = 60_000_000, 1_717_421_400_000_000
NOW = datetime(2024, 6, 4, tzinfo=UTC)
MOST_TOPICS = 100


class Target(NamedTuple):
    """`run` is given the bytes; `seeds` are good ones to begin with."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


def read_segment(data: bytes) -> None:
    """A segment as it lies on a disk; then with a hash that fits, so that what is behind the hash
    is reached: footers of the first versions have none.
    """
    for content in (data, resealed(data)):
        with suppress(DataFetchError):
            file = pa.BufferReader(content)
            segment = read_footer(file, "fuzzed")
            read_market(file, segment, range(len(segment.firsts)))
            for symbol in set(segment.firsts):
                read_symbol(file, segment, symbol)


def resealed(data: bytes) -> bytes:
    """The file with the hash of the footer that it has."""
    length = int.from_bytes(data[-END_BYTES:-4], "little")
    at = len(data) - END_BYTES - length
    if at < SEAL_BYTES or not data[at - SEAL_BYTES :].startswith(SEAL):
        return data
    digest = blake2b(data[at:], digest_size=DIGEST_BYTES).digest()
    return data[: at - DIGEST_BYTES] + digest + data[at:]


def read_answer(data: bytes) -> None:
    """A vendor's answer by each of its readers, a gateway's by the client's, a stored one."""
    for read in READERS:
        with suppress(PolygonClientError):
            read(data)
    with suppress(msgspec.DecodeError, ValueError):
        answers._checked(data)  # noqa: SLF001 - as the store does, without a file
    from_answer(500 + len(data) % 12, {"retry-after": data[:20].decode("latin-1")}, data, NOW)


def read_message(data: bytes) -> None:
    """A message of a stream's client, of the vendor's feed, a request's body, a vendor's path."""
    server = ServerSession(lambda _key: True, MOST_TOPICS)
    for message in (b'{"action":"auth","params":"k"}', data):
        server.receive_data(message)
    assert len(server.topics) <= MOST_TOPICS
    assert all(isinstance(frame, bytes) for frame in server.data_to_send())
    feed = FeedSession("key")
    feed.want([Topic("AM", "AAPL")])
    with suppress(DataFetchError):
        feed.receive_data(data)
    feed.events_received()
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValidationError):
        msgspec.json.decode(data, type=BarsRequest).query(FIRST, market())
    words = data[:400].decode("utf-8", "replace").split("/")
    words += [""] * (6 - len(words))
    with suppress(ValidationError):
        query = {"cursor": words[3], "limit": words[4], "sort": words[5]}
        parse_custom(len(words[0]), words[0], words[1], words[2], query, market())


def market() -> Market:
    """The exchange."""
    return xnys()


def segments() -> list[bytes]:
    """One of several symbols, one without rows."""
    made = []
    for bars in ({"AAPL": some_bars(300), "MSFT": some_bars(7)}, {}):
        sink = io.BytesIO()
        span = Span(FIRST, FIRST + 500 * MINUTE)
        coverage = (
            Coverage("AAPL", span, FIRST, final=True),
            Coverage(None, span, FIRST, final=False),
        )
        writer = SegmentWriter(sink, coverage, "fuzz")
        writer.add(MarketBars.of(bars))
        writer.close()
        made.append(sink.getvalue())
    return made


def answers_of_servers() -> list[bytes]:
    """The vendor's, JSON and Arrow of a gateway, a problem, a stored one."""
    row = b'{"t":1717421400000,"o":1.0,"h":2.0,"l":0.5,"c":1.5,"v":10.0,"vw":1.2,"n":3,"T":"AAPL"}'
    page = b'{"ticker":"AAPL","adjusted":false,"status":"OK","queryCount":1,"resultsCount":1,'
    split = b'{"ticker":"AAPL","execution_date":"2024-06-10","split_from":1,"split_to":10}'
    ticker = b'{"ticker":"AAPL","name":"Apple Inc.","type":"CS","active":true,"market":"stocks"}'
    snapshot = b'{"status":"OK","tickers":[{"ticker":"AAPL","min":' + row + b"}]}"
    bars = some_bars(3)
    metadata = BarsMetadata(symbol="AAPL", timeframe="1min", count=3, source="fuzz", adjusted=False)
    stored = answers.Answer("a", FIRST, msgspec.Raw(b"[]"))
    stored.hash = answers._hash("a", FIRST, b"[]")  # noqa: SLF001
    return [
        page + b'"results":[' + row + b"]}",
        *(b'{"status":"OK","results":[' + one + b"]}" for one in (split, ticker)),
        snapshot,
        json_rows.encode(bars, metadata),
        arrow.encode(bars, metadata),
        arrow.encode_many([(bars, metadata), (bars, metadata)]),
        msgspec.json.encode(stored),
        b'{"type":"urn:polytape:incomplete","title":"x","status":502,"detail":"no bars"}',
    ]


def messages() -> list[bytes]:
    """Of clients, of the vendor's feed, a request's body, a path."""
    return [
        b'{"action":"subscribe","params":"AM.AAPL,T.*,Q.MSFT"}',
        b'{"action":"unsubscribe","params":"AM.*"}',
        b'[{"ev":"AM","sym":"AAPL","v":1,"o":1.0,"c":1.0,"h":1.0,"l":1.0,"s":1717421400000,"e":1}]',
        b'[{"ev":"status","status":"auth_success","message":"authenticated"}]',
        b'[{"ev":"T","sym":"AAPL","p":1.0,"s":100,"t":1717421400000,"i":"1","x":4,"z":3}]',
        b'{"symbol":"AAPL","timeframe":"15min","start_date":"2024-06-03","end_date":"ytd","limit":5}',
        b"minute/2024-06-03/1717421400000/bGltaXQ9NQ/5000/desc",
    ]


def some_bars(count: int) -> Bars:
    """Minutes in a row, prices that change."""
    stamps = np.arange(count) * MINUTE + FIRST
    column = np.arange(1.0, count + 1)
    return Bars.of(stamps, column, column + 1, column - 0.5, column, column, column, column)


READERS: tuple[Callable[[bytes], object], ...] = (
    responses.read_aggs,
    lambda body: responses.read_aggs_of("AAPL", body),
    responses.read_grouped,
    responses.read_snapshots,
    responses.read_splits,
    responses.read_tickers,
    responses.read_any,
    lambda body: json_rows.decode(body, xnys()),
    arrow.decode,
    arrow.decode_many,
)
TARGETS = {
    "segments": Target(read_segment, segments),
    "answers": Target(read_answer, answers_of_servers),
    "messages": Target(read_message, messages),
}
