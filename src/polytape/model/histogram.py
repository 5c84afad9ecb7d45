"""Durations counted in fixed buckets: percentiles without a list that grows. Pure.

The bounds are the preferred numbers of ISO 3, series R20, from a microsecond to a thousand seconds:
twenty a decade, and every bound that people write by hand (1, 2.5, 5) is among them.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

R20 = (
    "1.00", "1.12", "1.25", "1.40", "1.60", "1.80", "2.00", "2.24", "2.50", "2.80",
    "3.15", "3.55", "4.00", "4.50", "5.00", "5.60", "6.30", "7.10", "8.00", "9.00",
)  # fmt: skip
FIRST_DECADE, LAST_DECADE = -6, 3
BOUNDS = (
    *(float(f"{digits}e{ten}") for ten in range(FIRST_DECADE, LAST_DECADE) for digits in R20),
    float(f"1e{LAST_DECADE}"),
)
THOUSAND_S = 1e3
# A percentile is at most so many times what it stands for: the widest bucket.
WIDEST = 1.60 / 1.40


@dataclass(frozen=True, slots=True)
class Latency:
    """How long calls took, in seconds: percentiles as the bound of the bucket that they lie in, at
    most a seventh too high; `max` exactly.
    """

    count: int = 0
    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0
    max: float = 0.0

    def __repr__(self) -> str:
        calls = f"{self.count:,} call{'' if self.count == 1 else 's'}"
        if not self.count:
            return calls
        figures = (("p50", self.p50), ("p90", self.p90), ("p99", self.p99), ("max", self.max))
        return ", ".join([calls, *(f"{name} {seconds_text(value)}" for name, value in figures)])


class Histogram:
    """Durations in seconds, by bucket. For one thread, or behind a lock."""

    __slots__ = ("counts", "max", "sum")

    def __init__(self, counts: Sequence[int] | None = None) -> None:
        self.counts = [0] * (len(BOUNDS) + 1) if counts is None else list(counts)
        self.sum = 0.0
        self.max = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds
        if seconds > self.max:  # noqa: PLR1730 - a call of max takes as long as all the rest
            self.max = seconds

    @property
    def count(self) -> int:
        """How many durations there were."""
        return sum(self.counts)

    def percentile(self, share: float) -> float:
        """The upper bound of the bucket that a share (0 to 1) of the durations lies in or below; 0
        where there were none.
        """
        return percentile_of(self.counts, share, self.max)

    def latency(self) -> Latency:
        """The usual percentiles."""
        p50, p90, p99 = map(self.percentile, (0.5, 0.9, 0.99))
        return Latency(self.count, p50, p90, p99, self.max)

    def at_most(self, bounds: Iterable[float]) -> list[int]:
        """How many durations were at most as long as each of some of BOUNDS."""
        below = list(accumulate(self.counts))
        return [below[bisect_left(BOUNDS, bound)] for bound in bounds]

    def copy(self) -> "Histogram":
        """The same now: it stays so."""
        same = Histogram(self.counts)
        same.sum, same.max = self.sum, self.max
        return same


def percentile_of(counts: Sequence[int], share: float, most: float = math.inf) -> float:
    """The upper bound of the bucket that a share (0 to 1) of the durations lies in or below, and no
    more than `most`; 0 where there were none.
    """
    rank = max(1, math.ceil(sum(counts) * share))
    below = 0
    for bound, count in zip((*BOUNDS, math.inf), counts, strict=True):
        below += count
        if below >= rank:
            last = BOUNDS[-1] if most == math.inf else most
            return last if bound == math.inf else min(bound, most)
    return 0.0


def seconds_text(seconds: float) -> str:
    """A duration for people, to three digits: 12 us, 3.4 ms, 1.2 s."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < THOUSAND_S else f"{seconds:,.0f} s"
    return "0 s" if seconds == 0 else f"{seconds / 1e-6:.2g} us"
