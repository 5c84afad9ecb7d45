"""What a source knows of symbols, as the history asks it."""

from polytape.history.symbol_reference import UpstreamReference
from polytape.upstream.synthetic.source import Synthetic


def test_a_source_answers_as_it_does_itself(synthetic: Synthetic) -> None:
    reference = UpstreamReference(synthetic.upstream())
    assert (reference.name, reference.made_up) == ("synthetic", True)
    assert reference.find("AAPL") == synthetic.find("AAPL") is not None
    assert reference.find("ZZZZZZ") is None
    assert reference.splits("AAPL") == synthetic.splits("AAPL")
    assert reference.last_bar("AAPL").same(synthetic.last_bar("AAPL"))
    for active_only in (True, False):
        matches = reference.search("bancorp", active_only=active_only)
        assert matches == synthetic.search("bancorp", active_only=active_only)
