"""Swings against a slow twin and scipy; no settled reading is ever rewritten."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import argrelextrema

from polytape.client.frames import to_frame
from polytape.engines.fractals import Fractals, Swing, fractals, structure_of
from polytape.engines.zigzag import extremes
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.wire.arrow import to_table
from tests import naive
from tests.conftest import flat_bars
from tests.engines.bars import walks
from tests.model.test_resample import rows

lengths = st.sampled_from([3, 5, 7, 11])
distances = st.sampled_from([0.0, 0.5, 1.0, 2.0])


def places(found: Fractals) -> list[tuple[int, str]]:
    return [(swing.index, swing.kind) for swing in found.swings]


@given(walks(), lengths, distances, st.booleans())
def test_it_is_the_slow_twins(bars: Bars, length: int, distance: float, apart: bool) -> None:
    found = fractals(
        bars, fractal_length=length, min_atr_distance=distance, check_price_overlap=apart
    )
    assert places(found) == naive.zigzag(rows(bars), length, distance, 14, apart=apart)


@given(walks(), st.integers(1, 6))
def test_candidates_are_scipys_away_from_the_edges(bars: Bars, side: int) -> None:
    found = np.flatnonzero(extremes(bars.high, side))
    theirs = argrelextrema(bars.high, np.greater, order=side)[0] if len(bars) else np.array([])
    inside = [place for place in theirs.tolist() if side <= place < len(bars) - side]
    assert found.tolist() == inside


@given(walks(least=40), st.data())
def test_no_settled_reading_is_ever_rewritten(bars: Bars, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(bars)))
    early, late = (
        fractals(bars.take(slice(cut)), fractal_length=5),
        fractals(bars, fractal_length=5),
    )
    settled = [swing for swing in early.swings if swing.settled]
    assert [s for s in late.swings if s.settled][: len(settled)] == settled
    end = bars.timestamp[cut - 1] + 15 * 60_000_000 if cut else 0
    assert all(s.confirmed_at.timestamp() * 1e6 <= end for s in early.swings)


@given(walks(least=30), st.sampled_from([0.5, 2.0, 1024.0]))
def test_scaled_prices_scale_levels_and_a_later_clock_changes_nothing(
    bars: Bars, factor: float
) -> None:
    base = fractals(bars, fractal_length=5)
    ones = np.full(len(bars), 1 / factor)
    scaled = fractals(bars.scaled(ones, np.ones(len(bars))), fractal_length=5)
    assert [s.price for s in scaled.swings] == [s.price * factor for s in base.swings]
    assert scaled.structure == base.structure
    week = 7 * 86_400 * 1_000_000
    columns = bars.columns() | {"timestamp": bars.timestamp + week}
    moved = fractals(Bars(**columns), fractal_length=5)
    assert [s.datetime - timedelta(days=7) for s in moved.swings] == [
        s.datetime for s in base.swings
    ]


def swing(kind: str, price: float) -> Swing:
    now = pd.Timestamp("2024-01-02", tz="UTC").to_pydatetime()
    return Swing(now, kind, price, 1.0, 0, price, price, price, price, 1.0, now, now, now)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("highs", "lows", "said"),
    [
        ((1, 2), (0.1, 0.2), "UPTREND"), ((2, 1), (0.2, 0.1), "DOWNTREND"),
        ((1, 2), (0.2, 0.1), "EXPANDING"), ((2, 1), (0.1, 0.2), "CONTRACTING"),
        ((1, 1), (0.1, 0.2), "MIXED"), ((1,), (0.1, 0.2), "INSUFFICIENT_DATA"),
        ((9, 1, 2), (0.05, 0.1, 0.2), "UPTREND"),
    ],
)  # fmt: skip
def test_structure_is_of_the_last_two_of_each(
    highs: tuple[float, ...], lows: tuple[float, ...], said: str
) -> None:
    swings = tuple([swing("high", p) for p in highs] + [swing("low", p) for p in lows])
    assert structure_of(swings) == said


@pytest.mark.parametrize("count", [0, 3, 10])
def test_too_few_bars_say_how_many_are_needed(count: int) -> None:
    bars = flat_bars([n * 900_000_000 for n in range(count)])
    found = fractals(bars)
    assert (found.swings, found.structure, found.needed) == ((), "INSUFFICIENT_DATA", 20)
    assert repr(found) == f"Fractals: {count} bars, 20 are needed"


def test_equal_prices_have_no_swings() -> None:
    assert fractals(flat_bars([n * 900_000_000 for n in range(100)])).swings == ()


def test_frames_tables_and_bars_say_the_same() -> None:
    bars = _wave()
    held = fractals(bars)
    assert len(held.swings) > 3
    frame = to_frame(bars)
    lower = frame.drop(columns="timestamp")
    for given_ in (frame, lower, lower.rename(columns=str.title), to_table(bars),
                   lower.tz_convert("America/New_York"), lower.tz_localize(None)):  # fmt: skip
        assert fractals(given_).swings == held.swings
    shown = held.to_frame()
    assert list(shown["price"]) == [s.price for s in held.swings]
    assert held.to_dict()["swings"][0]["confirmed_at"] == held.swings[0].confirmed_at


def _wave() -> Bars:
    steps = np.arange(200)
    close = np.round(100 + 5 * np.sin(steps / 9) + 0.01 * steps, 2)
    return Bars.of(steps * 900_000_000, close, close + 0.1, close - 0.1, close, np.full(200, 10.0))


@pytest.mark.parametrize(
    ("options", "named"),
    [({"fractal_length": 4}, "fractal_length"), ({"fractal_length": 1}, "fractal_length"),
     ({"min_atr_distance": -1}, "min_atr_distance"), ({"atr_period": 0}, "period"),
     ({"timeframe": "7min"}, "timeframe")],
)  # fmt: skip
def test_wrong_options_are_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        fractals(_wave(), **options)  # type: ignore[arg-type]


def test_bad_bars_are_refused_with_their_row() -> None:
    bars = _wave()
    bars.high[7] = np.nan
    with pytest.raises(ValidationError, match=r"bars\[7\].*finite prices"):
        fractals(bars)
    for wrong in ([1, 2], pd.DataFrame({"open": [1.0]}), "bars"):
        with pytest.raises(ValidationError):
            fractals(wrong)
