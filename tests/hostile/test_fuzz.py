"""Bytes of nobody's raise what is promised, and nothing else. `make fuzz` does it for minutes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.fuzz.targets import TARGETS

CASES = [(name, seed) for name, target in TARGETS.items() for seed in target.seeds()]
IDS = [f"{name}-{number}" for number, (name, _) in enumerate(CASES)]


@st.composite
def damaged(draw: st.DrawFn, seed: bytes) -> bytes:
    """A good one with some bytes changed, a piece cut out or doubled, or a tail."""
    content = bytearray(seed)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        end = min(len(content), at + draw(st.integers(0, 40)))
        piece = draw(st.one_of(st.binary(max_size=12), st.just(bytes(content[at:end]) * 2)))
        content[at:end] = piece
    return bytes(content)


@pytest.mark.parametrize(("name", "seed"), CASES, ids=IDS)
def test_a_good_one_is_read(name: str, seed: bytes) -> None:
    """As it is: what is damaged below was whole."""
    TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
@given(st.data())
def test_damage_is_told_by_the_errors_that_are_promised(name: str, data: st.DataObject) -> None:
    """Whatever is changed, cut or doubled in a file, an answer or a message."""
    target = TARGETS[name]
    seed = data.draw(st.sampled_from(target.seeds()))
    target.run(data.draw(damaged(seed)))
