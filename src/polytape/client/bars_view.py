"""Frames for people who know pandas: numbers alone, under a named index."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np

from polytape.errors import ValidationError, one_of
from polytape.model.arrays import Floats
from polytape.model.bars import PRICES, Bars
from polytape.model.basis import MADE_UP
from polytape.model.zones import ZoneError, parse_zone

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (*PRICES, "volume", "vwap", "transactions")
INDEX = "timestamp"
Zone: TypeAlias = str | tzinfo | None


@dataclass(frozen=True, slots=True)
class BarsView:
    """A frame of bars: these columns in this order, the index in a zone (None: UTC)."""

    columns: tuple[str, ...] = COLUMNS
    zone: tzinfo | None = None

    def of(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """The view of a frame of `numbers_frame`, which may be changed for it."""
        if self.zone is not None:
            frame.index = cast("pd.DatetimeIndex", frame.index).tz_convert(self.zone)
        return frame if self.columns == COLUMNS else frame[list(self.columns)]


def parse_view(columns: str | Iterable[str] | None, tz: Zone) -> BarsView:
    """A view from what a caller wrote; None are all columns, and UTC.

    Raises: ValidationError naming `columns` or `tz`.
    """
    return BarsView(_columns(columns), _zone(tz))


def numbers_frame(bars: Bars, *, made_up: bool = False) -> "pd.DataFrame":
    """Every column float64, the index (datetime64[us, UTC]) named `timestamp`: shifted or
    reindexed, no column changes its type. Volume has the vendor's fractions of shares; vwap and
    transactions are NaN where unknown.
    """
    import pandas as pd

    stamps = pd.DatetimeIndex(bars.timestamp.view("M8[us]")).tz_localize("UTC").rename(INDEX)
    frame = pd.DataFrame(block_of(bars).T, index=stamps, columns=list(COLUMNS), copy=False)
    if made_up:
        frame.columns.name = MADE_UP
    return frame


def block_of(bars: Bars) -> Floats:
    """All columns but the starts as rows of one array: the one that they are in, where there is
    such.
    """
    columns = [getattr(bars, name) for name in COLUMNS]
    block = bars.open.base
    if isinstance(block, np.ndarray) and block.shape == (len(COLUMNS), len(bars)):
        in_it = all(np.may_share_memory(a, b) for a, b in zip(columns, block, strict=True))
        if in_it and all(column.base is block for column in columns):
            return block
    return np.stack(columns)


def _columns(columns: str | Iterable[str] | None) -> tuple[str, ...]:
    if columns is None:
        return COLUMNS
    names = (columns,) if isinstance(columns, str) else tuple(columns)
    if not names or len(set(names)) != len(names) or not set(names) <= set(COLUMNS):
        raise ValidationError("columns", list(names), f"each once: {one_of(COLUMNS)}")
    return names


def _zone(tz: Zone) -> tzinfo | None:
    if tz is None or tz is UTC or isinstance(tz, tzinfo):
        return None if tz is UTC else tz
    if not isinstance(tz, str):
        raise ValidationError("tz", tz, ZONES)
    try:
        return None if tz.upper() == "UTC" else parse_zone(tz)
    except ZoneError as error:
        raise ValidationError("tz", tz, str(error)) from error


ZONES = 'a zone such as "America/New_York", or nothing for UTC'
