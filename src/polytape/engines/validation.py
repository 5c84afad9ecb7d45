"""Bars and parameters are checked, not trusted: an engine never computes on nonsense."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from polytape.errors import ValidationError
from polytape.model.arrays import Bools, Floats, Ints
from polytape.model.bars import PRICES, Bars
from polytape.model.timeframes import Timeframe, parse_timeframe
from polytape.model.timestamps import iso

if TYPE_CHECKING:
    import pandas as pd

# What NumPy and pandas write for an instant that is not there.
NO_INSTANT = np.iinfo(np.int64).min


def require(param: str, value: object, sound: object, allowed: str) -> None:
    """Refuse a parameter that is not sound. Raises: ValidationError."""
    if not sound:
        raise ValidationError(param, value, allowed)


def is_number(value: object, *, whole: bool = False) -> bool:
    """Whether a value counts as a number; true and false do not."""
    kinds = int | np.integer if whole else int | float | np.integer | np.floating
    return isinstance(value, kinds) and not isinstance(value, bool)


def intraday(timeframe: str | Timeframe) -> Timeframe:
    """A timeframe that is made from minutes. Raises: ValidationError."""
    parsed = parse_timeframe(timeframe)
    require("timeframe", timeframe, parsed.minutes is not None, "1min to 240min")
    return parsed


def checked(bars: Bars) -> Bars:
    """The same bars.

    Raises: ValidationError naming the first bad row: no start, unsorted, duplicate, not finite, a
    price not above 0, high below low.
    """
    if _sound(bars):
        return bars
    prices = np.vstack([getattr(bars, name) for name in PRICES])
    for bad, allowed in (
        (bars.timestamp == NO_INSTANT, "an instant as start, not NaT"),
        (~_later(bars.timestamp), "each start later than the one before"),
        (~np.isfinite(prices).all(axis=0), "finite prices"),
        ((prices <= 0).any(axis=0), "prices above 0"),
        (bars.high < bars.low, "high not below low"),
        (~((bars.volume >= 0) & (bars.volume < np.inf)), "a finite volume, 0 or more"),
    ):
        _raise_first(bars, bad, allowed)
    return bars


def _sound(bars: Bars) -> bool:
    """Whether nothing is wrong, at a fraction of the cost of finding out what. NaN fails every
    comparison, and so takes the long way.
    """
    if not len(bars):
        return True
    columns = [getattr(bars, name) for name in PRICES]
    return bool(
        # NaT is the least number there is: among rising starts it can only be the first.
        bars.timestamp[0] != NO_INSTANT
        and _later(bars.timestamp).all()
        and all(column.min() > 0 and column.max() < np.inf for column in columns)
        and (bars.high >= bars.low).all()
        and bars.volume.min() >= 0
        and bars.volume.max() < np.inf
    )


def _later(starts: Ints) -> Bools:
    """Which starts are later than the one before. A difference would overflow at NaT."""
    return np.append([True], starts[1:] > starts[:-1])[: len(starts)]


def _raise_first(bars: Bars, bad: npt.ArrayLike, allowed: str) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        row = int(rows[0])
        start = int(bars.timestamp[row])
        at = "NaT" if start == NO_INSTANT else iso(start)
        values = {name: float(getattr(bars, name)[row]) for name in (*PRICES, "volume")}
        raise ValidationError(f"bars[{row}]", {"at": at} | values, allowed)


def as_bars(data: object) -> Bars:
    """Bars from what callers have: Bars, an Arrow table of ours, or a frame with open, high, low,
    close, volume in any case and a datetime index or a `timestamp` column (without a zone: UTC).

    Raises: ValidationError for anything else, and for bad rows as `checked` does.
    """
    if isinstance(data, Bars):
        return checked(data)
    if hasattr(data, "to_pandas") and hasattr(data, "schema"):
        data = data.to_pandas()
    if not hasattr(data, "columns") or not hasattr(data, "index"):
        raise ValidationError("bars", type(data).__name__, "Bars, an Arrow table or a pandas frame")
    frame = cast("pd.DataFrame", data)
    named = _named(frame)
    if missing := [name for name in (*PRICES, "volume") if name not in named]:
        raise ValidationError("bars", list(frame.columns), f"the columns {', '.join(missing)} too")
    columns = {
        name: _numbers(name, frame[named[name]])
        for name in (*PRICES, "volume", "vwap", "transactions")
        if name in named
    }
    stamps = frame[named["timestamp"]] if "timestamp" in named else frame.index
    return checked(Bars.of(_instants(stamps), **columns))


def _named(frame: "pd.DataFrame") -> dict[str, Hashable]:
    """The columns of a frame by lower-case name.

    Raises: ValidationError for two of one name.
    """
    names = [str(name).lower() for name in frame.columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValidationError("bars", list(frame.columns), f"one column {', '.join(twice)}")
    return dict(zip(names, frame.columns, strict=True))


def _numbers(name: str, column: "pd.Series") -> Floats:
    try:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValidationError("bars", f"{name}: {error}", "columns of numbers") from error


def _instants(stamps: "pd.Series | pd.Index") -> Ints:
    """Microseconds UTC of a datetime index or column, of NumPy's kind or Arrow's."""
    if getattr(stamps, "nlevels", 1) > 1:
        names = list(cast("pd.Index", stamps).names)
        raise ValidationError("bars", names, "an index of instants alone: one symbol at a time")
    kind = str(getattr(stamps, "dtype", ""))
    if kind.startswith("timestamp") and kind.endswith("[pyarrow]"):
        stamps = stamps.astype("datetime64[us, UTC]" if "tz=" in kind else "datetime64[us]")
    elif not kind.startswith("datetime64"):
        raise ValidationError("bars", kind, "a datetime index, or a timestamp column of datetimes")
    values = cast("pd.DatetimeIndex", stamps).array
    zoned = getattr(values, "tz", None)
    naive = values.tz_convert("UTC").tz_localize(None) if zoned is not None else values
    return np.asarray(naive).astype("M8[us]").astype(np.int64)
