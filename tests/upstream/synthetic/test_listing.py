"""The listing of the made-up market: always the same, and each symbol one that the API takes."""

import hashlib

from polytape.model.symbols import parse_symbol
from polytape.upstream.synthetic.listing import COUNT, FAMOUS, listing


def test_every_symbol_is_one_that_can_be_asked_for() -> None:
    """A name that a search finds can be typed into a query."""
    assert [s for s in listing() if parse_symbol(s) != s] == []


def test_the_famous_ones_come_first_under_their_own_names() -> None:
    """Examples read naturally: the rest of the companies do not exist."""
    infos = list(listing().values())
    assert [(i.symbol, i.name, i.type, i.exchange) for i in infos[: len(FAMOUS)]] == [
        (symbol, *facts) for symbol, facts in FAMOUS.items()
    ]
    assert all(info.active for info in infos[: len(FAMOUS)])
    assert all(symbol == info.symbol for symbol, info in listing().items())


def test_some_are_delisted_funds_or_preferred() -> None:
    """Each kind that a search must tell apart is there."""
    infos = listing().values()
    assert 0.02 < sum(not info.active for info in infos) / COUNT < 0.08
    assert {info.type for info in infos} == {"CS", "ETF", "PFD"}
    assert {info.exchange for info in infos} == {"XNAS", "XNYS", "XASE", "ARCX"}
    assert all(info.symbol.endswith("pA") for info in infos if "Preferred" in info.name)


def test_it_is_the_same_in_every_version() -> None:
    """A store of made-up bars still opens: its symbols are those of this list."""
    text = "\n".join(f"{i.symbol} {i.name} {i.active}" for i in listing().values())
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest == "1173d8960b307abde6f2ce593fd0e906a19109f12795321d8a033e8fa33c860a"
