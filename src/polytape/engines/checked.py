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


def _raise_first(bars: Bars, bad: Any, allowed: str) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        row = int(rows[0])
        values = {name: float(getattr(bars, name)[row]) for name in (*PRICES, "volume")}
        raise ValidationError(
            f"bars[{row}]", {"at": iso(int(bars.timestamp[row]))} | values, allowed
        )
