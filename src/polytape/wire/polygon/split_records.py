"""How splits that the vendor listed are stored: the names of the answers, and their rows."""

from collections.abc import Iterable
from datetime import date

import msgspec

from polytape.model.splits import Split

WHOLE_TABLE = "splits of the whole market"


class SplitRecord(msgspec.Struct, array_like=True, frozen=True):
    """A split as it is stored. `day`: YYYY-MM-DD."""

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
    """The name of the answer that lists one symbol's splits."""
    return f"splits of {symbol}"


def read_records(body: bytes) -> list[SplitRecord]:
    """The rows of a stored answer.

    Raises: msgspec.DecodeError for what is no such answer.
    """
    return msgspec.json.decode(body, type=list[SplitRecord])


def by_symbol(rows: Iterable[SplitRecord]) -> dict[str, list[SplitRecord]]:
    """The rows of each symbol, in the order they came in."""
    groups: dict[str, list[SplitRecord]] = {}
    for row in rows:
        groups.setdefault(row.symbol, []).append(row)
    return groups


def each_once(rows: Iterable[SplitRecord]) -> tuple[Split, ...]:
    """Each split once, oldest first."""
    return tuple(sorted({row.split() for row in rows}))
