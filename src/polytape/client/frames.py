"""Bars as pandas frames."""

from typing import TYPE_CHECKING

import numpy as np

from polytape.engines.result import on_basis
from polytape.model.bars import PRICES, Bars
from polytape.wire.api.messages import BarsMetadata

if TYPE_CHECKING:
    import pandas as pd


def to_frame(bars: Bars, metadata: BarsMetadata | None = None) -> "pd.DataFrame":
    """Columns open, high, low, close (float64), volume (int64, whole shares), timestamp
    (datetime64[us, UTC]); the index has the same instants and no name.

    `frame.attrs` says where the bars are from, and in "basis" what they stand on; invented prices
    are also named where the frame is displayed. The frame shares no memory with `bars`.
    """
    import pandas as pd

    stamps = pd.DatetimeIndex(bars.timestamp.astype("M8[us]")).tz_localize("UTC")
    prices = {name: getattr(bars, name).copy() for name in PRICES}
    volume = np.rint(bars.volume).astype(np.int64)
    frame = pd.DataFrame(prices | {"volume": volume, "timestamp": stamps}, index=stamps)
    if metadata is not None:
        facts = ("symbol", "timeframe", "source", "made_up", "adjusted", "complete_through")
        frame.attrs = {name: getattr(metadata, name) for name in facts}
        frame.attrs["notes"] = list(metadata.notes)
        frame.attrs["missing"] = [(gap.start, gap.end) for gap in metadata.missing]
        on_basis(frame, metadata.basis)
    return frame
