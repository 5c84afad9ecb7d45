"""How splits that the vendor listed are stored: the names of the answers, and their rows.

A row that is no split is stored, too: it adjusts nothing, and answers name it.
"""

import math
from collections.abc import Iterable
from datetime import date
from typing import TypeAlias

import msgspec
from msgspec import UNSET

from polytape.errors import ValidationError
from polytape.model.splits import RefusedSplit, Split
from polytape.wire.polygon.messages import Shares, SplitRow

WHOLE_TABLE = "splits of the whole market"
# As much of a nonsensical value as anybody wants to read.
SHOWN = 40

# What is no number is stored as text.
StoredShares: TypeAlias = float | str


class SplitRecord(msgspec.Struct, array_like=True, frozen=True):
    """A split as it is stored. `day`: YYYY-MM-DD, where it is one."""

    symbol: str
    day: str
    split_from: StoredShares
    split_to: StoredShares

    @classmethod
    def of(cls, split: Split) -> "SplitRecord":
        """The row of a split."""
        day = split.execution_date.isoformat()
        return cls(split.symbol, day, split.split_from, split.split_to)

    @classmethod
    def of_row(cls, row: SplitRow) -> "SplitRecord":
        """A row as the vendor lists it, whatever is in it."""
        day = str(row.execution_date or "")[:10]
        return cls(row.ticker, day, _stored(row.split_from), _stored(row.split_to))

    def split(self) -> Split:
        """The split of a row.

        Raises: ValidationError for a row that is none.
        """
        for name, value in zip(("split_to", "split_from"), self._shares(), strict=True):
            if isinstance(value, str):
                raise ValidationError(name, value, "a number of shares")
        try:
            day = date.fromisoformat(self.day)
        except ValueError as error:
            raise ValidationError("execution_date", self.day, "YYYY-MM-DD") from error
        return Split(day, self.symbol, float(self.split_from), float(self.split_to))

    def _shares(self) -> tuple[StoredShares, StoredShares]:
        return self.split_to, self.split_from

    def refused(self) -> RefusedSplit | None:
        """What is wrong with the row; None where it is a split."""
        try:
            self.split()
        except ValidationError as error:
            new, old = (f"{n:g}" if isinstance(n, float) else n for n in self._shares())
            words = f"{new}-for-{old} on {self.day or 'no day'}"
            return RefusedSplit(self.symbol, _day(self.day), words, str(error))
        return None


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
    """Each split once, oldest first, without the rows that are none."""
    return tuple(sorted({row.split() for row in rows if row.refused() is None}))


def refused_of(rows: Iterable[SplitRecord]) -> tuple[RefusedSplit, ...]:
    """The rows that are no splits, each once, in the order they came in."""
    return tuple(dict.fromkeys(one for row in rows if (one := row.refused()) is not None))


def _stored(value: Shares) -> StoredShares:
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return "nothing" if value is None or value is UNSET else str(value)[:SHOWN]


def _day(text: str) -> date | None:
    """The day of a row; None for one that no split is of."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if Split.is_day(day) else None
