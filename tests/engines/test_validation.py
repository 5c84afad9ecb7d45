"""What callers have becomes bars, or an error that says what is wrong with it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from polytape.engines.atr import atr
from polytape.engines.flow import EngineRun
from polytape.engines.fractal_run import fractal_flow
from polytape.engines.fractals import fractals
from polytape.engines.hvn_run import hvn_flow
from polytape.engines.options import EngineOptions, FractalOptions, HvnOptions, ScanOptions
from polytape.engines.scanner import scan_flow
from polytape.engines.validation import as_bars
from polytape.engines.volume_profile import volume_profile
from polytape.engines.zones import weekly_zones
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market

COLUMNS = ["open", "high", "low", "close", "volume"]


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    close = 100 + rng.normal(0, 1, 60).cumsum()
    columns = [close, close + 1, close - 1, close, rng.integers(1, 500, 60)]
    made = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    made.index = pd.date_range("2026-11-18 09:30", periods=60, freq="1min", tz="America/New_York")
    return made


def test_one_meaning_for_every_kind_of_frame(frame: pd.DataFrame) -> None:
    bars = as_bars(frame)
    assert bars.timestamp[0] == pd.Timestamp("2026-11-18 14:30", tz="UTC").value // 1_000
    utc = frame.tz_convert("UTC")
    column = utc.rename_axis("timestamp").reset_index()
    arrow = pa.Table.from_pandas(column)
    for same in (
        utc,
        utc.tz_localize(None),
        frame.rename(columns=str.title),
        column,
        arrow,
        arrow.to_pandas(types_mapper=pd.ArrowDtype),
        column.convert_dtypes(dtype_backend="pyarrow"),
        column.assign(timestamp=column["timestamp"].dt.tz_localize(None)).convert_dtypes(
            dtype_backend="pyarrow"
        ),
    ):
        assert as_bars(same).same(bars)
    np.testing.assert_array_equal(atr(frame).values, atr(bars).values)


@pytest.mark.parametrize(
    ("spoil", "allowed"),
    [
        (lambda f: f.assign(Close=1.0), "one column close"),
        (lambda f: pd.concat([f, f[["close"]]], axis=1), "one column close"),
        (lambda f: f.drop(columns="low"), "the columns low too"),
        (lambda f: f.assign(low="abc"), "columns of numbers"),
        (lambda f: f.reset_index(drop=True), "a datetime index"),
        (lambda f: f.assign(s="X").set_index("s", append=True), "one symbol at a time"),
        (lambda f: f.to_dict(), "a pandas frame"),
        (lambda f: f.assign(volume=[np.inf, *f["volume"][1:]]), "a finite volume, 0 or more"),
        (lambda f: f.assign(volume=[*f["volume"][:-1], np.nan]), "a finite volume, 0 or more"),
        (lambda f: f.assign(volume=-f["volume"]), "a finite volume, 0 or more"),
        (lambda f: f.assign(high=np.inf), "finite prices"),
        (lambda f: f.assign(low=0.0), "prices above 0"),
        (lambda f: f[::-1], "later than the one before"),
    ],
)
def test_what_is_no_frame_of_bars_is_named(frame: pd.DataFrame, spoil: Any, allowed: str) -> None:
    with pytest.raises(ValidationError, match=allowed):
        volume_profile(spoil(frame))


@pytest.mark.parametrize("row", [0, 30, 59])
@pytest.mark.parametrize("column", [*COLUMNS, "timestamp"])
@pytest.mark.parametrize("kind", ["frame", "arrow", "bars"])
def test_a_value_that_is_not_there_is_refused_with_its_row(
    frame: pd.DataFrame, row: int, column: str, kind: str
) -> None:
    """In the last row, too: NaT is the least integer, and a difference from it wraps round."""
    whole = as_bars(frame)
    table = frame.rename_axis("timestamp").reset_index().astype(dict.fromkeys(COLUMNS, float))
    table.loc[row, column] = None
    made: Any = table
    if kind == "arrow":
        made = table.convert_dtypes(dtype_backend="pyarrow")
    elif kind == "bars":
        values = getattr(whole, column).astype("M8[us]" if column == "timestamp" else float)
        values[row] = np.array("NaT", "M8[us]") if column == "timestamp" else np.nan
        made = replace(whole, **{column: values.astype(getattr(whole, column).dtype)})
    with pytest.raises(ValidationError, match=rf"bars\[{row}\]"):
        atr(made)
    only = made.take(slice(row, row + 1)) if kind == "bars" else made[row : row + 1]
    with pytest.raises(ValidationError, match=r"bars\[0\]"):
        as_bars(only)


def test_nothing_is_bars_too() -> None:
    assert not len(as_bars(Bars.empty()))


@pytest.mark.parametrize("step", [1e-320, 1e-9, np.inf, np.nan, 0.0, -1.0])
def test_a_price_step_must_make_a_number_of_levels(frame: pd.DataFrame, step: float) -> None:
    with pytest.raises(ValidationError, match="price_step"):
        volume_profile(frame, price_step=step)


@pytest.mark.parametrize(
    "options",
    [
        {"levels": 2.5}, {"levels": None}, {"levels": True}, {"distance": "3"}, {"price_step": "x"},
        {"percentile": None}, {"prominence": [0.1]}, {"value_area": "70%"},
    ],
)  # fmt: skip
def test_an_option_of_the_wrong_kind_is_named(frame: pd.DataFrame, options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(ValidationError, match=name):
        volume_profile(frame, **options)


@pytest.mark.parametrize(
    ("flow", "options", "name"),
    [
        (scan_flow, ScanOptions(windows=5), "windows"),  # type: ignore[arg-type]
        (scan_flow, ScanOptions(windows=None), "windows"),  # type: ignore[arg-type]
        (scan_flow, ScanOptions(windows=("7",)), "windows"),  # type: ignore[arg-type]
        (scan_flow, ScanOptions(windows=(8,)), "windows"),
        (hvn_flow, HvnOptions(windows=(1.5,)), "windows"),  # type: ignore[arg-type]
        (hvn_flow, HvnOptions(windows=()), "windows"),
        (hvn_flow, HvnOptions(windows=(0,)), "windows"),
        (fractal_flow, FractalOptions(days_back="x"), "days_back"),  # type: ignore[arg-type]
        (fractal_flow, FractalOptions(days_back=0), "days_back"),
        (fractal_flow, FractalOptions(days_back=True), "days_back"),
    ],
)
def test_an_engine_names_a_wrong_option_before_it_wants_bars(
    flow: Any, options: EngineOptions, name: str, market: Market
) -> None:
    with pytest.raises(ValidationError, match=name):
        EngineRun(flow("SPY", 1_700_000_000_000_000, market, options)).start()


@pytest.mark.parametrize(
    "levels", [5, [10**400], [True], ["1"], [], [1.0] * 5, [0.0], "99", [None]]
)
def test_levels_are_prices(levels: Any) -> None:
    with pytest.raises(ValidationError, match="weekly_levels"):
        weekly_zones(100.0, 1.0, levels=levels)


@pytest.mark.parametrize("distance", [None, "1", -1.0, float("nan")])
def test_fractals_name_a_wrong_distance(frame: pd.DataFrame, distance: Any) -> None:
    with pytest.raises(ValidationError, match="min_atr_distance"):
        fractals(frame, timeframe="1min", min_atr_distance=distance)
