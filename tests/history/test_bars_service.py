"""Answers as callers want them: adjusted, cut, summed, and what is said of them."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from polytape.errors import ConfigurationError, IncompleteDataError, NotFoundError
from polytape.history.bars_cache import BarsCache
from polytape.history.bars_result import NO_SPLITS
from polytape.history.bars_service import BarsService
from polytape.history.gap_filler import GapFiller
from polytape.model.query import BarsQuery
from polytape.model.splits import Split, adjust
from polytape.model.timeframes import Timeframe
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.source import Upstream
from tests.conftest import MARKET, day_span
from tests.history.scene import JULY, AtOnce, Scene, at
from tests.history.small import Small
from tests.store.bars import memory
from tests.upstream.flatfiles.files import put

WEEK = day_span(JULY[0], JULY[4])
SPLIT = Split(JULY[2], "X", 1.0, 4.0)
HOLIDAY, NOON = 4, at("2024-07-09 12:00")


def service_of(upstream: Upstream | None, now: int = at("2024-07-15 12:00")) -> BarsService:
    cache = BarsCache(10**6)
    return BarsService(GapFiller(upstream, None, MARKET, lambda: now, AtOnce(), cache))


def days_query(symbol: str = "X", **options: Any) -> BarsQuery:
    return BarsQuery(symbol, Timeframe.DAY, WEEK, **options)


async def test_bars_are_adjusted_by_the_sources_splits() -> None:
    source = Small((SPLIT,))
    answer = await service_of(source.upstream()).bars(days_query())
    assert answer.bars.close.tolist() == [25.0, 25.0, 100.0, 100.0]
    assert answer.bars.volume.tolist() == [400.0, 400.0, 100.0, 100.0]
    assert (answer.metadata.adjusted, answer.metadata.notes) == (True, [])
    raw = await service_of(source.upstream()).bars(days_query(adjusted=False))
    assert raw.bars.close.tolist() == [100.0] * 4
    assert (raw.metadata.adjusted, raw.metadata.notes) == (False, [])


async def test_splits_that_take_no_request_are_not_looked_up() -> None:
    source = Small((SPLIT,))
    source.cached = True
    assert len((await service_of(source.upstream()).bars(days_query())).bars) == 4
    assert source.lookups == 0
    source.cached = False
    await service_of(source.upstream()).bars(days_query())
    assert source.lookups == 1


async def test_prices_as_traded_are_called_so() -> None:
    answer = await service_of(Small(None).upstream()).bars(days_query())
    assert answer.metadata.adjusted is False
    assert answer.metadata.notes == [NO_SPLITS]
    assert "as traded" in NO_SPLITS
    raw = await service_of(Small(None).upstream()).bars(days_query(adjusted=False))
    assert raw.metadata.notes == []


async def test_a_symbol_that_is_not_there_is_an_error_and_one_without_bars_is_none() -> None:
    service = service_of(Small(()).upstream())
    with pytest.raises(NotFoundError, match="small has no symbol Y"):
        await service.bars(days_query("Y"))
    with pytest.raises(NotFoundError, match=r"no symbol APPL \(did you mean AAPL\?\)"):
        await service.bars(days_query("APPL"))
    weekend = days_query().over(day_span(JULY[5], JULY[6]))
    assert len((await service.bars(weekend)).bars) == 0


async def test_without_a_source_and_a_store_the_ways_out_are_named() -> None:
    service = service_of(None)
    assert (service.source_name, service.made_up) == ("none", False)
    with pytest.raises(ConfigurationError, match="neither a source of bars nor a store"):
        await service.bars(days_query())


async def test_who_counts_bars_is_told_each_answers() -> None:
    counts: list[int] = []
    service = BarsService(service_of(Small(()).upstream()).filler, counts.append)
    await service.bars(days_query())
    await service.bars(days_query(limit=1))
    assert counts == [4, 1]


async def test_a_report_comes_where_it_is_wanted() -> None:
    service = service_of(Small(()).upstream())
    assert (await service.bars(days_query())).report is None
    report = (await service.bars(days_query(validate=True))).report
    assert report is not None
    assert report.sound
    # Minutes are missing all day: what a limit cut off is not looked for.
    minutes = BarsQuery("X", Timeframe.MIN_1, WEEK, validate=True)
    whole = (await service.bars(minutes)).report
    last = (await service.bars(replace(minutes, limit=1))).report
    assert whole is not None
    assert last is not None
    assert whole.unexplained_missing > 1_000
    assert last.unexplained_missing == 390


async def test_gaps_are_looked_for_up_to_now_and_from_what_the_limit_kept() -> None:
    scene = Scene()
    span = day_span(date(2024, 7, 12), date(2024, 7, 17))
    for limit in (None, 5):
        query = BarsQuery("AAPL", Timeframe.MIN_1, span, limit=limit, validate=True)
        report = (await scene.service.bars(query)).report
        assert report is not None
        assert report.sound
    scene.close()


async def test_a_store_alone_adjusts_by_the_splits_that_it_knows() -> None:
    scene = Scene()
    await scene.fetch(JULY[0], JULY[1])
    store, alone = scene.open(None)
    query = BarsQuery("AAPL", Timeframe.MIN_1, day_span(JULY[0], JULY[1]))
    answer = await alone.bars(query)
    assert (answer.metadata.adjusted, answer.metadata.notes) == (False, [NO_SPLITS])
    # What it lacks there may well be: it says so, and how to get it; not that there is no symbol.
    with pytest.raises(NotFoundError, match=r"the store has no symbol ZZ,.*history import.*source"):
        await alone.bars(replace(query, symbol="ZZ"))
    split = Split(JULY[1], "AAPL", 1.0, 2.0)
    Reference(store.storage).put_splits([split], scene.now)
    _, reopened = scene.open(None)
    adjusted = await reopened.bars(query)
    truth = adjust(scene.truth(JULY[0], JULY[1]), [split], JULY[13], MARKET)
    assert adjusted.bars.same(truth)
    assert adjusted.metadata.adjusted is True
    scene.close()
    store.close()


def files_without(tmp_path: Path, *absent: int) -> Upstream:
    """A week of daily files of X, but for some days."""
    for day in JULY[:5]:
        if day.day not in absent and day.day != HOLIDAY:
            put(tmp_path, "day_aggs_v1", day, ["X,1000,10,11,12,9,0,5"])
    return FlatFiles(tmp_path, MARKET, now=lambda: NOON).upstream()


async def test_a_day_whose_file_is_absent_is_an_error_with_its_span(tmp_path: Path) -> None:
    """Not three days of four and a note."""
    service = service_of(files_without(tmp_path, 2), NOON)
    expected = r"X 1day: flatfiles has no \[2024-07-02T04:00:00Z, 2024-07-03T04:00:00Z\) \(allow_"
    with pytest.raises(IncompleteDataError, match=expected):
        await service.bars(days_query())
    part = await service.bars(days_query(allow_partial=True))
    assert [MARKET.date_of(int(at)).day for at in part.bars.timestamp] == [1, 3, 5]
    assert [(gap.start, gap.end) for gap in part.metadata.missing] == [
        ("2024-07-02T04:00:00Z", "2024-07-03T04:00:00Z")
    ]


async def test_days_after_the_last_file_are_missing_but_for_today(tmp_path: Path) -> None:
    service = service_of(files_without(tmp_path, 3, 5), NOON)
    span = day_span(JULY[0], JULY[8])
    query = days_query(allow_partial=True).over(span)
    with pytest.raises(IncompleteDataError):
        await service.bars(replace(query, allow_partial=False))
    metadata = (await service.bars(query)).metadata
    assert [(gap.start, gap.end) for gap in metadata.missing] == [
        ("2024-07-03T04:00:00Z", "2024-07-09T04:00:00Z")  # closed days between them, and no 9th
    ]
    assert metadata.complete_through == "2024-07-03T04:00:00Z"
    today = await service.bars(days_query().over(day_span(JULY[8])))
    assert (len(today.bars), today.metadata.missing) == (0, [])
    assert today.metadata.complete_through == "2024-07-09T04:00:00Z"


async def test_what_was_stored_of_a_day_whose_file_is_gone_is_still_given(tmp_path: Path) -> None:
    store = SegmentStore(memory(), "flatfiles", MARKET)
    workers, cache = AtOnce(), BarsCache(10**6)
    upstream = files_without(tmp_path)
    service = BarsService(GapFiller(upstream, store, MARKET, lambda: NOON, workers, cache))
    before = (await service.bars(days_query())).bars
    for path in tmp_path.rglob("2024-07-05.csv.gz"):
        path.unlink()
    cache.clear()
    assert (await service.bars(days_query())).bars.same(before)
    service.filler.close()
