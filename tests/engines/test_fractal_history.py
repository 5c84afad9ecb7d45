"""The history of swings is what the engine gave at each instant, and earns nothing by itself."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polytape.engines.fractals import (
    FractalHistory,
    Swing,
    final,
    fractal_history,
    fractals,
    structure_of,
)
from polytape.engines.zigzag import Kind
from polytape.errors import TimeZoneWarning, ValidationError
from polytape.model.bars import Bars
from polytape.model.basis import Basis
from polytape.model.instants import parse_span
from polytape.model.query import series_query
from polytape.model.resample import bar_ends
from polytape.model.timeframes import Series, Timeframe
from polytape.model.timestamps import to_datetime
from polytape.model.zones import NEW_YORK
from polytape.upstream.flatfiles.source import FlatFiles
from tests.conftest import MARKET, flat_bars
from tests.engines.bars import driftless, walks

SIDE, HOLD = 5, 10
options = st.fixed_dictionaries(
    {
        "fractal_length": st.sampled_from([3, 5, 11]),
        "min_atr_distance": st.sampled_from([0.0, 0.5, 1.0, 2.0]),
        "atr_period": st.integers(1, 6),
        "check_price_overlap": st.booleans(),
    }
)


def replay(bars: Bars, chosen: dict[str, object]) -> None:
    """The slow twin: the engine on every prefix of the bars."""
    history = fractal_history(bars, **chosen)  # type: ignore[arg-type]
    ends = bar_ends(bars.timestamp, Timeframe.MIN_15, MARKET)
    changes = dict(history.changes())
    shown: tuple[Swing, ...] = ()
    for count in range(1, len(bars) + 1):
        then = fractals(bars.take(slice(count)), **chosen)  # type: ignore[arg-type]
        moment = to_datetime(int(ends[count - 1]))
        assert history.at(moment) == then.swings
        assert structure_of(history.at(moment)) == then.structure
        assert (moment in changes) == (then.swings != shown)
        shown = changes.get(moment, shown)
        assert shown == then.swings
    assert final(history) == fractals(bars, **chosen)  # type: ignore[arg-type]


@settings(max_examples=25)
@given(walks(), options)
def test_it_is_what_every_prefix_of_the_bars_gave(bars: Bars, chosen: dict[str, object]) -> None:
    """Swing for swing, with what was settled then, and each change at its instant."""
    replay(bars, chosen)


@pytest.mark.long
@settings(max_examples=300)
@given(walks(most=300), options)
def test_it_is_what_every_prefix_of_many_bars_gave(bars: Bars, chosen: dict[str, object]) -> None:
    """The same on longer walks, and on many more."""
    replay(bars, chosen)


@given(walks(least=40), options)
def test_a_settled_swing_is_in_every_later_list(bars: Bars, chosen: dict[str, object]) -> None:
    """Its instants come in order; before it settled it was shown as one that may be replaced."""
    history = fractal_history(bars, **chosen)  # type: ignore[arg-type]
    last = final(history).swings
    for swing in history.swings:
        assert swing.occurred_at == swing.datetime < swing.confirmed_at
        if swing.settled_at is not None:
            assert swing.confirmed_at <= swing.settled_at
            assert swing.known_at(swing.settled_at) in last
            earlier = swing.settled_at - timedelta(microseconds=1)
            assert not swing.known_at(earlier).settled
        if swing.replaced_at is not None:
            assert swing.confirmed_at < swing.replaced_at
            assert swing.known_at(swing.replaced_at) not in last
    assert [swing.settled for swing in last] == [True] * (len(last) - 1) + [False] * bool(last)


@given(walks(least=40), st.booleans())
def test_highs_and_lows_alternate(bars: Bars, apart: bool) -> None:
    """At each instant, with the overlap filter and without."""
    history = fractal_history(bars, fractal_length=5, check_price_overlap=apart)
    for _, swings in history.changes():
        assert all(one.kind != after.kind for one, after in pairwise(swings))


@pytest.mark.parametrize(
    "wrong", ["yesterday", "10:30", date(2024, 1, 2), "2024-01-02", None, pd.NaT]
)
def test_every_question_about_an_instant_takes_it_in_any_form(wrong: object) -> None:
    """Whoever is asked; what is none is refused by name."""
    history = fractal_history(driftless(1, 400))
    swing, whole, basis = history.swings[-1], final(history), Basis(source="", adjusted=True)
    moment = swing.confirmed_at
    asked: tuple[Callable[[Any], object], ...] = (
        history.at, whole.since, swing.shown_at, swing.known_at, basis.split_factor
    )  # fmt: skip
    for ask in asked:
        text = f"{moment.astimezone(NEW_YORK):%Y-%m-%d %H:%M} ET"
        assert ask(text) == ask(moment)
        with pytest.raises(ValidationError, match=r"^moment=.*an instant: a datetime with a zone"):
            ask(wrong)
    with pytest.raises(ValidationError, match=r"^since="):
        history.at(moment, since="soon")
    with pytest.warns(TimeZoneWarning, match="^moment is a datetime without a zone"):
        assert history.at(moment.replace(tzinfo=None)) == history.at(moment)


def test_swings_from_an_instant_on() -> None:
    """The older ones are left out, and of the list's structure too."""
    history = fractal_history(driftless(1, 400))
    whole = final(history)
    since = whole.swings[-3].occurred_at
    assert whole.since(since).swings == whole.swings[-3:]
    assert whole.since(since).structure == "INSUFFICIENT_DATA" != whole.structure
    assert history.at(whole.swings[-1].confirmed_at, since=since) == whole.swings[-3:]


def test_too_few_bars_say_how_many_are_needed() -> None:
    """And a history says how many swings were replaced."""
    few = fractal_history(flat_bars([1, 2, 3]))
    assert (few.swings, repr(few)) == ((), "FractalHistory: 3 bars, 20 are needed")
    assert not list(few.changes())
    many = fractal_history(driftless(1, 400))
    replaced = sum(swing.replaced_at is not None for swing in many.swings)
    assert f"{len(many.swings)} swings were shown, {replaced} of them replaced" in repr(many)
    assert list(many.to_frame()["replaced_at"].isna()) == [
        swing.replaced_at is None for swing in many.swings
    ]


def gains(bars: Bars, swings: Iterable[Swing]) -> Iterator[float]:
    """What buying at the close that confirms a low, or selling at that of a high, is worth 10 bars
    later, in the ATR of the swing.
    """
    for swing in swings:
        first = swing.index + SIDE
        if first + HOLD < len(bars):
            move = bars.close[first + HOLD] - bars.close[first]
            yield float(move if swing.kind == "low" else -move) / swing.atr


def t_values(seeds: Iterable[int]) -> tuple[float, float]:
    """The t of the mean gain, of the final lists and of the swings as they were shown."""
    of_final, of_shown = list[float](), list[float]()
    for seed in seeds:
        bars = driftless(seed)
        history = fractal_history(bars)
        of_final += gains(bars, final(history).swings)
        of_shown += gains(bars, history.swings)
    return _t(of_final), _t(of_shown)


def _t(values: list[float]) -> float:
    return float(np.mean(values) / np.std(values) * np.sqrt(len(values)))


def test_on_random_walks_the_history_earns_nothing_and_the_final_list_seems_to() -> None:
    """Those that were replaced are missing from the final list: that is look-ahead."""
    of_final, of_shown = t_values(range(60))
    assert of_final > 5
    assert abs(of_shown) < 3


@pytest.mark.long
def test_on_many_random_walks_the_history_earns_nothing() -> None:
    """Two thousand walks of two thousand bars."""
    of_final, of_shown = t_values(range(1_000, 3_000))
    assert of_final > 30
    assert abs(of_shown) < 3


WINDOW, WARM_UP = 1_344, 672  # 21 and 10.5 sessions of 15-minute bars, as 30 and 15 days have


@pytest.mark.realdata
def test_settled_swings_of_real_bars_stay_as_the_window_moves(real: FlatFiles) -> None:
    """With as many bars before the window as 15 days have; without them some vanish."""
    symbols = ("AIG", "BAC", "IBM", "SPY")
    with_them = [vanished(minutes(real, symbol), WARM_UP) for symbol in symbols]
    without = [vanished(minutes(real, symbol), 0) for symbol in symbols]
    assert sum(gone for gone, _ in with_them) == 0
    assert sum(gone for gone, _ in without) > 0
    assert sum(count for _, count in with_them) > 1_000


def minutes(real: FlatFiles, symbol: str) -> Bars:
    """Six sessions of minutes."""
    span = parse_span("2013-10-04", "2013-10-11", MARKET)
    return real.bars(series_query(symbol, Series.MINUTE, span)).bars


def vanished(bars: Bars, warm_up: int) -> tuple[int, int]:
    """How many swings that were settled in one window are not in the next one, which begins after
    them no more than the first did; and of how many.
    """
    gone = count = 0
    before: set[tuple[int, Kind]] = set()
    for begin in range(WARM_UP, len(bars) - WINDOW, 64):
        first = begin - warm_up
        known: FractalHistory = fractal_history(bars.take(slice(first, begin + WINDOW)))
        settled = {(s.index + first, s.kind) for s in final(known).swings if s.settled}
        still = {swing for swing in before if swing[0] >= begin}
        gone, count = gone + len(still - settled), count + len(still)
        before = settled
    return gone, count
