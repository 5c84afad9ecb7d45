"""Results as dictionaries of plain values and as frames."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.result import EngineRunResult, Result, plain
from polytape.model.basis import Basis

NOW = datetime(2024, 7, 2, 14, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Part(Result):
    price: float


@dataclass(frozen=True)
class Whole(Result):
    at: datetime
    parts: tuple[Part, ...]
    values: object = None
    notes: tuple[str, ...] = ()

    def rows(self) -> tuple[Part, ...]:
        return self.parts


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.array([1.5, np.nan]), [1.5, None]), (np.array([[1, 2]]), [[1, 2]]),
        (np.float64("nan"), None), (float("nan"), None), (np.int64(5), 5), (np.True_, True),
        ({"a": (Part(1.0),)}, {"a": [{"price": 1.0}]}), (NOW, NOW), ("x", "x"), (None, None),
        (float("inf"), float("inf")), (Part, Part),
    ],
)  # fmt: skip
def test_what_is_not_plain_becomes_so(value: object, said: object) -> None:
    assert plain(value) == said
    assert type(plain(value)) is type(said)


leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_infinity=False),
    st.floats(allow_infinity=False).map(np.float64), st.text(max_size=3), st.builds(Part, st.floats()),
    st.lists(st.floats(allow_infinity=False), max_size=3).map(np.array),
)  # fmt: skip
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=2), inner, max_size=3),
    ),
)


@given(values)
def test_plain_is_json_and_stays_as_it_is(value: object) -> None:
    once = plain(value)
    assert plain(once) == once
    json.dumps(once)


def test_a_result_is_a_dictionary_and_a_frame() -> None:
    whole = Whole(NOW, (Part(1.0), Part(2.0)), np.array([1, 2]))
    assert whole.to_dict() == {
        "at": NOW,
        "parts": [{"price": 1.0}, {"price": 2.0}],
        "values": [1, 2],
        "notes": [],
    }
    assert whole.to_frame()["price"].tolist() == [1.0, 2.0]
    assert Part(3.0).to_frame()["price"].tolist() == [3.0]


@dataclass(frozen=True, repr=False)
class Run(EngineRunResult):
    symbol: str

    def __repr__(self) -> str:
        return self._shown(self.symbol)


def test_a_run_says_what_its_bars_stand_on() -> None:
    bare = Run("X")
    nothing = dict.fromkeys(("session_day", "closed", "preset", "basis"))
    assert (repr(bare), bare.to_dict()) == ("X", {"symbol": "X"} | nothing)
    real = bare.standing_on(Basis(source="here"))
    assert repr(real) == "X"
    assert list(real.to_dict()) == ["symbol", *nothing]
    invented = bare.standing_on(Basis(source="here", made_up=True, notes=("one",)))
    assert repr(invented) == "X\n  made-up prices; one"
    assert "made-up prices" in repr(invented.to_frame())
    assert invented.to_frame().attrs["basis"] == invented.to_dict()["basis"]
    assert real.to_frame().columns.name is None


def test_a_note_is_added_to_those_before_and_the_result_stays() -> None:
    whole = Whole(NOW, (), notes=("one",))
    assert whole.noting("two").noting("three").notes == ("one", "two", "three")
    assert whole.notes == ("one",)
