"""Bars as columns."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from polytape.model.arrays import Bools, Column, Floats, Ints
from polytape.model.spans import Span

PRICES = ("open", "high", "low", "close")
COLUMNS = ("timestamp", *PRICES, "volume", "vwap", "transactions")


@dataclass(frozen=True, eq=False, slots=True)
class Bars:
    """One symbol's bars of one timeframe, in columns of equal length.

    `timestamp` is each bar's start, microseconds UTC. The rest is float64: prices in dollars;
    `volume` in shares, fractions allowed; `vwap` and `transactions` are NaN where unknown.
    The order is the source's until `tidy()`; everything polytape hands out is tidy.

    Raises: ValueError for columns of unequal length.
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
        numbers = (self.open, self.high, self.low, self.close, self.volume, self.vwap)
        if len(set(map(len, (self.timestamp, *numbers, self.transactions)))) != 1:
            raise ValueError("the columns of bars must have one length")

    @classmethod
    def of(
        cls,
        timestamp: ArrayLike,
        open: ArrayLike,
        high: ArrayLike,
        low: ArrayLike,
        close: ArrayLike,
        volume: ArrayLike,
        vwap: ArrayLike | None = None,
        transactions: ArrayLike | None = None,
    ) -> "Bars":
        """Bars from anything numpy reads, `timestamp` in microseconds UTC; vwap or transactions of
        None are unknown throughout.
        """
        starts = np.asarray(timestamp, np.int64)
        unknown = np.full(len(starts), np.nan)
        values = (open, high, low, close, volume, vwap, transactions)
        return cls(starts, *(unknown if v is None else np.asarray(v, np.float64) for v in values))

    @classmethod
    def empty(cls) -> "Bars":
        """No bars."""
        return cls.of([], [], [], [], [], [])

    @classmethod
    def concat(cls, parts: Iterable["Bars"]) -> "Bars":
        """All bars of all parts, in the order given; not copied where only one part has any."""
        some = [part for part in parts if len(part)]
        if len(some) <= 1:
            return some[0] if some else cls.empty()
        tables = [part.columns() for part in some]
        names = tables[0]
        return cls(**{name: np.concatenate([table[name] for table in tables]) for name in names})

    def columns(self) -> dict[str, Column]:
        """The columns by name, not copied."""
        return {name: getattr(self, name) for name in COLUMNS}

    def __len__(self) -> int:
        return len(self.timestamp)

    @property
    def nbytes(self) -> int:
        """Bytes that the columns take."""
        return sum(int(column.nbytes) for column in self.columns().values())

    def take(self, which: Ints | Bools | slice) -> "Bars":
        """The bars at these positions, or where the mask is true."""
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
        """Prices divided by `prices` and volumes multiplied by `volumes`, bar by bar."""
        divided = {name: getattr(self, name) / prices for name in (*PRICES, "vwap")}
        return replace(self, **divided, volume=self.volume * volumes)

    def same(self, other: "Bars") -> bool:
        """Whether every column is equal to the last bit (unknown equals unknown)."""
        mine, theirs = self.columns(), other.columns()
        return all(np.array_equal(mine[n], theirs[n], equal_nan=n != "timestamp") for n in mine)
