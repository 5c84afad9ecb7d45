"""History as something to manage: fill, look, check, mend, tidy and forget."""

from collections.abc import Callable

import numpy as np
import pytest

from polytape.errors import ConfigurationError
from polytape.history.bars_cache import BarsCache
from polytape.history.gap_filler import GapFiller
from polytape.history.service import HistoryService
from polytape.history.status import StoreStatus
from polytape.model.timeframes import Series
from tests.conftest import MARKET, day_span
from tests.history.scene import IDLE, JULY, AtOnce, Scene
from tests.store.bars import write

WEEK = day_span(JULY[0], JULY[4])


async def test_from_the_first_fill_to_the_last_bar_forgotten() -> None:
    scene = Scene()
    service = HistoryService(scene.filler, lambda: IDLE)
    assert service.must_store() is scene.store
    assert await service.status(["AAPL"]) == StoreStatus([], [])
    plan = await service.plan(["AAPL", "MSFT"], Series.MINUTE, WEEK)
    results: list[object] = []
    count = await service.run(plan.tasks, results.append)
    assert (count.tasks, count.failed, len(results)) == (2, (), 2)
    truth = {s: scene.truth(JULY[0], JULY[4], symbol=s) for s in ("AAPL", "MSFT")}
    assert count.bars == sum(map(len, truth.values()))
    status = await service.status(["AAPL"])
    (series,), (apple,) = status.series, status.symbols
    assert (series.symbols, series.rows, series.segments) == (2, count.bars, 2)
    assert (apple.bars, apple.spans, apple.final) == (len(truth["AAPL"]), (WEEK,), True)
    assert [one.report.sound for one in await service.verify(["AAPL"], WEEK)] == [True]
    assert await service.repairs(["AAPL"], WEEK) == []
    (folder,) = await service.folders()
    compaction = await service.compact_folder(folder)
    assert compaction is not None
    assert (compaction.before, compaction.rows) == (2, count.bars)
    assert await service.compact_folder(folder) is None
    assert await service.delete("AAPL", WEEK) == len(truth["AAPL"])
    assert (await service.status(["AAPL"])).symbols == []
    assert scene.store.read("MSFT", Series.MINUTE, WEEK).same(truth["MSFT"])
    # Neither the store nor the cache knows of it any more.
    before = len(scene.source.queries)
    assert (await scene.fetch(JULY[0], JULY[4])).same(truth["AAPL"])
    assert len(scene.source.queries) == before + 1
    scene.close()


async def test_a_repair_fetches_what_the_report_doubts() -> None:
    scene = Scene()
    service = HistoryService(scene.filler, lambda: IDLE)
    truth = await scene.fetch(JULY[0], JULY[1])
    spoiled = truth.take(np.arange(len(truth)) != 500)
    write(scene.store, "AAPL", spoiled, day_span(JULY[0], JULY[1]), scene.now + 1)
    scene.now += 2
    repairs = await service.repairs(["AAPL"], WEEK)
    assert len(repairs) == 1
    await service.run(repairs)
    assert await service.repairs(["AAPL"], WEEK) == []
    assert scene.store.read("AAPL", Series.MINUTE, day_span(JULY[0], JULY[1])).same(truth)
    scene.close()


async def test_without_a_store_it_says_how_to_have_one() -> None:
    filler = GapFiller(None, None, MARKET, lambda: 0, AtOnce(), BarsCache(1))
    service = HistoryService(filler, lambda: IDLE)
    calls: list[Callable[[], object]] = [
        lambda: service.status([]),
        lambda: service.verify([], WEEK),
        lambda: service.repairs([], WEEK),
        service.folders,
        lambda: service.delete("A", WEEK),
    ]
    for call in calls:
        with pytest.raises(ConfigurationError, match="start it with a --store"):
            await call()  # type: ignore[misc]
