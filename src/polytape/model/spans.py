"""Half-open spans of time, and sets of them: what was asked, what is missing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from polytape.model.newyork import iso, midnight


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """`[start, end)` in microseconds UTC. `start == end` is empty; `start > end` is refused."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise ValueError(f"a span cannot end before it starts: {self}")

    def __str__(self) -> str:
        return f"[{iso(self.start)}, {iso(self.end)})"

    def __bool__(self) -> bool:
        return self.start < self.end

    def __contains__(self, other: "Span | int") -> bool:
        if isinstance(other, Span):
            return self.start <= other.start and other.end <= self.end
        return self.start <= other < self.end

    def intersect(self, other: "Span") -> "Span":
        """What both hold; an empty span where they do not meet."""
        start = max(self.start, other.start)
        return Span(start, max(start, min(self.end, other.end)))


def day_span(day: date) -> Span:
    """The New York calendar day as a span: 23 to 25 hours."""
    return Span(midnight(day), midnight(day + timedelta(days=1)))


@dataclass(frozen=True, slots=True)
class SpanSet:
    """A set of instants, kept as sorted spans that neither overlap nor touch nor are empty."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, spans: Iterable[Span]) -> "SpanSet":
        """The union of any spans, in any order."""
        merged: list[Span] = []
        for span in sorted(filter(None, spans)):
            if merged and span.start <= merged[-1].end:
                merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
            else:
                merged.append(span)
        return cls(tuple(merged))

    def __iter__(self) -> Iterator[Span]:
        return iter(self.spans)

    def __len__(self) -> int:
        return len(self.spans)

    def __contains__(self, span: Span) -> bool:
        return any(span in held for held in self.spans) if span else True

    @property
    def total(self) -> int:
        """Microseconds covered."""
        return sum(span.end - span.start for span in self.spans)

    def union(self, other: "SpanSet") -> "SpanSet":
        """What either holds."""
        return SpanSet.of((*self.spans, *other.spans))

    def difference(self, other: "SpanSet") -> "SpanSet":
        """What this holds and `other` does not."""
        kept: list[Span] = []
        cuts = list(other.spans)
        first = 0
        for span in self.spans:
            start = span.start
            while first < len(cuts) and cuts[first].end <= start:
                first += 1
            for cut in cuts[first:]:
                if cut.start >= span.end:
                    break
                if cut.start > start:
                    kept.append(Span(start, cut.start))
                start = max(start, cut.end)
            if start < span.end:
                kept.append(Span(start, span.end))
        return SpanSet(tuple(kept))

    def intersection(self, other: "SpanSet") -> "SpanSet":
        """What both hold."""
        return self.difference(self.difference(other))

    def gaps(self, span: Span) -> "SpanSet":
        """What of `span` is not held."""
        return SpanSet.of([span]).difference(self)
