"""What is known: which spans were asked for, when, and whether the answer can still change.

A span that was asked and found empty is covered: known-empty is knowledge. Where two covers speak
of one span, the later asked wins, for rows and for emptiness alike.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import pairwise

from polytape.model.spans import Span, SpanSet


@dataclass(frozen=True, slots=True)
class Coverage:
    """One symbol's bars (or the whole market's, `symbol` None, but for the symbols in `but`) of a
    span, asked at an instant. Not `final`: the vendor may still correct it.
    """

    symbol: str | None
    span: Span
    asked: int
    final: bool
    but: frozenset[str] = frozenset()

    def speaks_of(self, symbol: str) -> bool:
        """Whether this says anything of a symbol."""
        return self.symbol == symbol or (self.symbol is None and symbol not in self.but)


@dataclass(frozen=True, slots=True)
class CoverageSlice:
    """A span of one symbol, and which of several files has the last word on it."""

    span: Span
    cover: Coverage
    owner: str


def pieces(covers: Iterable[tuple[Coverage, str]], span: Span) -> list[CoverageSlice]:
    """The disjoint pieces of `span` that the covers of one symbol make up, in order of time.

    `covers` come with the name of the file that says so; of covers asked at one instant the greater
    name wins, so that every reader decides alike.
    """
    inside = [(c, n) for c, n in covers if c.span.intersect(span)]
    ranked = sorted(inside, key=lambda item: (item[0].asked, item[1]), reverse=True)
    by_start = sorted(range(len(ranked)), key=lambda rank: ranked[rank][0].span.start)
    edges = sorted({edge for c, _ in inside for edge in (c.span.start, c.span.end)} | {span.start})
    found: list[CoverageSlice] = []
    alive: list[int] = []  # ranks, the one with the last word on top
    waiting = 0
    for start, end in pairwise([*edges, span.end]):
        while waiting < len(by_start) and ranked[by_start[waiting]][0].span.start <= start:
            heappush(alive, by_start[waiting])
            waiting += 1
        while alive and ranked[alive[0]][0].span.end <= start:
            heappop(alive)
        part = Span(start, max(start, end)).intersect(span)
        if alive and part:
            _append(found, part, *ranked[alive[0]])
    return found


def _append(found: list[CoverageSlice], part: Span, cover: Coverage, owner: str) -> None:
    """Add a piece; one that goes on with the same last word becomes longer."""
    last = found[-1] if found else None
    if last and last.owner == owner and last.cover is cover and last.span.end == part.start:
        found[-1] = CoverageSlice(Span(last.span.start, part.end), cover, owner)
    else:
        found.append(CoverageSlice(part, cover, owner))


def tidy(covers: Iterable[Coverage]) -> tuple[Coverage, ...]:
    """The same knowledge in fewer covers: neighbours that say the same become one."""
    merged: list[Coverage] = []
    key = lambda c: (c.symbol or "", c.symbol is None, c.asked, c.final, sorted(c.but), c.span)  # noqa: E731
    for cover in sorted(covers, key=key):
        last = merged[-1] if merged else None
        if last and _same_but_span(last, cover) and cover.span.start <= last.span.end:
            end = max(last.span.end, cover.span.end)
            merged[-1] = replace(last, span=Span(last.span.start, end))
        elif cover.span:
            merged.append(cover)
    return tuple(merged)


def without(cover: Coverage, symbol: str, span: Span) -> list[Coverage]:
    """What is left of a cover once a symbol's span is forgotten."""
    if not cover.speaks_of(symbol):
        return [cover]
    outside = SpanSet.of([cover.span]).difference(SpanSet.of([span]))
    left = [replace(cover, span=part) for part in outside]
    inside = cover.span.intersect(span)
    if cover.symbol is None and inside:
        left.append(replace(cover, span=inside, but=cover.but | {symbol}))
    return left


def _same_but_span(one: Coverage, other: Coverage) -> bool:
    return replace(one, span=other.span) == other
