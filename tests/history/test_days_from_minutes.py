"""Days made from stored minutes, where there is no official daily bar."""

from polytape.history.days_from_minutes import make_days, note_on
from polytape.model.bars import Bars
from polytape.model.resample import days_from_minutes
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import HOUR_US
from tests.conftest import MARKET, day_span
from tests.history.scene import JULY, Scene
from tests.store.bars import write

WEEK = day_span(JULY[0], JULY[4])


async def test_only_days_with_minutes_and_without_an_official_bar_are_made() -> None:
    scene = Scene()
    for day in (JULY[0], JULY[1], JULY[4]):
        await scene.fetch(day, day)
    official = scene.truth(JULY[1], JULY[1], series=Series.DAY)
    made = make_days(scene.store, "AAPL", WEEK, official, market=MARKET)
    assert made.timestamp.tolist() == [MARKET.midnight(JULY[0]), MARKET.midnight(JULY[4])]
    for day in (JULY[0], JULY[4]):
        whole = days_from_minutes(scene.truth(day, day), MARKET)
        assert made.within(day_span(day)).same(whole)
    assert not len(make_days(scene.store, "MSFT", WEEK, Bars.empty(), market=MARKET))
    scene.close()


async def test_nothing_is_read_where_every_day_is_official() -> None:
    scene = Scene()
    await scene.fetch(JULY[0], JULY[4])
    official = scene.truth(JULY[0], JULY[4], series=Series.DAY)
    assert len(official) == 4  # one is a holiday
    assert not len(make_days(scene.store, "AAPL", WEEK, official, market=MARKET))
    scene.close()


async def test_a_day_is_made_from_the_minutes_inside_the_span() -> None:
    scene = Scene()
    minutes = scene.truth(JULY[1], JULY[1])
    day = day_span(JULY[1])
    afternoon = Span(day.start + 13 * HOUR_US, day.end)
    write(scene.store, "AAPL", minutes.within(afternoon), afternoon, scene.now)
    made = make_days(scene.store, "AAPL", day, Bars.empty(), market=MARKET)
    # Its bar would start before what is stored of the day: it is no whole day.
    assert not len(made)
    scene.close()


def test_a_note_says_which_days_were_made() -> None:
    scene = Scene()
    week = scene.truth(JULY[0], JULY[4], series=Series.DAY)
    assert note_on(Bars.empty(), MARKET) == ()
    (one,) = note_on(week.last(1), MARKET)
    assert "for 2024-07-05: made from minutes" in one
    (several,) = note_on(week, MARKET)
    assert "for 4 days from 2024-07-01 to 2024-07-05: made from minutes" in several
    scene.close()
