"""What a store has of a query, without anybody to fetch more from."""

from datetime import date

from polytape.history.reader import read_stored
from polytape.model.query import series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import HOUR_US
from tests.conftest import MARKET, day_span
from tests.history.scene import JULY, Scene
from tests.store.bars import write


async def test_minutes_come_with_what_is_missing_of_the_trading_days() -> None:
    scene = Scene()
    await scene.fetch(JULY[1], JULY[1])
    week = series_query("AAPL", Series.MINUTE, day_span(JULY[0], JULY[6]))
    read = read_stored(scene.store, week, MARKET, scene.now)
    assert read.bars.same(scene.truth(JULY[1], JULY[1]))
    assert read.missing == (day_span(JULY[0]), day_span(JULY[2], JULY[4]))  # up to the weekend
    assert (read.notes, read.provisional, read.through) == ((), False, None)
    unknown = read_stored(
        scene.store, series_query("X", Series.MINUTE, week.span), MARKET, scene.now
    )
    assert (len(unknown.bars), unknown.missing) == (0, (day_span(JULY[0], JULY[4]),))
    scene.close()


async def test_the_future_is_not_missing() -> None:
    scene = Scene()
    today, later = day_span(date(2024, 7, 15)), day_span(date(2024, 7, 15), date(2024, 7, 19))
    await scene.fetch(date(2024, 7, 15), date(2024, 7, 15))
    read = read_stored(scene.store, series_query("AAPL", Series.MINUTE, later), MARKET, scene.now)
    assert read.missing == ()
    assert len(read.bars)
    hour_later = scene.now + HOUR_US
    read = read_stored(scene.store, series_query("AAPL", Series.MINUTE, later), MARKET, hour_later)
    assert read.missing == (Span(scene.now, hour_later),)
    assert read.missing[0] in today
    scene.close()


async def test_days_are_official_ones_and_those_made_from_minutes() -> None:
    scene = Scene()
    await scene.fetch(JULY[1], JULY[2])
    official = scene.truth(JULY[0], JULY[1], series=Series.DAY)
    write(scene.store, "AAPL", official, day_span(JULY[0], JULY[1]), 1, series=Series.DAY)
    week = series_query("AAPL", Series.DAY, day_span(JULY[0], JULY[4]))
    read = read_stored(scene.store, week, MARKET, scene.now)
    assert read.bars.within(day_span(JULY[0], JULY[1])).same(official)
    assert read.bars.timestamp.tolist()[2:] == [MARKET.midnight(JULY[2])]
    assert read.missing == (day_span(JULY[4]),)
    assert read.provisional
    (note,) = read.notes
    assert "for 2024-07-03: made from minutes" in note
    scene.close()
