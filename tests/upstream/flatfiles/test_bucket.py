"""The vendor's flat files in its bucket, against a real S3 server on loopback."""

import asyncio
import gzip
from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import Any

import pytest

from polytape.errors import (
    AuthenticationError,
    ConfigurationError,
    DataFetchError,
    NotFoundError,
)
from polytape.gateway.gateway import Gateway
from polytape.history.backfill import TaskResult, describe
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.query import BarsQuery, series_query
from polytape.model.timeframes import Series, Timeframe
from polytape.net.storage import Storage, open_bucket, open_storage
from polytape.store.answers import StoredAnswers
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.flatfiles.source import FlatFiles
from tests.conftest import MARKET, day_span
from tests.fakes.s3 import make_bucket, s3_server
from tests.upstream.flatfiles.files import HEADER, OPEN_NS, line

pytestmark = [pytest.mark.process, pytest.mark.timeout(60)]

MON, TUE, WED = date(2024, 7, 1), date(2024, 7, 2), date(2024, 7, 3)
NOW = parse_instant("2024-07-15 12:00 America/New_York", "now", MARKET)
LINES = [
    line("ZZZ", 1), line("NA", 0, "50.000000"), line("KIMpL", 0, "17798.430378"), line("ZZZ", 0),
    line("BRK.B", 0, "1.5E+02"),
]  # fmt: skip
buckets = count()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as made:
        yield made


class Bucket:
    """A bucket of flat files, and a gateway before it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint, self.name = endpoint, f"flatfiles{next(buckets)}"
        self.now = NOW
        make_bucket(endpoint, self.name)
        self.storage = open_bucket(f"s3://{self.name}", endpoint=endpoint, key="k", secret="s")
        self.put(TUE, LINES)
        self.memory = open_storage("memory")
        self.store = SegmentStore(self.memory, "polygon", MARKET)

    def put(self, day: date, lines: list[str], kind: str = "minute_aggs_v1") -> None:
        body = gzip.compress("\n".join([HEADER, *lines, ""]).encode())
        name = f"us_stocks_sip/{kind}/{day:%Y/%m}/{day}.csv.gz"
        self.storage.put(name, lambda sink: sink.write(body))

    def source(self, storage: Storage | None = None) -> FlatFiles:
        return FlatFiles(storage or self.storage, xnys(), None, StoredAnswers(self.memory))

    def gateway(self, source: FlatFiles | None) -> Gateway:
        upstream = None if source is None else source.upstream()
        return Gateway(upstream, xnys(), lambda: self.now, Budget.of(100, 1.0), self.store)


@pytest.fixture
def bucket(endpoint: str) -> Bucket:
    return Bucket(endpoint)


class Counting:
    """A storage that counts what is read, and may refuse."""

    def __init__(self, inner: Storage) -> None:
        self._inner = inner
        self.opened: list[str] = []
        self.refuse = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def open(self, name: str) -> Any:
        self.opened.append(name)
        if self.refuse:
            raise AuthenticationError("these keys may not read it", status=403)
        return self._inner.open(name)


def minutes(symbol: str, first: date, last: date | None = None) -> BarsQuery:
    return series_query(symbol, Series.MINUTE, day_span(first, last))


def test_a_file_of_the_bucket_is_read_as_one_of_a_folder(bucket: Bucket) -> None:
    source = bucket.source()
    bars = source.bars(minutes("ZZZ", TUE)).bars
    assert (bars.timestamp[0], len(bars)) == (OPEN_NS // 1_000, 2)
    assert source.bars(minutes("KIMpL", TUE)).bars.volume.tolist() == [17798.430378]
    assert source.reference.find("NA") is not None
    assert source.reference.find("NOPE") is None
    assert [i.symbol for i in source.reference.search("br", active_only=True)] == ["BRK.B"]
    assert source.last_bar("ZZZ").timestamp[0] == OPEN_NS // 1_000 + 60_000_000


def test_a_day_without_a_file_is_told_and_not_vouched_for(bucket: Bucket) -> None:
    answer = bucket.source().bars(minutes("ZZZ", TUE, WED))
    assert answer.provisional == (day_span(WED),)
    assert answer.missing == (day_span(WED),)
    with pytest.raises(NotFoundError):
        bucket.source().bars(minutes("NOPE", TUE))


async def test_a_day_that_was_read_is_stored_for_every_symbol(bucket: Bucket) -> None:
    storage = Counting(bucket.storage)
    gateway = bucket.gateway(bucket.source(storage))
    queries = [BarsQuery(s, Timeframe.MIN_5, day_span(TUE)) for s in ("ZZZ", "NA", "ZZZ")]
    results = await asyncio.gather(*map(gateway.bars.bars, queries))
    assert [len(one.bars) for one in results] == [1, 1, 1]
    assert len(storage.opened) == 1
    gateway.close()
    alone = bucket.gateway(None)
    stored = await alone.bars.bars(BarsQuery("KIMpL", Timeframe.MIN_1, day_span(TUE)))
    assert stored.bars.volume.tolist() == [17798.430378]
    alone.close()


def test_a_file_that_is_listed_and_refused_names_the_plan(bucket: Bucket) -> None:
    storage = Counting(bucket.storage)
    storage.refuse = True
    with pytest.raises(AuthenticationError, match="is listed, but the plan of these keys does not"):
        bucket.source(storage).bars(minutes("ZZZ", TUE))


def test_wrong_places_are_named(endpoint: str, bucket: Bucket) -> None:
    empty = open_bucket("s3://nobucket", endpoint=endpoint, key="k", secret="s")
    with pytest.raises(DataFetchError, match="s3://nobucket"):
        FlatFiles(empty, xnys())
    make_bucket(endpoint, "bare")
    bare = open_bucket("s3://bare", endpoint=endpoint, key="k", secret="s")
    with pytest.raises(ConfigurationError, match="s3://bare holds no flat files"):
        FlatFiles(bare, xnys())


async def fill(gateway: Gateway, symbols: list[str], series: Series = Series.MINUTE) -> list[str]:
    """A backfill of three days: what was fetched."""
    planned = await gateway.history.plan(symbols, series, day_span(MON, WED))
    results: list[TaskResult] = []
    count = await gateway.history.run(planned.tasks, results.append)
    assert count.failed == ()
    return sorted(describe(one.task, MARKET) for one in results)


async def test_a_backfill_reads_each_file_once_and_again_when_it_was_replaced(
    bucket: Bucket,
) -> None:
    bucket.put(MON, ["ZZZ,1,1,1,1,1," + str(OPEN_NS - 86_400 * 10**9) + ",1"])
    bucket.put(WED, [])
    days = ["the whole market on 2024-07-01", "the whole market on 2024-07-02",
            "the whole market on 2024-07-03"]  # fmt: skip
    gateway = bucket.gateway(bucket.source())
    assert await fill(gateway, ["ZZZ", "NA"]) == days
    assert await fill(gateway, ["ZZZ", "NA", "BRK.B"]) == []
    gateway.close()
    bucket.put(TUE, [line("ZZZ", 0, close=11.5)])
    bucket.now += 1_000_000  # the later fetched has the last word
    again = bucket.gateway(bucket.source())
    assert await fill(again, ["ZZZ"]) == days[1:2]
    result = await again.bars.bars(BarsQuery("ZZZ", Timeframe.MIN_1, day_span(TUE)))
    assert result.bars.close.tolist() == [11.5]
    assert await fill(again, ["ZZZ"]) == []
    again.close()
