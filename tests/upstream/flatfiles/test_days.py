"""Whole days of the market: one flat file each."""

from datetime import date

import pytest

from polytape.model.timeframes import Series
from polytape.net.storage import Storage, open_storage
from polytape.upstream.answer_store import MemoryAnswers
from polytape.upstream.flatfiles.days import FlatFileDays
from polytape.upstream.flatfiles.listing import FlatFileListing
from tests.conftest import MARKET
from tests.upstream.flatfiles.files import DAY, line
from tests.upstream.flatfiles.test_listing import upload

DAYS_FOLDER = "us_stocks_sip/day_aggs_v1"


@pytest.fixture
def storage() -> Storage:
    storage = open_storage("memory")
    upload(storage, DAY, [line("ZZZ", 1), line("AAA"), line("ZZZ", 0), line("AAA", 24 * 60)])
    return storage


@pytest.fixture
def days(storage: Storage) -> FlatFileDays:
    return FlatFileDays(FlatFileListing(storage), MARKET, MemoryAnswers())


def test_a_file_is_the_whole_market_of_its_day(days: FlatFileDays) -> None:
    """Minutes of other days that were filed under it are left out."""
    market = days.market_day(Series.MINUTE, DAY)
    assert market is not None
    assert {s: len(market.of_symbol(s)) for s in market.places} == {"AAA": 1, "ZZZ": 2}


def test_a_day_without_a_file_has_no_answer_yet(days: FlatFileDays) -> None:
    """Its file may still come: that is not the same as a day without trades."""
    assert days.has_day(Series.MINUTE, DAY)
    for series, day in ((Series.MINUTE, date(2024, 7, 3)), (Series.DAY, DAY)):
        assert not days.has_day(series, day)
        assert days.market_day(series, day) is None


def test_daily_bars_are_stamped_by_the_name_of_their_file(storage: Storage) -> None:
    """Whatever stamp a row has; of two rows of a symbol the last one stays."""
    upload(storage, DAY, [line("AAA", 5), line("ZZZ", 1, close=1.0), line("ZZZ", 2, close=2.0)],
           DAYS_FOLDER)  # fmt: skip
    market = FlatFileDays(FlatFileListing(storage), MARKET).market_day(Series.DAY, DAY)
    assert market is not None
    assert set(market.bars.timestamp.tolist()) == {MARKET.midnight(DAY)}
    assert market.of_symbol("ZZZ").close.tolist() == [2.0]
    assert len(market) == 2


def test_a_day_that_was_stored_is_replaced_once_its_file_is_another(
    storage: Storage, days: FlatFileDays
) -> None:
    """By the stamp alone, and over the end of the process: the memory says which file it was."""
    assert days.replaced(Series.MINUTE, [DAY]) == []
    days.mark_stored(Series.MINUTE, DAY)
    assert days.replaced(Series.MINUTE, [DAY]) == []
    upload(storage, DAY, [line("ZZZ", close=11.0)])
    fresh = FlatFileDays(FlatFileListing(storage), MARKET, days.memory)
    assert fresh.replaced(Series.MINUTE, [date(2024, 7, 1), DAY]) == [DAY]
    fresh.mark_stored(Series.MINUTE, DAY)
    assert fresh.replaced(Series.MINUTE, [DAY]) == []


def test_without_a_memory_nothing_was_replaced(storage: Storage) -> None:
    """Nobody knows what was read."""
    days = FlatFileDays(FlatFileListing(storage), MARKET)
    days.mark_stored(Series.MINUTE, DAY)
    upload(storage, DAY, [line("ZZZ", close=11.0)])
    assert days.replaced(Series.MINUTE, [DAY]) == []


def test_files_cost_nothing_of_the_budget(days: FlatFileDays) -> None:
    """The key's budget is of its API."""
    assert (days.requests_per_day, days.unit) == (0, "files")
