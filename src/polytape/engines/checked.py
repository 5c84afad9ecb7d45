"""Bars are checked, not trusted: an engine never computes on nonsense."""

from typing import Any

import numpy as np

from polytape.errors import ValidationError
from polytape.model.bars import PRICES, Bars
from polytape.model.newyork import iso


def checked(bars: Bars) -> Bars:
    """The same bars. Raises ValidationError naming the first bad row: unsorted, duplicate, not
    finite, a price not above 0, high below low.
    """
    if _sound(bars):
        return bars
    prices = np.vstack([getattr(bars, name) for name in PRICES])
    steps = np.diff(bars.timestamp, prepend=bars.timestamp[:1] - 1)
    for bad, allowed in (
        (steps <= 0, "each start later than the one before"),
        (~np.isfinite(prices).all(axis=0), "finite prices"),
        ((prices <= 0).any(axis=0), "prices above 0"),
        (bars.high < bars.low, "high not below low"),
        (~(bars.volume >= 0), "a volume that is not negative"),
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
        (np.diff(bars.timestamp) > 0).all()
        and all(column.min() > 0 and column.max() < np.inf for column in columns)
        and (bars.high >= bars.low).all()
        and bars.volume.min() >= 0
    )


def _raise_first(bars: Bars, bad: Any, allowed: str) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        row = int(rows[0])
        values = {name: float(getattr(bars, name)[row]) for name in (*PRICES, "volume")}
        raise ValidationError(
            f"bars[{row}]", {"at": iso(int(bars.timestamp[row]))} | values, allowed
        )


def as_bars(data: Any) -> Bars:
    """Bars from what callers have: Bars, an Arrow table of ours, or a frame with open, high, low,
    close, volume in any case and a datetime index or a `timestamp` column (without a zone: UTC).

    Raises ValidationError for anything else, and for bad rows as `checked` does.
    """
    if isinstance(data, Bars):
        return checked(data)
    if hasattr(data, "to_pandas") and hasattr(data, "schema"):
        data = data.to_pandas()
    if not hasattr(data, "columns") or not hasattr(data, "index"):
        raise ValidationError("bars", type(data).__name__, "Bars, an Arrow table or a pandas frame")
    named = {str(name).lower(): name for name in data.columns}
    if missing := [name for name in (*PRICES, "volume") if name not in named]:
        raise ValidationError("bars", list(data.columns), f"the columns {', '.join(missing)} too")
    columns = {
        name: data[named[name]].to_numpy(dtype=np.float64, na_value=np.nan)
        for name in (*PRICES, "volume", "vwap", "transactions")
        if name in named
    }
    stamps = data[named["timestamp"]] if "timestamp" in named else data.index
    return checked(Bars.of(_instants(stamps), **columns))


def _instants(stamps: Any) -> Any:
    """Microseconds UTC of a datetime index or column."""
    values = getattr(stamps, "array", stamps)
    kind = str(getattr(values, "dtype", ""))
    if not kind.startswith("datetime64"):
        raise ValidationError("bars", kind, "a datetime index, or a timestamp column of datetimes")
    zoned = getattr(values, "tz", None)
    naive = values.tz_convert("UTC").tz_localize(None) if zoned is not None else values
    return np.asarray(naive).astype("M8[us]").astype(np.int64)
