"""Coverage: which spans were fetched, when, and whether the bars can still change.

A span that was fetched and is empty is covered, too. Where two entries speak of one span, the later
fetched wins, for rows and for emptiness alike. A deletion is such an entry, too: what was fetched
up to it does not count, whichever file it stands in, and whenever that file comes back.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import pairwise

from polytape.model.spans import Span, SpanSet


@dataclass(frozen=True, slots=True)
class Coverage:
    """One symbol's bars (or the whole market's, `symbol` None, but for `excluded_symbols`) of a
    span, fetched at an instant in microseconds UTC. Not `final`: the vendor may still correct it.
    `deleted`: at that instant the bars of the symbol's span were deleted, and the span is a gap.
    """

    symbol: str | None
    span: Span
    fetched_at: int
    final: bool
    excluded_symbols: frozenset[str] = frozenset()
    deleted: bool = False

    def over(self, span: Span) -> "Coverage":
        """The same of another span."""
        return replace(self, span=span)

    def includes(self, symbol: str) -> bool:
        """Whether this says anything of a symbol."""
        return self.symbol == symbol or (
            self.symbol is None and symbol not in self.excluded_symbols
        )


@dataclass(frozen=True, slots=True)
class CoverageSlice:
    """A span of one symbol, the coverage that has the last word on it, and the file it is from."""

    span: Span
    coverage: Coverage
    owner: str


def coverage_slices(coverage: Iterable[tuple[Coverage, str]], span: Span) -> list[CoverageSlice]:
    """The disjoint slices of `span` that the coverage of one symbol makes up, in order of time.

    Each entry comes with the name of its file; of those fetched at one instant a deletion wins, and
    then the greater name, so that every reader decides alike. What was deleted last is no slice.
    """
    inside = [(entry, name) for entry, name in coverage if entry.span.intersect(span)]
    ranked = sorted(inside, key=_rank, reverse=True)
    slices: list[CoverageSlice] = []
    for part, rank in _first_covering([entry.span for entry, _ in ranked], span):
        entry, owner = ranked[rank]
        if entry.deleted:
            continue
        last = slices[-1] if slices else None
        if last and last.coverage is entry and last.owner == owner and last.span.end == part.start:
            slices[-1] = replace(last, span=Span(last.span.start, part.end))
        else:
            slices.append(CoverageSlice(part, entry, owner))
    return slices


def _rank(item: tuple[Coverage, str]) -> tuple[int, bool, str]:
    return item[0].fetched_at, item[0].deleted, item[1]


def _first_covering(spans: list[Span], whole: Span) -> Iterator[tuple[Span, int]]:
    """The parts of `whole` between any two edges, each with the place in the list of the first span
    that covers it; parts that none covers are left out.
    """
    by_start = sorted(range(len(spans)), key=lambda place: spans[place].start)
    edges = sorted({edge for span in spans for edge in (span.start, span.end)} | {whole.start})
    covering: list[int] = []  # a heap of places
    waiting = 0
    for start, end in pairwise([*edges, whole.end]):
        while waiting < len(by_start) and spans[by_start[waiting]].start <= start:
            heappush(covering, by_start[waiting])
            waiting += 1
        while covering and spans[covering[0]].end <= start:
            heappop(covering)
        part = Span(start, max(start, end)).intersect(whole)
        if covering and part:
            yield part, covering[0]


def merged(coverage: Iterable[Coverage]) -> tuple[Coverage, ...]:
    """The same coverage in fewer entries: neighbours that differ in nothing else become one."""
    entries: list[Coverage] = []
    for entry in sorted(coverage, key=_sort_key):
        last = entries[-1] if entries else None
        if last and last.over(entry.span) == entry and entry.span.start <= last.span.end:
            end = max(last.span.end, entry.span.end)
            entries[-1] = last.over(Span(last.span.start, end))
        elif entry.span:
            entries.append(entry)
    return tuple(entries)


def _sort_key(entry: Coverage) -> tuple[str, bool, int, bool, bool, list[str], Span]:
    """Sorts entries that differ in their spans alone side by side, in order of time."""
    symbol, excluded = entry.symbol or "", sorted(entry.excluded_symbols)
    state = (entry.fetched_at, entry.final, entry.deleted)
    return symbol, entry.symbol is None, *state, excluded, entry.span


def folded(coverage: Iterable[Coverage], keep_after: int) -> tuple[Coverage, ...]:
    """The same coverage without what was deleted. A deletion that takes nothing away any more goes,
    too, unless it is later than `keep_after` (microseconds UTC): what it took away may come back.
    """
    entries = merged(coverage)
    live = [entry for entry in entries if not entry.deleted]
    deletions = []
    for deletion in entries:
        if deletion.deleted:
            left = [part for entry in live for part in _before(entry, deletion)]
            if left != live or deletion.fetched_at > keep_after:
                deletions.append(deletion)
            live = left
    return merged([*live, *deletions])


def _before(entry: Coverage, deletion: Coverage) -> list[Coverage]:
    """What a deletion leaves of an entry."""
    later = entry.fetched_at > deletion.fetched_at
    if later or deletion.symbol is None or not entry.span.intersect(deletion.span):
        return [entry]
    return without(entry, deletion.symbol, deletion.span)


def without(entry: Coverage, symbol: str, span: Span) -> list[Coverage]:
    """What is left of a coverage once a symbol's span is deleted."""
    if not entry.includes(symbol):
        return [entry]
    outside = SpanSet.of([entry.span]).difference(SpanSet.of([span]))
    left = [entry.over(part) for part in outside]
    inside = entry.span.intersect(span)
    if entry.symbol is None and inside:
        left.append(replace(entry, span=inside, excluded_symbols=entry.excluded_symbols | {symbol}))
    return left
