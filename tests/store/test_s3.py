"""The store on S3, against a real server process on loopback."""

from collections.abc import Iterator

import pytest

from polytape.errors import DataFetchError
from polytape.model.market_bars import MarketBars
from polytape.model.timeframes import Series
from polytape.net.storage import open_storage
from polytape.store.compact import compact
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore
from tests.fakes.s3 import make_bucket, s3_server
from tests.store.test_store import WEEK, some_bars

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
    store = SegmentStore(open_storage(location), "test")
    bars = some_bars([WEEK.start, WEEK.start + 1_000_000])
    for asked in (1, 2):
        later = some_bars([WEEK.start + asked * 60_000_000])
        store.write(Series.MINUTE, MarketBars.of({"A": later}), [Coverage("A", WEEK, asked, True)])
    store.write(Series.MINUTE, MarketBars.of({"B": bars}), [Coverage("B", WEEK, 3, False)])
    for opened in (store, SegmentStore(open_storage(location), "test")):
        assert opened.read("A", Series.MINUTE, WEEK).timestamp.tolist() == [
            WEEK.start + 120_000_000
        ]
        assert opened.read("B", Series.MINUTE, WEEK).same(bars)
        assert [p.cover.final for p in opened.coverage("B", Series.MINUTE)] == [False, False]
    for folder in store.folders(Series.MINUTE):
        compact(store, folder)
    fresh = SegmentStore(open_storage(location), "test")
    assert fresh.read("B", Series.MINUTE, WEEK).same(bars)
    assert fresh.symbols(Series.MINUTE) == ["A", "B"]
    place = fresh.storage
    assert all(len(place.names(folder)) == 1 for folder in fresh.folders(Series.MINUTE))
    place.delete("nothing/here")
    with pytest.raises(FileNotFoundError):
        place.read("nothing/here")


def test_a_bucket_that_is_not_there_is_named(location: str) -> None:
    place = open_storage(location.replace("bars", "nobucket"))
    with pytest.raises((DataFetchError, FileNotFoundError), match=r"nobucket|404|NoSuchBucket"):
        SegmentStore(place, "test")
