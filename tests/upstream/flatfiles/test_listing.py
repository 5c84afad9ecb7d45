"""Which flat files there are: looked up in a folder each time, in a bucket every ten minutes."""

import gzip
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from polytape.errors import ConfigurationError, DataFetchError
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage, Storage, open_storage
from polytape.upstream.flatfiles.listing import LISTING_HOLDS_S, FlatFileListing
from tests.upstream.flatfiles.files import DAY, HEADER, line, put

DAYS = [date(2023, 12, 29), date(2024, 1, 2), date(2024, 6, 28), DAY]
MINUTES = "us_stocks_sip/minute_aggs_v1"


def upload(storage: Storage, day: date, lines: list[str], folder: str = MINUTES) -> None:
    body = gzip.compress("\n".join([HEADER, *lines, ""]).encode())
    storage.put(f"{folder}/{day:%Y/%m}/{day}.csv.gz", lambda sink: sink.write(body))


@pytest.fixture
def bucket() -> Storage:
    storage = open_storage("memory")
    for day in DAYS:
        upload(storage, day, [line("ZZZ"), line("AAA")])
    return storage


def days_of(listing: FlatFileListing, first: date, last: date) -> list[date]:
    return sorted(file.day for file in listing.files(Series.MINUTE, first, last))


def test_the_days_between_two_are_both_ends_included(bucket: Storage) -> None:
    """Over the turn of a year and of a month."""
    listing = FlatFileListing(bucket)
    assert days_of(listing, date.min, date.max) == DAYS
    assert days_of(listing, DAYS[0], DAYS[2]) == DAYS[:3]
    assert days_of(listing, date(2024, 1, 3), date(2024, 6, 27)) == []
    assert listing.file(Series.MINUTE, DAYS[1]) is not None
    assert listing.file(Series.MINUTE, date(2024, 1, 3)) is None
    assert listing.file(Series.DAY, DAYS[1]) is None


def test_the_newest_come_first(bucket: Storage) -> None:
    """Who looks for a symbol finds its last day at once."""
    listing = FlatFileListing(bucket)
    assert [file.day for file in listing.newest(Series.MINUTE)] == DAYS[::-1]
    assert list(listing.newest(Series.DAY)) == []


def test_a_buckets_listing_is_believed_for_ten_minutes(bucket: Storage) -> None:
    """A request a month is enough; a new file is seen soon after."""
    now = [0.0]
    listing = FlatFileListing(bucket, monotonic=lambda: now[0])
    new = date(2024, 7, 3)
    assert listing.file(Series.MINUTE, new) is None
    upload(bucket, new, [line("ZZZ")])
    now[0] = LISTING_HOLDS_S
    assert listing.file(Series.MINUTE, new) is None
    now[0] += 0.1
    assert listing.file(Series.MINUTE, new) is not None


def test_a_folders_listing_is_never_old(tmp_path: Path) -> None:
    """Looking at a folder costs nothing."""
    put(tmp_path, "minute_aggs_v1", DAY, [line("ZZZ")])
    listing = FlatFileListing(FolderStorage(tmp_path), monotonic=lambda: 0.0)
    assert not listing.remote
    assert listing.file(Series.MINUTE, date(2024, 7, 3)) is None
    put(tmp_path, "minute_aggs_v1", date(2024, 7, 3), [line("ZZZ")])
    assert listing.file(Series.MINUTE, date(2024, 7, 3)) is not None


def test_a_replaced_file_has_another_stamp(bucket: Storage) -> None:
    """The stamp alone tells that a day must be read again."""
    stamps = []
    for close in (10.0, 10.0, 11.0):
        upload(bucket, DAY, [line("ZZZ", close=close)])
        file = FlatFileListing(bucket).file(Series.MINUTE, DAY)
        assert file is not None
        stamps.append(file.stamp)
    assert stamps[2] not in stamps[:2]


@pytest.mark.parametrize("folder", ["minute_aggs_v1", "us_stocks_sip/minute_aggs_v1"])
def test_the_markets_folder_may_be_the_place_itself(folder: str) -> None:
    """`--data` names either level."""
    storage = open_storage("memory")
    upload(storage, DAY, [line("ZZZ")], folder)
    file = FlatFileListing(storage).file(Series.MINUTE, DAY)
    assert file is not None
    assert file.name == f"{folder}/2024/07/2024-07-02.csv.gz"


def test_a_place_without_flat_files_says_what_was_expected() -> None:
    """A wrong path is told at the start, with the layout."""
    with pytest.raises(ConfigurationError, match="memory holds no flat files: expected us_stocks"):
        FlatFileListing(open_storage("memory"))


def test_other_names_are_no_days(bucket: Storage) -> None:
    """Folders and files that are not the vendor's are passed over."""
    for name in ("2024/07/readme.txt", "2024/07/2024-07-32.csv.gz", "latest/07/2024-07-05.csv.gz"):
        bucket.put(f"{MINUTES}/{name}", lambda sink: sink.write(b"x"))
    assert days_of(FlatFileListing(bucket), date.min, date.max) == DAYS


class Counted:
    """A storage that counts what is opened."""

    def __init__(self, inner: Storage) -> None:
        self._inner = inner
        self.opened: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def open(self, name: str) -> Any:
        self.opened.append(name)
        return self._inner.open(name)


def test_a_file_is_parsed_once_by_whoever_comes_first(bucket: Storage) -> None:
    """Many symbols of one day are asked for at once."""
    counted = Counted(bucket)
    listing = FlatFileListing(counted)
    file = listing.file(Series.MINUTE, DAY)
    assert file is not None
    gate = threading.Barrier(4)
    results = []

    def read() -> None:
        gate.wait()
        results.append(listing.market(file))

    run_all([read] * 4)
    assert len({id(market) for market in results}) == 1
    assert counted.opened == [file.name]
    assert sorted(results[0].places) == ["AAA", "ZZZ"]


def run_all(calls: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_file_that_is_gone_after_it_was_listed_is_named(bucket: Storage) -> None:
    """It is no day without bars."""
    listing = FlatFileListing(bucket)
    file = listing.file(Series.MINUTE, DAY)
    assert file is not None
    bucket.delete(file.name)
    for read in (listing.market, listing.tickers):
        with pytest.raises(DataFetchError, match=r"2024-07-02\.csv\.gz was listed and is gone"):
            read(file)


def test_the_symbols_of_a_file_are_read_without_its_bars(bucket: Storage) -> None:
    """Each once, in the file's order."""
    listing = FlatFileListing(bucket)
    upload(bucket, DAY, [line("ZZZ"), line("NA"), line("ZZZ", 1)])
    file = listing.file(Series.MINUTE, DAY)
    assert file is not None
    assert listing.tickers(file) == ["ZZZ", "NA"]
