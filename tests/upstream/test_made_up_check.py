"""A vendor that says that its prices are made up is believed, for good."""

from polytape.upstream.answer_store import MemoryAnswers
from polytape.upstream.made_up_check import HEADER, MadeUpCheck


def test_what_is_once_said_is_not_taken_back() -> None:
    """Nor by another process over the same store, whose bars are still made up."""
    answers = MemoryAnswers()
    check = MadeUpCheck(answers, lambda: 7)
    check.heard({"date": "today", HEADER: "no"})
    assert not check.made_up()
    assert not MadeUpCheck(answers, lambda: 7).made_up()
    check.heard({HEADER: "true"})
    check.heard({})
    assert check.made_up()
    assert MadeUpCheck(answers, lambda: 8).made_up()
