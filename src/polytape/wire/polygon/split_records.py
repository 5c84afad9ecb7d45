"""How splits that the vendor listed are remembered: the questions' names, and the rows."""

from collections.abc import Iterable
from datetime import date

import msgspec

from polytape.model.splits import Split

WHOLE_TABLE = "splits of the whole market"


class SplitRecord(msgspec.Struct, array_like=True, frozen=True):
    """A split as it is remembered."""

    symbol: str
    day: str
    split_from: float
    split_to: float

    @classmethod
    def of(cls, split: Split) -> "SplitRecord":
        """The row of a split."""
        day = split.execution_date.isoformat()
        return cls(split.symbol, day, split.split_from, split.split_to)

    def split(self) -> Split:
        """The split of a row."""
        return Split(date.fromisoformat(self.day), self.symbol, self.split_from, self.split_to)


def splits_of(symbol: str) -> str:
    """The name of the question for one symbol's splits."""
    return f"splits of {symbol}"


def read_told(body: bytes) -> list[SplitRecord]:
    """Remembered rows."""
    return msgspec.json.decode(body, type=list[SplitRecord])


def each_once(rows: Iterable[SplitRecord]) -> tuple[Split, ...]:
    """Each split once, oldest first."""
    return tuple(sorted({row.split() for row in rows}))
