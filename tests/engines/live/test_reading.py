"""What all live readings do with bars."""

from dataclasses import replace
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.client.frames import to_frame
from polytape.engines.live.reading import LiveReading
from polytape.errors import ValidationError
from polytape.model.bar import Bar, bar_rows
from polytape.model.bars import Bars
from tests.conftest import flat_bars
from tests.engines.bars import walks


class Starts(LiveReading[tuple[int, float], list[tuple[int, float]]]):
    """What came, and how many states were made for it."""

    made = 0

    @property
    def value(self) -> list[tuple[int, float]]:
        return list(self._states)

    def _next_state(self, bar: Bar, place: int) -> tuple[int, float]:
        assert place == len(self._states)
        self.made += 1
        return bar.timestamp, bar.volume


bar = Bar(60, 10.0, 11.0, 9.0, 10.5, 100.0)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=40))
def test_a_reading_is_of_the_newest_bar_of_each_start(pushed: list[tuple[int, int]]) -> None:
    """In the order of the starts, whatever the order in which they came."""
    live = Starts()
    for start, volume in pushed:
        live.push(replace(bar, timestamp=start, volume=float(volume)))
    newest = dict(pushed)
    assert live.value == [(start, float(newest[start])) for start in sorted(newest)]
    assert len(live) == len(newest)


@given(walks(least=1), st.data())
def test_a_push_makes_one_state_and_a_late_one_those_from_its_place_on(
    bars: Bars, data: st.DataObject
) -> None:
    """The cost of a push does not grow with what came before."""
    live, rows = Starts(), list(bar_rows(bars))
    for row in rows:
        live.push(row)
    assert live.made == len(rows)
    again = data.draw(st.integers(0, len(rows) - 1))
    live.push(rows[again])
    assert live.made == len(rows) + len(rows) - again


@given(walks(), walks(), st.integers(0, 120))
def test_a_table_of_bars_is_each_of_them_in_one_go(first: Bars, second: Bars, cut: int) -> None:
    """Late ones are put into their places once."""
    one_by_one, together = Starts(), Starts()
    together.extend(first)
    assert together.made == len(first)
    together.extend(second.take(slice(cut, None)))
    for row in (*bar_rows(first), *bar_rows(second.take(slice(cut, None)))):
        one_by_one.push(row)
    assert together.value == one_by_one.value
    assert together.made <= len(first) + max(len(first), len(second))


@pytest.mark.parametrize(
    "wrong",
    [
        {"open": nan}, {"high": inf}, {"low": 0.0}, {"close": -1.0}, {"high": 1.0},
        {"volume": -1.0}, {"volume": nan}, {"volume": inf},
    ],
    ids=str,
)  # fmt: skip
def test_a_bar_that_is_not_sound_is_refused_and_changes_nothing(wrong: dict[str, float]) -> None:
    """It is named, as the batch engines name a row."""
    live = Starts()
    live.push(bar)
    with pytest.raises(ValidationError, match=r"bar=.*finite prices above 0") as caught:
        live.push(replace(bar, **wrong))  # type: ignore[arg-type]
    assert caught.value.param == "bar"
    assert live.value == [(60, 100.0)]


def test_history_is_taken_as_engines_take_it() -> None:
    """Bars or frames; a bad row is named and nothing is taken."""
    bars = flat_bars([60, 120], volume=5.0)
    live = Starts()
    live.extend(to_frame(bars))
    live.extend(flat_bars([120, 180], volume=7.0))
    assert live.value == [(60, 5.0), (120, 7.0), (180, 7.0)]
    bars.close[1] = nan
    with pytest.raises(ValidationError, match=r"bars\[1\]"):
        live.extend(bars)
    assert len(live) == 3
