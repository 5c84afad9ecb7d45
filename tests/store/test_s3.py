"""The store on S3, against a real server process on loopback."""

from collections.abc import Iterator

import pytest

from polytape.errors import DataFetchError
from polytape.model.timeframes import Series
from polytape.net.storage import open_storage
from polytape.store.compact import compact
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.fakes.s3 import make_bucket, s3_server
from tests.store.bars import WEEK, some_bars, write

pytestmark = [pytest.mark.process, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as made:
        yield made


@pytest.fixture
def location(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT": endpoint, "AWS_ALLOW_HTTP": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    make_bucket(endpoint, "bars")
    return "s3://bars/some/prefix"


def test_a_store_on_s3_keeps_its_contract(location: str) -> None:
    store = SegmentStore(open_storage(location), "test", MARKET)
    bars = some_bars([WEEK.start, WEEK.start + 1_000_000])
    for fetched_at in (1, 2):
        write(store, "A", some_bars([WEEK.start + fetched_at * 60_000_000]), WEEK, fetched_at)
    write(store, "B", bars, WEEK, 3, final=False)
    for opened in (store, SegmentStore(open_storage(location), "test", MARKET)):
        assert opened.read("A", Series.MINUTE, WEEK).timestamp.tolist() == [
            WEEK.start + 120_000_000
        ]
        assert opened.read("B", Series.MINUTE, WEEK).same(bars)
        assert [p.coverage.final for p in opened.coverage("B", Series.MINUTE)] == [False, False]
    for folder in store.catalog.folders(Series.MINUTE):
        compact(store, folder)
    fresh = SegmentStore(open_storage(location), "test", MARKET)
    assert fresh.read("B", Series.MINUTE, WEEK).same(bars)
    assert fresh.symbols(Series.MINUTE) == ["A", "B"]
    storage = fresh.storage
    folders = fresh.catalog.folders(Series.MINUTE)
    assert all(len(storage.names(folder)) == 1 for folder in folders)
    storage.delete("nothing/here")
    with pytest.raises(FileNotFoundError):
        storage.read("nothing/here")


def test_a_lock_on_s3_is_one_programs(location: str) -> None:
    """By conditional puts."""
    one, other = open_storage(location), open_storage(location)
    for _ in range(2):
        with one.try_lock("bars") as ours, other.try_lock("bars") as theirs:
            assert (ours, theirs) == (True, False)


def test_a_bucket_that_is_not_there_is_named(location: str) -> None:
    storage = open_storage(location.replace("bars", "nobucket"))
    with pytest.raises((DataFetchError, FileNotFoundError), match=r"nobucket|404|NoSuchBucket"):
        SegmentStore(storage, "test", MARKET)
