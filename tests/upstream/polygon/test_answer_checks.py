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
from polytape.upstream.polygon.answer_checks import check_bars
from polytape.wire.polygon.responses import WrongAnswerError, read_aggs_of

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
    assert (checked.notes, checked.suspect) == ((), ())
    assert check_bars(Bars.empty(), query(), MARKET).bars.same(Bars.empty())


def test_rows_of_another_time_are_no_answer() -> None:
    """None inside is an error; some outside leave the span in doubt."""
    with pytest.raises(IncompleteDataError, match="answered with 5 bars from"):
        check_bars(minutes(5, BELL + 3 * DAY_US), query(), MARKET)
    mixed = Bars.concat([minutes(3), minutes(2, BELL + 3 * DAY_US)])
    checked = check_bars(mixed, query(), MARKET)
    assert checked.bars.same(minutes(3))
    assert checked.suspect == (DAY,)
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
    assert checked.suspect == (DAY,)
    assert "1 of the vendor's bars make no sense" in checked.notes[0]


@given(st.integers(1, MINUTE_US - 1))
def test_a_minute_begins_on_the_minute(late: int) -> None:
    """Rows a millisecond apart would double the volume."""
    extra = minutes(1, BELL + late)
    both = Bars.concat([minutes(1), extra])
    checked = check_bars(both, query(), MARKET)
    assert checked.bars.same(minutes(1))
    assert checked.suspect == (DAY,)


def test_a_day_begins_at_midnight_of_new_york() -> None:
    """On both sides of a change of the clock; 16:00 of it is no start."""
    days = Span(MARKET.midnight(MARKET.date_of(BELL - 40 * DAY_US)), DAY.end)
    stamps = [MARKET.midnight(s.day) for s in MARKET.sessions(days)]
    ones = np.ones(len(stamps))
    good = Bars.of(stamps, 10 * ones, 11 * ones, 9 * ones, 10 * ones, ones)
    asked = query(Series.DAY).over(days)
    assert check_bars(good, asked, MARKET).suspect == ()
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
