"""Spans against sets of whole numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.spans import Span, SpanSet

spans = st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda p: Span(p[0], p[0] + p[1]))
span_lists = st.lists(spans, max_size=8)


def points(held: SpanSet) -> set[int]:
    return {point for span in held for point in range(span.start, span.end)}


def points_of(listed: list[Span]) -> set[int]:
    return {point for span in listed for point in range(span.start, span.end)}


@given(span_lists)
def test_a_set_is_the_union_of_its_spans_sorted_apart_and_never_empty(listed: list[Span]) -> None:
    held = SpanSet.of(listed)
    assert points(held) == points_of(listed)
    assert all(held.spans)
    assert all(a.end < b.start for a, b in zip(held.spans, held.spans[1:], strict=False))
    assert sum(span.end - span.start for span in held) == len(points(held))


@given(span_lists, span_lists)
def test_union_difference_and_intersection_are_those_of_sets(a: list[Span], b: list[Span]) -> None:
    left, right = SpanSet.of(a), SpanSet.of(b)
    assert points(left.union(right)) == points(left) | points(right)
    assert points(left.difference(right)) == points(left) - points(right)
    assert points(left.intersection(right)) == points(left) & points(right)


@given(span_lists, spans)
def test_gaps_and_what_is_held_make_up_the_span(listed: list[Span], span: Span) -> None:
    held = SpanSet.of(listed)
    gaps = held.gaps(span)
    assert points(gaps) == points_of([span]) - points(held)
    assert (span in held) == (len(gaps) == 0)


@given(spans, spans)
def test_intersect_is_what_both_hold(a: Span, b: Span) -> None:
    assert points_of([a.intersect(b)]) == points_of([a]) & points_of([b])


def test_a_span_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot end before"):
        Span(2, 1)


@given(spans, st.integers(-1, 90), spans)
def test_a_span_contains_its_start_and_not_its_end(span: Span, instant: int, other: Span) -> None:
    """Half open: of instants and of spans."""
    inside = range(span.start, span.end)
    assert (instant in span) == (instant in inside)
    whole = set(range(other.start, other.end)) <= set(inside)
    if other:
        assert (other in span) == whole


@given(spans, st.integers(-1, 90))
def test_what_is_before_an_instant(span: Span, instant: int) -> None:
    """The points of the span that are smaller."""
    part = span.until(instant)
    assert list(range(part.start, part.end)) == [
        p for p in range(span.start, span.end) if p < instant
    ]
