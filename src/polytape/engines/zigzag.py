"""The zigzag: which candidates become swings, one candidate after another.

It has one state, the swings so far, and changes only the last of them: a more extreme candidate of
its kind takes its place, or one of the other kind settles it and becomes the last. So a swing that
has been shown either is replaced once or settles once, and none comes back.
"""

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import Literal, NamedTuple, Protocol, TypeAlias

import numpy as np

from polytape.model.arrays import Bools, Floats
from polytape.model.bars import Bars

Kind: TypeAlias = Literal["high", "low"]

# Swings depend on the swing and the ATR before them, back to where the bars begin. So many calendar
# days before those that are shown, and where the bars begin makes no difference any more: of swings
# of bars of 15 to 240 minutes that were settled on one day, none was gone on the next (0 of 7,444;
# 105 of 7,377 without).
WARM_UP_DAYS = 15


class Turn(Protocol):
    """A high or low: its kind and the range of its bar, in dollars."""

    @property
    def kind(self) -> Kind: ...
    @property
    def high(self) -> float: ...
    @property
    def low(self) -> float: ...


class Candidate(NamedTuple):
    """A fractal at a place among the bars; it has to lie `least` dollars from a swing of the other
    kind to be one.
    """

    place: int
    kind: Kind
    high: float
    low: float
    least: float


class Step(Enum):
    """What a candidate does to the swings."""

    IGNORED = auto()
    REPLACES = auto()
    TURNS = auto()


class Shown(NamedTuple):
    """A candidate that was a swing from its confirmation on: until the one at the place
    `replaced_by` was confirmed, or for good once the one at `settled_by` was. The last has neither.
    """

    candidate: Candidate
    settled_by: int | None = None
    replaced_by: int | None = None


def step(before: Turn | None, last: Turn | None, new: Turn, *, least: float, apart: bool) -> Step:
    """What a candidate does after `last` and the swing before that. With `apart` no swing's bar
    overlaps its neighbour's; `least` is in dollars.
    """
    if last is None:
        return Step.TURNS
    if new.kind == last.kind:
        takes, neighbour = _beyond(new, last) > 0, before
    else:
        takes, neighbour = _away(new, last) >= least, last
    if not takes or (apart and neighbour is not None and overlap(new, neighbour)):
        return Step.IGNORED
    return Step.REPLACES if new.kind == last.kind else Step.TURNS


def overlap(one: Turn, other: Turn) -> bool:
    """Whether two bars have a price in common."""
    return one.low <= other.high and other.low <= one.high


def shown(candidates: Iterable[Candidate], *, apart: bool) -> Iterator[Shown]:
    """Every candidate that ever was a swing, in the order of confirmation."""
    before: Candidate | None = None
    last: Candidate | None = None
    for new in candidates:
        match step(before, last, new, least=new.least, apart=apart):
            case Step.IGNORED:
                continue
            case Step.REPLACES:
                assert last is not None
                yield Shown(last, replaced_by=new.place)
            case Step.TURNS:
                if last is not None:
                    yield Shown(last, settled_by=new.place)
                before = last
        last = new
    if last is not None:
        yield Shown(last)


def candidates(bars: Bars, ranges: Floats, side: int, distance: float) -> Iterator[Candidate]:
    """Fractals of `side` bars on each side where there is an ATR, in order; one bar that is both
    is a high first. They have to lie `distance` of their own ATRs away.
    """
    highs, lows = extremes(bars.high, side), extremes(-bars.low, side)
    for place in np.flatnonzero((highs | lows) & ~np.isnan(ranges)).tolist():
        high, low = float(bars.high[place]), float(bars.low[place])
        least = distance * float(ranges[place])
        if highs[place]:
            yield Candidate(place, "high", high, low, least)
        if lows[place]:
            yield Candidate(place, "low", high, low, least)


def extremes(values: Floats, side: int) -> Bools:
    """Which values are strictly above `side` neighbours on each side; none near the edges."""
    count = len(values)
    is_extreme = np.zeros(count, np.bool_)
    if count <= 2 * side:
        return is_extreme
    middle = values[side : count - side]
    above = np.ones(len(middle), np.bool_)
    for step_size in range(1, side + 1):
        above &= middle > values[side - step_size : count - side - step_size]
        above &= middle > values[side + step_size : count - side + step_size]
    is_extreme[side : count - side] = above
    return is_extreme


def _beyond(new: Turn, last: Turn) -> float:
    """By how much a candidate is more extreme than a swing of its kind."""
    return new.high - last.high if new.kind == "high" else last.low - new.low


def _away(new: Turn, last: Turn) -> float:
    """How far a candidate lies on its own side of a swing of the other kind."""
    return new.high - last.low if new.kind == "high" else last.high - new.low
