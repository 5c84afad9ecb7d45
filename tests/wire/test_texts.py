"""Texts of others: short, in one line, and nothing in them that a terminal or a log obeys."""

from hypothesis import given
from hypothesis import strategies as st

from polytape.wire.texts import shown


@given(st.text(max_size=2000), st.integers(10, 600))
def test_what_is_shown_is_one_short_printable_line(text: str, most: int) -> None:
    """Whatever it is made of."""
    line = shown(text, most)
    assert len(line) <= most
    assert line.isprintable()
    assert shown(line, most) == line


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=100))
def test_a_plain_text_is_shown_as_it_is(text: str) -> None:
    """Only what needs it is changed."""
    assert shown(text) == text


def test_what_moves_or_hides_is_a_blank() -> None:
    """Escapes of terminals, ends of lines, marks of direction, of no width."""
    assert shown("a\x1b[2Jb\r\nGET /\u202egnp\u200b.exe\x00\x85") == "a [2Jb GET / gnp .exe"
    assert shown("x" * 501) == "x" * 499 + "…"
