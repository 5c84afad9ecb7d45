"""Whether a vendor says that its prices are made up: a stand-in for it does, in a header of each of
its responses. A store that it has filled says so from then on.
"""

import logging
from collections.abc import Callable, Mapping

from polytape.upstream.answer_store import AnswerStore

log = logging.getLogger("polytape.vendor")

HEADER = "x-polytape-made-up"
# What it is stored as, among the vendor's answers.
QUESTION = "are prices made up"


class MadeUpCheck:
    """`answers` are those of the store; `now` gives microseconds UTC. Usable from many threads:
    what is once said is not taken back, since bars of before are stored.
    """

    def __init__(self, answers: AnswerStore, now: Callable[[], int]) -> None:
        self._answers = answers
        self._now = now
        self._made_up = answers.get(QUESTION) is not None

    def made_up(self) -> bool:
        """Whether a response has said so, now or when the store was filled."""
        return self._made_up

    def heard(self, headers: Mapping[str, str]) -> None:
        """Look at the headers of a response that has just come (names in lower case)."""
        if self._made_up or headers.get(HEADER) != "true":
            return
        self._made_up = True
        self._answers.put(QUESTION, b"true", self._now())
        log.warning("the vendor says that its prices are made up: it is a stand-in")
