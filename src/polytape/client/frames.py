"""Bars as pandas frames."""

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from polytape.client.bars_view import BarsView, block_of, numbers_frame
from polytape.engines.result import on_basis
from polytape.model.arrays import Floats, Ints
from polytape.model.bars import PRICES, Bars
from polytape.model.basis import MADE_UP
from polytape.wire.api.messages import BarsMetadata

if TYPE_CHECKING:
    import pandas as pd

# From here on pandas copies a shared column before it is written to.
COPY_ON_WRITE = 3
FRAME_COLUMNS = (*PRICES, "volume", "timestamp")
# Where the blocks of a frame have their columns.
PLACES = tuple(np.arange(*ends) for ends in ((0, 4), (4, 5), (5, 6)))
# Up to so many bars (half a megabyte) a copy of their starts takes less time than sharing them.
SHORT = 65_536
FACTS = ("symbol", "timeframe", "source", "made_up", "adjusted", "complete_through")


def to_frame(bars: Bars, metadata: BarsMetadata | None = None) -> "pd.DataFrame":
    """Columns open, high, low, close (float64), volume (int64, whole shares), timestamp
    (datetime64[us, UTC]); the index has the same instants and no name.

    `frame.attrs` says where the bars are from, and in "basis" what they stand on; invented prices
    are also named where the frame is displayed. The frame shares no memory with `bars`.
    """
    frame = _frame_on(in_a_block(bars.copy()))
    if metadata is not None:
        frame.attrs.update(_attributes(metadata))
        on_basis(frame, metadata.basis)
    return frame


class FrameMaker:
    """Frames of one answer: the columns are made once, and each caller gets a frame of its own. It
    may change it: a column is copied before it is written to. `bars` must be in memory that nobody
    else writes to. `whole` and `rows`: the answer of which these bars are a part.
    """

    __slots__ = ("_attributes", "_bars", "_frame", "_metadata", "_numbers", "_rows", "_whole")

    def __init__(
        self,
        bars: Bars,
        metadata: BarsMetadata,
        whole: "FrameMaker | None" = None,
        rows: slice | None = None,
    ) -> None:
        self._bars = bars
        self._metadata = metadata
        self._whole = whole
        self._rows = rows
        self._frame: pd.DataFrame | None = None
        self._numbers: pd.DataFrame | None = None
        self._attributes: dict[str, Any] | None = None

    def make(self) -> "pd.DataFrame":
        """A frame as `to_frame` makes it."""
        return self._with_facts(self._shared().copy(deep=not _copies_on_write()))

    def make_numbers(self, view: BarsView) -> "pd.DataFrame":
        """A frame of numbers alone, as `BarsView` describes it."""
        frame = view.of(self._shared_numbers().copy(deep=not _copies_on_write()))
        return self._with_facts(frame)

    def _with_facts(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """The same frame, with what the server says of its bars in `attrs`."""
        if self._attributes is None:
            self._attributes = _attributes(self._metadata)
            if self._metadata.basis is not None:
                self._attributes["basis"] = self._metadata.basis.to_dict()
        facts: dict[str, Any] = msgspec.to_builtins(self._attributes)
        facts["missing"] = [tuple(gap) for gap in facts["missing"]]
        frame.attrs.update(facts)
        return frame

    def _shared(self) -> "pd.DataFrame":
        """The frame that all others are copies of."""
        if self._frame is None:
            if self._whole is not None and self._rows is not None:
                whole = self._whole._shared()  # noqa: SLF001 - its own kind
                self._frame = whole if len(whole) == len(self._bars) else whole.iloc[self._rows]
            else:
                self._frame = _frame_on(self._bars, made_up=self._metadata.made_up)
        return self._frame

    def _shared_numbers(self) -> "pd.DataFrame":
        """The same of frames of numbers."""
        if self._numbers is None:
            if self._whole is not None and self._rows is not None:
                whole = self._whole._shared_numbers()  # noqa: SLF001 - its own kind
                self._numbers = whole if len(whole) == len(self._bars) else whole.iloc[self._rows]
            else:
                self._numbers = numbers_frame(self._bars, made_up=self._metadata.made_up)
        return self._numbers


def _frame_on(bars: Bars, *, made_up: bool = False) -> "pd.DataFrame":
    """A frame on the memory of the bars, where their prices are in one piece; its volume is its
    own.
    """
    import pandas as pd

    # On the memory of the bars: `tz_localize` would copy it.
    stamps = pd.DatetimeIndex(bars.timestamp, dtype=_utc(), copy=False)
    prices = block_of(bars)[: len(PRICES)]
    volume = np.rint(bars.volume).astype(np.int64)
    if _copies_on_write() and len(bars) <= SHORT:
        return _frame_of_blocks(prices, volume, stamps, _names(made_up))
    frame = pd.DataFrame(prices.T, copy=False)
    # Columns are named last: each name that is added to others costs pandas 0.1 ms.
    frame[len(PRICES)] = volume
    # Of the index itself, so that pandas knows who shares its memory: a column that is written to
    # is copied before, and the index stays.
    frame[len(PRICES) + 1] = pd.Series(stamps, index=frame.index, copy=not _copies_on_write())
    frame.columns = _names(made_up)
    frame.index = stamps
    return frame


def _frame_of_blocks(
    prices: Floats, volume: Ints, stamps: "pd.DatetimeIndex", names: "pd.Index[str]"
) -> "pd.DataFrame":
    """The same by the shortest way that pandas has: a third of the time."""
    # pandas' stubs leave it out.
    from pandas.api.internals import create_dataframe_from_blocks  # type: ignore[import-not-found]

    # A copy: that a column and the index share memory is not known of blocks.
    blocks = [prices, volume.reshape(1, -1), stamps.array.copy()]
    placed = list(zip(blocks, PLACES, strict=True))
    frame: pd.DataFrame = create_dataframe_from_blocks(placed, stamps, names)
    return frame


@cache
def _utc() -> "pd.DatetimeTZDtype":
    import pandas as pd

    return pd.DatetimeTZDtype("us", "UTC")


@cache
def _names(made_up: bool) -> "pd.Index[str]":
    import pandas as pd

    return pd.Index(FRAME_COLUMNS, name=MADE_UP if made_up else None)


def in_a_block(bars: Bars) -> Bars:
    """The same bars, all but their starts in one piece of memory, as pandas has columns; not copied
    where they are.
    """
    return Bars(bars.timestamp, *block_of(bars))


def _attributes(metadata: BarsMetadata) -> dict[str, Any]:
    facts: dict[str, Any] = {name: getattr(metadata, name) for name in FACTS}
    facts["notes"] = list(metadata.notes)
    facts["missing"] = [(gap.start, gap.end) for gap in metadata.missing]
    return facts


@cache
def _copies_on_write() -> bool:
    import pandas as pd

    return int(pd.__version__.partition(".")[0]) >= COPY_ON_WRITE
