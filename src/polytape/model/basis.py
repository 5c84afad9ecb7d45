"""What an answer stands on: one value for bars, engines, scans and pictures. Pure, and light."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import reduce
from math import prod
from typing import TYPE_CHECKING, Self

import msgspec

if TYPE_CHECKING:
    from polytape.model.aware import Instant

UNTOLD = "the server says nothing of what its bars stand on"
MADE_UP = "made-up prices"
SHOWN_RUNS = 3


@dataclass(frozen=True, slots=True, order=True)
class SessionRun:
    """Trading days that follow each other, first and last included, and how many they are; 0 where
    they were not counted. `reason` says why they are missing; "" where nobody said.
    """

    first: date
    last: date
    sessions: int
    reason: str = ""

    def __str__(self) -> str:
        if self.sessions == 1:
            return f"{self.first}"
        count = f" ({self.sessions} sessions)" if self.sessions else ""
        return f"{self.first} to {self.last}{count}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesBasis:
    """The stored bars of `series` (1min or 1day) that an answer was made of, of [start, end).

    `expected` sessions are those that were held in it, `with_bars` those with a bar and nothing
    missing. `missing` were not to be had; `without_bars` have no bar though others before and after
    them have: nobody traded, or the bar was lost. `from_minutes` are days without an official bar.

    What a tool would like begins at `start`, what it needs at least on `needed_from` (None: at
    `start`). Bars from `provisional_from` on may still be corrected. Instants are UTC.
    """

    series: str
    start: datetime
    end: datetime
    expected: int
    with_bars: int
    first_bar: date | None = None
    needed_from: date | None = None
    missing: tuple[SessionRun, ...] = ()
    without_bars: tuple[SessionRun, ...] = ()
    from_minutes: tuple[SessionRun, ...] = ()
    provisional_from: datetime | None = None
    complete_through: datetime | None = None

    @property
    def lacking(self) -> tuple[SessionRun, ...]:
        """What is missing of what is needed, and every hole after the first bar. Only what would
        have been liked before that is no lack.
        """
        return tuple(map(self._needed_part, filter(self._is_needed, self.missing)))

    def remarks(self) -> tuple[str, ...]:
        """What a reader must know, in plain words; nothing where nothing is lacking."""
        said = []
        if self.lacking:
            said.append(f"{self.series} bars are not held in full: {_listed(self.lacking)} missing")
        if self.without_bars:
            said.append(f"no {self.series} bar on {_listed(self.without_bars)}")
        return tuple(said)

    def _needed_part(self, run: SessionRun) -> SessionRun:
        first = self.needed_from
        if first is None or not run.first < first <= run.last:
            return run
        return SessionRun(first, run.last, 1 if first == run.last else 0, run.reason)

    def _is_needed(self, run: SessionRun) -> bool:
        inside = self.needed_from is None or run.last >= self.needed_from
        return inside or (self.first_bar is not None and run.last > self.first_bar)


@dataclass(frozen=True, slots=True, order=True)
class SplitStep:
    """A split that prices are adjusted for: from the instant `at` (UTC), where the trading day
    `day` begins, `split_to` shares stand for `split_from`.
    """

    at: datetime
    day: date
    split_from: float
    split_to: float

    @property
    def ratio(self) -> float:
        """New shares for one old: 7.0 for a 7:1 split."""
        return self.split_to / self.split_from

    def __str__(self) -> str:
        return f"{self.split_to:g}:{self.split_from:g} on {self.day}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Basis:
    """What an answer stands on.

    `source` names where its bars come from (several: all of them); "" where the server does not
    say. `adjusted` None is unknown, else whether prices are in today's shares; `adjustment` says
    why, or by which splits ("": none had to be applied); `splits` are these. `notes` are what the
    source says of its bars. `inputs`: each series that was read.
    """

    source: str
    made_up: bool = False
    adjusted: bool | None = None
    adjustment: str = ""
    splits: tuple[SplitStep, ...] = ()
    notes: tuple[str, ...] = ()
    inputs: tuple[SeriesBasis, ...] = ()

    @classmethod
    def untold(cls) -> Self:
        """That of a server that says nothing of its bars."""
        return cls(source="", notes=(UNTOLD,))

    @property
    def complete_through(self) -> datetime | None:
        """The instant (UTC) through which all of it is complete; None where that is unknown."""
        through = [one.complete_through for one in self.inputs]
        known = [instant for instant in through if instant is not None]
        return min(known) if known and len(known) == len(through) else None

    @property
    def perfect(self) -> bool:
        """Whether there is nothing that a reader must be told."""
        return not self.one_line()

    @property
    def lacks(self) -> tuple[str, ...]:
        """What is missing of what is needed, in plain words; then why, each reason once."""
        reasons = (run.reason for one in self.inputs for run in one.lacking)
        said = [text for one in self.inputs for text in one.remarks()]
        return (*said, *dict.fromkeys(filter(None, reasons)))

    def __repr__(self) -> str:
        kinds = {None: "not known whether adjusted", True: "adjusted", False: "as traded"}
        series = ", ".join(one.series for one in self.inputs)
        facts = (f"source {self.source}", kinds[self.adjusted], series, self.one_line())
        return f"Basis({'; '.join(filter(None, facts))})"

    def one_line(self) -> str:
        """What a reader must be told, in plain words; empty where it is perfect."""
        made_up = (MADE_UP,) if self.made_up else ()
        return "; ".join((*made_up, *self.lacks, *self.notes))

    def split_factor(self, moment: "Instant") -> float | None:
        """What a price in today's shares was as traded at an instant, divided by it: 7.0 before a
        7:1 split. 1.0 where prices are as traded; None where the server names no splits.

        Raises: ValidationError for what is no instant.
        """
        from polytape.model.aware import aware  # not light

        at = aware(moment, "moment")
        if self.adjusted is False:
            return None if self.splits else 1.0  # with splits, a part of it is adjusted
        if self.adjusted is None or (self.adjustment and not self.splits):
            return None
        return prod(split.ratio for split in self.splits if split.at > at)

    def needing(self, first: date | None) -> "Basis":
        """The same for a tool that needs bars from a day on, and would only like those before."""
        if first is None:
            return self
        return replace(self, inputs=tuple(replace(one, needed_from=first) for one in self.inputs))

    def to_dict(self) -> dict[str, object]:
        """What JSON can say: instants and days as ISO 8601 texts, with `perfect` and `line`."""
        facts: dict[str, object] = msgspec.json.decode(msgspec.json.encode(self))
        line = self.one_line()
        return facts | {"perfect": not line, "line": line}


def union(bases: Iterable[Basis]) -> Basis | None:
    """The basis of what is made of several answers; None of none."""
    several = tuple(bases)
    return reduce(_both, several) if several else None


def _both(a: Basis, b: Basis) -> Basis:
    agree = a.adjusted == b.adjusted
    inputs = {_key(one): one for one in (*a.inputs, *b.inputs)}
    return Basis(
        source=_joined(", ", a.source, b.source),
        made_up=a.made_up or b.made_up,
        # Where one part is as traded, the whole is not in today's shares.
        adjusted=a.adjusted if agree else None if None in (a.adjusted, b.adjusted) else False,
        adjustment=_joined("; ", a.adjustment, b.adjustment),
        splits=tuple(sorted({*a.splits, *b.splits})),
        notes=tuple(sorted({*a.notes, *b.notes})),
        inputs=tuple(inputs[key] for key in sorted(inputs)),
    )


def _key(one: SeriesBasis) -> tuple[str, ...]:
    """Equal inputs are one; the order is by series, then by span."""
    return one.series, f"{one.start}", f"{one.end}", repr(one)


def _joined(between: str, *texts: str) -> str:
    """Each part once, in order."""
    return between.join(sorted({part for text in texts for part in text.split(between) if part}))


def _listed(runs: tuple[SessionRun, ...]) -> str:
    shown = ", ".join(map(str, runs[:SHOWN_RUNS]))
    more = sum(run.sessions for run in runs[SHOWN_RUNS:])
    return f"{shown} and {more} more" if more else shown
