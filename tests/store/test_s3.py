"""The store on S3, against a real server process on loopback."""

import subprocess
import sys
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

from polytape.errors import DataFetchError
from polytape.model.market import MarketBars
from polytape.model.timeframes import Series
from polytape.net.places import open_place
from polytape.store.compact import compact
from polytape.store.covers import Cover
from polytape.store.segments import SegmentStore
from tests.store.test_store import WEEK, some_bars

pytestmark = [pytest.mark.process, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """moto's server on a free port."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()


SERVER = """
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
import threading
threading.Event().wait()
"""


@pytest.fixture
def location(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT": endpoint, "AWS_ALLOW_HTTP": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with urlopen(Request(f"{endpoint}/bars", method="PUT")) as answer:
        assert answer.status == 200
    return "s3://bars/some/prefix"


def test_a_store_on_s3_keeps_its_contract(location: str) -> None:
    store = SegmentStore(open_place(location), "test")
    bars = some_bars([WEEK.start, WEEK.start + 1_000_000])
    for asked in (1, 2):
        later = some_bars([WEEK.start + asked * 60_000_000])
        store.write(Series.MINUTE, MarketBars.of({"A": later}), [Cover("A", WEEK, asked, True)])
    store.write(Series.MINUTE, MarketBars.of({"B": bars}), [Cover("B", WEEK, 3, False)])
    for opened in (store, SegmentStore(open_place(location), "test")):
        assert opened.read("A", Series.MINUTE, WEEK).timestamp.tolist() == [
            WEEK.start + 120_000_000
        ]
        assert opened.read("B", Series.MINUTE, WEEK).same(bars)
        assert [p.cover.final for p in opened.coverage("B", Series.MINUTE)] == [False, False]
    for folder in store.folders(Series.MINUTE):
        compact(store, folder)
    fresh = SegmentStore(open_place(location), "test")
    assert fresh.read("B", Series.MINUTE, WEEK).same(bars)
    assert fresh.symbols(Series.MINUTE) == ["A", "B"]
    place = fresh.place
    assert all(len(place.names(folder)) == 1 for folder in fresh.folders(Series.MINUTE))
    place.delete("nothing/here")
    with pytest.raises(FileNotFoundError):
        place.read("nothing/here")


def test_a_bucket_that_is_not_there_is_named(location: str) -> None:
    place = open_place(location.replace("bars", "nobucket"))
    with pytest.raises((DataFetchError, FileNotFoundError), match=r"nobucket|404|NoSuchBucket"):
        SegmentStore(place, "test")
