"""A basis says in one line what a reader must know, and several become one."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.model.basis import Basis, SeriesBasis, SessionRun, union

START, END = datetime(2024, 6, 1, 4, tzinfo=UTC), datetime(2024, 7, 1, 4, tzinfo=UTC)
FIRST_HALF = SessionRun(date(2024, 6, 3), date(2024, 6, 14), 10)
HOLE = SessionRun(date(2024, 6, 20), date(2024, 6, 20), 1)
DAYS = SeriesBasis(
    series="1day", start=START, end=END, expected=19, with_bars=19, first_bar=date(2024, 6, 3)
)

CUT = replace(FIRST_HALF, reason="the plan ends there")
runs = st.lists(st.sampled_from([FIRST_HALF, HOLE, CUT]), max_size=2).map(tuple)
inputs = st.builds(
    SeriesBasis,
    series=st.sampled_from(["1min", "1day"]),
    start=st.sampled_from([START, END]),
    end=st.just(END),
    expected=st.integers(0, 3),
    with_bars=st.integers(0, 3),
    missing=runs,
    without_bars=runs,
    complete_through=st.sampled_from([None, START, END]),
)
words = st.sampled_from(["a note", "another", "the last"])
bases = st.builds(
    Basis,
    source=st.sampled_from(["polygon", "flatfiles", ""]),
    made_up=st.booleans(),
    adjusted=st.sampled_from([None, True, False]),
    adjustment=st.sampled_from(["", "no split", "as traded"]),
    notes=st.lists(words, max_size=2).map(tuple),
    inputs=st.lists(inputs, max_size=2).map(tuple),
)


@given(bases, bases, bases)
def test_a_union_does_not_depend_on_order_or_repetition(a: Basis, b: Basis, c: Basis) -> None:
    assert union([a, b, c]) == union([c, a, b]) == union([a, c, b, a])
    left = union([a, b])
    assert left is not None
    assert union([left, c]) == union([a, b, c])


@given(bases, bases)
def test_a_union_tells_all_that_its_parts_tell(a: Basis, b: Basis) -> None:
    both = union([a, b])
    assert both is not None
    for one in (a, b):
        assert set(one.notes) <= set(both.notes)
        assert set(one.lacks) <= set(both.lacks)
    assert both.made_up == (a.made_up or b.made_up)
    assert both.perfect <= (a.perfect and b.perfect)


def test_of_nothing_there_is_no_union() -> None:
    assert union([]) is None


@given(bases)
def test_a_basis_survives_the_wire(basis: Basis) -> None:
    assert msgspec.json.decode(msgspec.json.encode(basis), type=Basis) == basis
    said = json.loads(json.dumps(basis.to_dict()))
    assert msgspec.convert(said, Basis) == basis
    assert (said["line"], said["perfect"]) == (basis.one_line(), basis.perfect)


def test_where_all_is_there_nothing_is_told() -> None:
    basis = Basis(source="polygon", adjusted=True, inputs=(DAYS,))
    assert basis.perfect
    assert basis.one_line() == ""


def test_what_is_told_is_in_plain_words() -> None:
    lacking = replace(DAYS, missing=(FIRST_HALF,), without_bars=(HOLE,), first_bar=None)
    basis = Basis(source="synthetic", made_up=True, notes=("a note",), inputs=(lacking,))
    assert basis.one_line() == (
        "made-up prices; 1day bars are not held in full: 2024-06-03 to 2024-06-14 (10 sessions) "
        "missing; no 1day bar on 2024-06-20; a note"
    )
    assert not basis.perfect


def test_of_many_runs_the_first_are_named() -> None:
    many = tuple(replace(HOLE, first=date(2024, 6, n), last=date(2024, 6, n)) for n in range(1, 7))
    (text,) = replace(DAYS, without_bars=many).remarks()
    assert text == "no 1day bar on 2024-06-01, 2024-06-02, 2024-06-03 and 3 more"


@pytest.mark.parametrize(
    ("needed_from", "missing", "first_bar", "told"),
    [
        (None, FIRST_HALF, date(2024, 6, 17), True),
        (date(2024, 6, 17), FIRST_HALF, date(2024, 6, 17), False),  # only liked
        (date(2024, 6, 14), FIRST_HALF, date(2024, 6, 17), True),
        (date(2024, 6, 25), HOLE, date(2024, 6, 3), True),  # a hole, however long ago
        (date(2024, 6, 25), HOLE, None, False),
    ],
)
def test_what_is_only_liked_is_a_field_and_no_warning(
    needed_from: date | None, missing: SessionRun, first_bar: date | None, told: bool
) -> None:
    one = replace(DAYS, missing=(missing,), first_bar=first_bar)
    basis = Basis(source="polygon", inputs=(one,)).needing(needed_from)
    assert basis.inputs[0].missing == (missing,)
    assert basis.perfect is not told


def test_of_what_is_missing_only_the_needed_part_is_told() -> None:
    basis = replace(DAYS, missing=(FIRST_HALF,), first_bar=date(2024, 6, 17))
    (told,) = replace(basis, needed_from=date(2024, 6, 10)).remarks()
    assert told == "1day bars are not held in full: 2024-06-10 to 2024-06-14 missing"
    (last,) = replace(basis, needed_from=date(2024, 6, 14)).remarks()
    assert last == "1day bars are not held in full: 2024-06-14 missing"


def test_why_bars_are_missing_is_said_once_and_only_where_they_are_needed() -> None:
    """After all that is missing: two series may be missing for one reason."""
    why = "the basic plan holds 2 years"
    later = date(2024, 6, 17)
    days = replace(DAYS, missing=(replace(FIRST_HALF, reason=why),), first_bar=later)
    both = Basis(source="polygon", inputs=(days, replace(days, series="1min")))
    assert both.lacks[2:] == (why,)
    assert both.one_line().endswith(f"; {why}")
    assert both.needing(later).lacks == ()


def test_it_is_complete_through_where_its_least_complete_part_is() -> None:
    early, late = (replace(DAYS, complete_through=at) for at in (START, END))
    assert Basis(source="x", inputs=(late, early)).complete_through == START
    assert Basis(source="x", inputs=(late, DAYS)).complete_through is None
    assert Basis(source="x").complete_through is None


def test_a_server_that_says_nothing_is_no_perfect_one() -> None:
    assert not Basis.untold().perfect
