"""Who has the last word on an instant: laws beside the plainest way to say it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from polytape.model.spans import Span, SpanSet
from polytape.store.coverage import Coverage, coverage_slices, merged, without

LAST = 12
SYMBOLS = ("A", "B", "C")
spans = st.tuples(st.integers(0, LAST), st.integers(0, LAST)).map(
    lambda edges: Span(min(edges), max(edges))
)


@st.composite
def coverages(draw: st.DrawFn) -> Coverage:
    symbol = draw(st.sampled_from((None, "A", "B")))
    excluded = draw(st.frozensets(st.sampled_from(SYMBOLS))) if symbol is None else frozenset()
    return Coverage(symbol, draw(spans), draw(st.integers(1, 4)), draw(st.booleans()), excluded)


owned = st.lists(st.tuples(coverages(), st.sampled_from("xyz")), max_size=8)


@given(owned, spans)
def test_the_later_fetched_has_the_last_word_and_the_greater_name_of_two(
    coverage: list[tuple[Coverage, str]], span: Span
) -> None:
    slices = coverage_slices(coverage, span)
    assert all(part.span and part.span in span for part in slices)
    assert all(a.span.end <= b.span.start for a, b in pairwise(slices))
    for instant in range(LAST):
        ranks = [
            (cover.fetched_at, name)
            for cover, name in coverage
            if instant in cover.span and instant in span
        ]
        spoken = [(part.coverage.fetched_at, part.owner) for part in slices if instant in part.span]
        assert spoken == ([max(ranks)] if ranks else [])
        assert all(instant in part.coverage.span for part in slices if instant in part.span)


@given(st.lists(coverages(), max_size=8))
def test_merged_coverage_is_the_same_knowledge_in_fewer_words(coverage: list[Coverage]) -> None:
    said = merged(coverage)
    assert len(said) <= len(coverage)
    assert knowledge(said) == knowledge(coverage)
    assert merged(said) == said
    assert merged(reversed(coverage)) == said


def knowledge(coverage: list[Coverage] | tuple[Coverage, ...]) -> dict[Coverage, SpanSet]:
    """The spans of each thing that is said, whatever its words."""
    nowhere, spans_of = Span(0, 0), dict[Coverage, list[Span]]()
    for cover in coverage:
        if cover.span:
            spans_of.setdefault(cover.over(nowhere), []).append(cover.span)
    return {cover: SpanSet.of(parts) for cover, parts in spans_of.items()}


@given(coverages(), st.sampled_from(SYMBOLS), spans)
def test_forgetting_takes_one_symbols_span_and_nothing_else(
    cover: Coverage, symbol: str, span: Span
) -> None:
    left = without(cover, symbol, span)
    for other in SYMBOLS:
        for instant in range(LAST):
            before = cover.includes(other) and instant in cover.span
            after = [one for one in left if one.includes(other) and instant in one.span]
            gone = other == symbol and instant in span
            assert len(after) == (before and not gone)
    assert all((one.fetched_at, one.final) == (cover.fetched_at, cover.final) for one in left)
