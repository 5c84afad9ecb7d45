"""What of an answer is believed."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import IncompleteDataError
from polytape.model.bars import Bars
from polytape.model.market import xnys
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, MINUTE_US
from polytape.upstream.polygon.answer_checks import (
    MOST_DAYS,
    MOST_SYMBOLS,
    check_bars,
    check_day,
    sound,
)
from polytape.wire.polygon.errors import WrongAnswerError
from polytape.wire.polygon.responses import read_aggs_of

MARKET = xnys()
BELL = 1_795_530_600_000_000
DAY = MARKET.day_span(MARKET.date_of(BELL))


def query(series: Series = Series.MINUTE) -> BarsQuery:
    return series_query("AAPL", series, DAY)


def minutes(count: int, start: int = BELL) -> Bars:
    stamps = start + np.arange(count) * MINUTE_US
    ones = np.ones(count)
    return Bars.of(stamps, 10 * ones, 11 * ones, 9 * ones, 10 * ones, 100 * ones)


def test_a_sound_answer_is_believed() -> None:
    """Whole, without a word."""
    checked = check_bars(minutes(5), query(), MARKET)
    assert checked.bars.same(minutes(5))
    assert (checked.notes, checked.provisional) == ((), ())
    assert check_bars(Bars.empty(), query(), MARKET).bars.same(Bars.empty())


def test_rows_of_another_time_are_no_answer() -> None:
    """None inside is an error; some outside leave the span in doubt."""
    with pytest.raises(IncompleteDataError, match="answered with 5 bars from"):
        check_bars(minutes(5, BELL + 3 * DAY_US), query(), MARKET)
    mixed = Bars.concat([minutes(3), minutes(2, BELL + 3 * DAY_US)])
    checked = check_bars(mixed, query(), MARKET)
    assert checked.bars.same(minutes(3))
    assert checked.provisional == (DAY,)
    assert checked.notes == ("2 of the vendor's bars were of another time",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("open", 0.0), ("close", -1.0), ("low", np.nan), ("high", 1e308), ("high", 5.0),
        ("low", 10.5), ("volume", -1.0), ("volume", np.inf), ("open", np.inf),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_left_out_and_its_day_is_asked_again(
    name: str, value: float
) -> None:
    """The others stay."""
    bars = minutes(5)
    column = getattr(bars, name).copy()
    column[2] = value
    checked = check_bars(replace(bars, **{name: column}), query(), MARKET)
    assert checked.bars.timestamp.tolist() == [BELL + n * MINUTE_US for n in (0, 1, 3, 4)]
    assert checked.provisional == (DAY,)
    assert "1 of the vendor's bars make no sense" in checked.notes[0]


@given(st.integers(1, MINUTE_US - 1))
def test_a_minute_begins_on_the_minute(late: int) -> None:
    """Rows a millisecond apart would double the volume."""
    extra = minutes(1, BELL + late)
    both = Bars.concat([minutes(1), extra])
    checked = check_bars(both, query(), MARKET)
    assert checked.bars.same(minutes(1))
    assert checked.provisional == (DAY,)


def test_a_day_begins_at_midnight_of_new_york() -> None:
    """On both sides of a change of the clock; 16:00 of it is no start."""
    days = Span(MARKET.midnight(MARKET.date_of(BELL - 40 * DAY_US)), DAY.end)
    stamps = [MARKET.midnight(s.day) for s in MARKET.sessions(days)]
    ones = np.ones(len(stamps))
    good = Bars.of(stamps, 10 * ones, 11 * ones, 9 * ones, 10 * ones, ones)
    asked = query(Series.DAY).over(days)
    assert check_bars(good, asked, MARKET).provisional == ()
    late = replace(good, timestamp=good.timestamp + 16 * 3_600_000_000)
    assert not len(check_bars(late, asked, MARKET).bars)


def page(**more: object) -> bytes:
    return msgspec.json.encode(
        {"ticker": "AAPL", "adjusted": False, "status": "OK", "queryCount": 0, "resultsCount": 0}
        | more
    )


def test_an_answer_names_what_it_answers() -> None:
    """A surplus response on a connection is the next question's, otherwise."""
    assert read_aggs_of("AAPL", page()).ticker == "AAPL"
    with pytest.raises(WrongAnswerError, match=r"asked for SPY as traded, .* with AAPL"):
        read_aggs_of("SPY", page())
    with pytest.raises(WrongAnswerError, match="adjusted"):
        read_aggs_of("AAPL", page(adjusted=True))
    with pytest.raises(WrongAnswerError, match="no ticker"):
        read_aggs_of("AAPL", b'{"status":"OK"}')


# One bar a start


def test_a_row_that_comes_twice_is_one_bar() -> None:
    """Without a word: both say the same."""
    twice = minutes(3).take(np.array([0, 0, 1, 2, 2]))
    checked = check_bars(twice, query(), MARKET)
    assert checked.bars.same(minutes(3))
    assert checked.suspects == ()


def test_rows_that_contradict_each_other_are_none() -> None:
    """Which of them is right, nobody says."""
    other = minutes(1, BELL + MINUTE_US)
    other.volume[0] += 1
    for rows in (Bars.concat([minutes(3), other]), Bars.concat([other, minutes(3)])):
        checked = check_bars(rows, query(), MARKET)
        assert checked.bars.same(minutes(3).take(np.array([0, 2])))
        (suspect,) = checked.suspects
        assert (suspect.reason, len(suspect.bars), suspect.span) == (
            "several bars of one start", 2, DAY
        )  # fmt: skip


@given(st.permutations(range(6)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    """A vendor sorts as it likes."""
    rows = minutes(6)
    rows.close[3] = 0.0
    checked = check_bars(rows.take(np.array(order)), query(), MARKET)
    assert checked.bars.same(minutes(6).take(np.array([0, 1, 2, 4, 5])))


# What is set aside


def test_suspects_say_whose_when_why_and_what() -> None:
    """By the day; of very many days, in one."""
    days = Span(MARKET.midnight(MARKET.date_of(BELL - 9 * DAY_US)), DAY.end)
    rows = Bars.concat([minutes(2, BELL - 2 * DAY_US), minutes(3)])
    rows.low[0], rows.volume[3], rows.high[4] = -1.0, -1.0, 1.0
    first, last = check_bars(rows, query().over(days), MARKET, "/v2/x").suspects
    assert (first.symbol, first.series, first.request) == ("AAPL", Series.MINUTE, "/v2/x")
    assert (first.reason, len(first.bars)) == ("a price that is none", 1)
    assert (last.reason, len(last.bars)) == ("a volume that is none, prices out of order", 2)
    assert last.span == DAY
    stamps = [BELL - n * DAY_US for n in range(MOST_DAYS + 30)]
    many = Bars.concat([minutes(1, stamp) for stamp in stamps])
    many.close[:] = 0.0
    ever = Span(stamps[-1] - DAY_US, DAY.end)
    (one,) = check_bars(many, query().over(ever), MARKET).suspects
    assert len(one.bars) == len(stamps)


def test_a_last_price_is_a_price() -> None:
    """It is shown as the latest."""
    bars = minutes(3)
    bars.close[2] = 1e308
    assert sound(bars).same(minutes(3).take(slice(0, 2)))


# Days of the market

TODAY = MARKET.date_of(BELL)


def listed(count: int) -> tuple[list[str], Bars]:
    closing = BELL + 390 * MINUTE_US
    rows = Bars.concat([minutes(1, closing) for _ in range(count)])
    return [f"S{n:04d}" for n in range(count)], rows


def test_a_day_of_the_market_is_stamped_at_its_midnight() -> None:
    """Its rows carry 16:00; each symbol has one bar."""
    names, rows = listed(3)
    market = check_day(names, rows, TODAY, MARKET, "/v2/x")
    assert list(market.places) == names
    assert set(market.bars.timestamp.tolist()) == {DAY.start}
    assert market.suspects == ()
    assert not len(check_day([], Bars.empty(), TODAY, MARKET, "").bars)


def test_rows_of_the_day_are_checked_as_those_of_a_symbol_are() -> None:
    """A symbol with a wrong row is left out with all its rows; a row twice is one."""
    names, rows = listed(6)
    names = [*names, "S0003", "S0004"]
    rows = Bars.concat([rows, rows.take(slice(0, 2))])
    rows.close[0], rows.volume[7] = 0.0, 1.0  # S0000 has no price, S0004 two volumes
    rows.timestamp[1] -= 3 * DAY_US  # S0001 is of another day
    market = check_day(names, rows, TODAY, MARKET, "/v2/x")
    assert list(market.places) == ["S0002", "S0003", "S0005"]
    assert len(market.bars) == 3
    reasons = {one.symbol: one.reason for one in market.suspects}
    assert reasons == {
        "S0000": "a price that is none", "S0001": "another time than was asked for",
        "S0004": "several bars of one start",
    }  # fmt: skip
    assert [len(one.bars) for one in market.suspects] == [1, 1, 2]
    assert {one.span for one in market.suspects} == {DAY}


def test_a_day_with_too_many_wrong_rows_is_no_day() -> None:
    """Nor is another day's list: that is another answer."""
    names, rows = listed(MOST_SYMBOLS + 1)
    rows.close[:] = 0.0
    with pytest.raises(IncompleteDataError, match="make no sense, such as S0000"):
        check_day(names, rows, TODAY, MARKET, "")
    names, rows = listed(3)
    rows.timestamp[:] -= DAY_US
    with pytest.raises(WrongAnswerError, match=f"asked for the market's {TODAY}"):
        check_day(names, rows, TODAY, MARKET, "")
