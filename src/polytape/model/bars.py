"""Bars as columns."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from polytape.model.spans import Span
from polytape.model.units import Bools, Floats, Ints

PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, eq=False, slots=True)
class Bars:
    """One symbol's bars of one timeframe, in columns of equal length.

    `timestamp` is each bar's start, microseconds UTC. The rest is float64: prices in dollars;
    `volume` in shares, fractions allowed; `vwap` and `transactions` are NaN where unknown.
    The order is the source's until `tidy()`; everything polytape hands out is tidy.
    """

    timestamp: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats
    transactions: Floats

    def __post_init__(self) -> None:
        if len({len(column) for column in self.columns().values()}) != 1:
            raise ValueError("the columns of bars must have one length")

    @classmethod
    def of(
        cls,
        timestamp: Any,
        open: Any,
        high: Any,
        low: Any,
        close: Any,
        volume: Any,
        vwap: Any = None,
        transactions: Any = None,
    ) -> "Bars":
        """Bars from anything numpy reads; a missing vwap or transactions is unknown throughout."""
        stamps = np.asarray(timestamp, np.int64)
        given = (open, high, low, close, volume, vwap, transactions)
        unknown = np.full(len(stamps), np.nan)
        floats = (unknown if column is None else np.asarray(column, np.float64) for column in given)
        return cls(stamps, *floats)

    @classmethod
    def empty(cls) -> "Bars":
        """No bars."""
        return cls.of([], [], [], [], [], [])

    @classmethod
    def concat(cls, parts: Iterable["Bars"]) -> "Bars":
        """All bars of all parts, in the order given."""
        held = [part.columns() for part in parts if len(part)]
        if not held:
            return cls.empty()
        return cls(**{name: np.concatenate([part[name] for part in held]) for name in held[0]})

    def columns(self) -> dict[str, Any]:
        """The columns by name, not copied."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __len__(self) -> int:
        return len(self.timestamp)

    @property
    def nbytes(self) -> int:
        """Bytes held by the columns."""
        return sum(int(column.nbytes) for column in self.columns().values())

    def take(self, which: Ints | Bools | slice) -> "Bars":
        """The bars at these places."""
        return Bars(**{name: column[which] for name, column in self.columns().items()})

    def copy(self) -> "Bars":
        """The same bars in memory of their own."""
        return Bars(**{name: column.copy() for name, column in self.columns().items()})

    def tidy(self) -> "Bars":
        """Sorted by start, each start once: of several, the one that came last."""
        steps = np.diff(self.timestamp)
        if np.all(steps > 0):
            return self
        order = np.argsort(self.timestamp, kind="stable")
        stamps = self.timestamp[order]
        last = np.append(stamps[1:] != stamps[:-1], True)
        return self.take(order[last])

    def within(self, span: Span) -> "Bars":
        """The bars that start inside `span`. Needs tidy bars."""
        left, right = np.searchsorted(self.timestamp, (span.start, span.end))
        return self.take(slice(int(left), int(right)))

    def last(self, count: int | None) -> "Bars":
        """The most recent `count` bars; all of them for None."""
        return self if count is None or count >= len(self) else self.take(slice(-count, None))

    def scaled(self, prices: Floats, volumes: Floats) -> "Bars":
        """Prices divided and volumes multiplied, bar by bar."""
        divided = {name: getattr(self, name) / prices for name in (*PRICES, "vwap")}
        return replace(self, **divided, volume=self.volume * volumes)

    def same(self, other: "Bars") -> bool:
        """Whether every column is equal to the last bit (unknown equals unknown)."""
        mine, theirs = self.columns(), other.columns()
        return all(np.array_equal(mine[n], theirs[n], equal_nan=n != "timestamp") for n in mine)
