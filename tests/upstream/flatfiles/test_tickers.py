"""Which symbols the files have: looked at from the newest on, and only as far as need be."""

from datetime import date

import pytest

from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage, Storage
from polytape.upstream.flatfiles.listing import FlatFileListing
from polytape.upstream.flatfiles.tickers import TickerIndex
from tests.upstream.flatfiles.files import line
from tests.upstream.flatfiles.test_listing import Counted, upload

OLD, MID, NEW = date(2023, 12, 29), date(2024, 7, 2), date(2024, 7, 3)


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Storage:
    from polytape.net.storage import open_storage

    folder = request.param == "folder"
    made: Storage = (
        FolderStorage(tmp_path_factory.mktemp("files")) if folder else open_storage("memory")
    )
    for day, symbol in ((OLD, "OLD"), (MID, "MID"), (NEW, "NEW")):
        upload(made, day, [line("ALL"), line(symbol)])
    return made


def test_a_symbols_last_day_is_that_of_the_newest_file_with_it(storage: Storage) -> None:
    """In a bucket only the newest file of each year is looked at: others must be downloaded."""
    index = TickerIndex(FlatFileListing(storage))
    assert index.last_day("ALL", Series.MINUTE) == NEW
    assert index.last_day("OLD", Series.MINUTE) == OLD
    local = isinstance(storage, FolderStorage)
    assert index.last_day("MID", Series.MINUTE) == (MID if local else None)
    assert index.last_day("ALL", Series.DAY) is None
    assert index.symbols() == {"ALL", "OLD", "NEW"} | ({"MID"} if local else set())


def test_each_file_is_looked_at_once_and_only_until_the_symbol_is_there() -> None:
    """Twenty years of files are a long way to look."""
    from polytape.net.storage import open_storage

    storage = open_storage("memory")
    for day in (OLD, NEW):
        upload(storage, day, [line("ALL"), line(f"S{day:%y}")])
    counted = Counted(storage)
    index = TickerIndex(FlatFileListing(counted))
    index.last_day("ALL", Series.MINUTE)
    assert len(counted.opened) == 1
    for _ in range(3):
        index.last_day("S23", Series.MINUTE)
        index.last_day("NOPE", Series.MINUTE)
    assert len(counted.opened) == len(set(counted.opened)) == 2


def test_a_file_that_is_replaced_is_looked_at_again(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """It may have other symbols."""
    storage = FolderStorage(tmp_path_factory.mktemp("files"))
    upload(storage, NEW, [line("OLD")])
    index = TickerIndex(FlatFileListing(storage))
    assert index.last_day("NEW", Series.MINUTE) is None
    upload(storage, NEW, [line("NEW")])
    assert index.last_day("NEW", Series.MINUTE) == NEW


def test_a_damaged_file_hides_no_other(
    tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """Who asks for its own day is told what is wrong with it."""
    storage = FolderStorage(tmp_path_factory.mktemp("files"))
    upload(storage, MID, [line("MID")])
    path = "us_stocks_sip/minute_aggs_v1/2024/07/2024-07-03.csv.gz"
    storage.put(path, lambda sink: sink.write(b"damaged"))
    assert TickerIndex(FlatFileListing(storage)).last_day("MID", Series.MINUTE) == MID
    assert "2024-07-03.csv.gz" in caplog.text
