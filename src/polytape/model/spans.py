"""Half-open spans of time, and sets of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from polytape.model.timestamps import iso


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """`[start, end)` in microseconds UTC; `start == end` is empty.

    Raises: ValueError for an end before the start.
    """

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

    def until(self, instant: int) -> "Span":
        """The part before `instant` (microseconds UTC); an empty span where there is none."""
        return Span(self.start, max(self.start, min(self.end, instant)))

    def intersect(self, other: "Span") -> "Span":
        """The part that is in both; an empty span where they do not meet."""
        start = max(self.start, other.start)
        return Span(start, max(start, min(self.end, other.end)))


@dataclass(frozen=True, slots=True)
class SpanSet:
    """A set of instants, as sorted spans that neither overlap nor touch nor are empty."""

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
        return any(span in own for own in self.spans) if span else True

    def union(self, other: "SpanSet") -> "SpanSet":
        """The instants in either set."""
        return SpanSet.of((*self.spans, *other.spans))

    def difference(self, other: "SpanSet") -> "SpanSet":
        """The instants of this set that are not in `other`."""
        left: list[Span] = []
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
                    left.append(Span(start, cut.start))
                start = max(start, cut.end)
            if start < span.end:
                left.append(Span(start, span.end))
        return SpanSet(tuple(left))

    def intersection(self, other: "SpanSet") -> "SpanSet":
        """The instants in both sets."""
        return self.difference(self.difference(other))

    def gaps(self, span: Span) -> "SpanSet":
        """The instants of `span` that are not in this set."""
        return SpanSet.of([span]).difference(self)
