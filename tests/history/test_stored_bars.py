"""Bars for an engine from a store alone: what is missing and doubtful is noted."""

from polytape.history.stored_bars import StoredBars
from polytape.model.query import BarsQuery
from polytape.model.splits import Split, adjust
from polytape.model.timeframes import Timeframe
from polytape.store.reference import Reference
from tests.conftest import MARKET, day_span
from tests.history.scene import JULY, Scene


async def test_bars_are_answered_as_far_as_they_are_stored() -> None:
    scene = Scene()
    await scene.fetch(JULY[0], JULY[1])
    stored = StoredBars(scene.store, "AAPL", MARKET, scene.now)
    query = BarsQuery("AAPL", Timeframe.MIN_1, day_span(JULY[0], JULY[1]), adjusted=False)
    assert stored.answer(query).same(scene.truth(JULY[0], JULY[1]))
    assert stored.basis().lacks == ()
    week = query.over(day_span(JULY[0], JULY[4]))
    assert stored.answer(week).same(scene.truth(JULY[0], JULY[1]))
    missing = "1min bars are not held in full: 2024-07-03 to 2024-07-05 (2 sessions) missing"
    assert stored.basis().lacks == (missing,)
    days = BarsQuery("AAPL", Timeframe.DAY, day_span(JULY[0], JULY[1]))
    assert len(stored.answer(days)) == 2
    basis = stored.basis()
    assert basis.lacks == (missing,)
    (note, no_splits) = sorted(basis.notes, reverse=True)
    assert "made from minutes" in no_splits + note
    assert [run.sessions for one in basis.inputs for run in one.from_minutes] == [2]
    assert stored.answer(days).same(stored.answer(days))
    assert stored.basis() == basis  # each is said once
    scene.close()


async def test_bars_are_adjusted_and_summed_as_the_query_wants() -> None:
    scene = Scene()
    await scene.fetch(JULY[0], JULY[1])
    split = Split(JULY[1], "AAPL", 1.0, 2.0)
    Reference(scene.storage).put_splits([split], 1)
    stored = StoredBars(scene.store, "AAPL", MARKET, scene.now)
    query = BarsQuery("AAPL", Timeframe.MIN_1, day_span(JULY[0], JULY[1]), limit=700)
    adjusted = adjust(scene.truth(JULY[0], JULY[1]), [split], JULY[13], MARKET)
    assert stored.answer(query).same(adjusted.last(700))
    hours = stored.answer(BarsQuery("AAPL", Timeframe.MIN_60, query.span))
    assert len(hours) == 32
    assert hours.volume.sum() == adjusted.volume.sum()
    scene.close()


async def test_a_symbol_exists_where_anything_is_known_of_it() -> None:
    scene = Scene()
    await scene.fetch(JULY[0], JULY[0])
    assert StoredBars(scene.store, "AAPL", MARKET, scene.now).exist()
    missing = StoredBars(scene.store, "MSFT", MARKET, scene.now)
    assert not missing.exist()
    assert not len(missing.answer(BarsQuery("MSFT", Timeframe.DAY, day_span(JULY[0]))))
    assert missing.basis().lacks == ("1day bars are not held in full: 2024-07-01 missing",)
    scene.close()
