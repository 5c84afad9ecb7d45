"""Symbols that may be meant by one that there is not. Pure: who asks says which of them exist."""

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from itertools import islice, product
from string import ascii_uppercase

# What is typed most often, and so mistyped; a list of all symbols is not at hand here.
WELL_KNOWN = (
    "AAPL", "ABBV", "ADBE", "AMD", "AMZN", "ARKK", "AVGO", "BA", "BABA", "BAC", "BRK.A", "BRK.B",
    "CAT", "COIN", "COST", "CRM", "CSCO", "CVX", "DIA", "DIS", "GDX", "GLD", "GOOG", "GOOGL", "GS",
    "HD", "IBM", "INTC", "IWM", "JNJ", "JPM", "KO", "LLY", "MA", "MCD", "META", "MRK", "MSFT",
    "MSTR", "MU", "NFLX", "NKE", "NVDA", "ORCL", "PEP", "PFE", "PG", "PLTR", "PYPL", "QCOM", "QQQ",
    "SHOP", "SLV", "SMH", "SNAP", "SPY", "SQQQ", "TLT", "TQQQ", "TSLA", "TSM", "UBER", "UNH", "USO",
    "V", "VOO", "VTI", "WFC", "WMT", "XLE", "XLF", "XLK", "XOM",
)  # fmt: skip
# Below it the letters have too little in common.
LIKE = 0.72
SHORTEST = 3
MOST = 3


def near(symbol: str, exists: Callable[[str], bool] | None = None) -> tuple[str, ...]:
    """At most three symbols that may be meant by one that there is not, the likeliest first: what
    is well known and alike, else any that is one letter away. `exists` says whether there is a
    symbol; None where that cannot be said: well-known ones do.
    """
    likely = candidates(symbol)
    if exists is None:
        return tuple(likely)
    there = [name for name in likely if exists(name)]
    return tuple(there or islice(filter(exists, _a_letter_away(symbol.upper())), MOST))


def candidates(symbol: str, known: Iterable[str] = WELL_KNOWN) -> list[str]:
    """At most three, the likeliest first: its share class written with a dot, then a symbol of
    `known` that differs by a letter or two.
    """
    text = symbol.upper()
    dotted = text.replace("-", ".").replace("/", ".").replace("_", ".")
    first = [dotted] if dotted != text else []
    close = get_close_matches(text, known, 3, LIKE) if len(text) >= SHORTEST else []
    # The first letter is seldom the wrong one.
    alike = [name for name in close if name[0] == text[0]] or close
    return list(dict.fromkeys([*first, *(name for name in alike[:2] if name != text)]))


def _a_letter_away(text: str) -> Iterator[str]:
    """Two letters swapped, one left out, one more, one other; each once, the text itself not."""
    if len(text) < SHORTEST:
        return
    cuts = [(text[:at], text[at], text[at + 1 :]) for at in range(len(text))]
    swapped = [a + b[0] + letter + b[1:] for a, letter, b in cuts[:-1]]
    shorter = [a + b for a, _, b in cuts]
    # What differs at the end is likelier than what differs at the beginning.
    put_in = product(cuts[::-1], ascii_uppercase)
    longer = [text + new for new in ascii_uppercase]
    for (a, letter, b), new in put_in:
        longer += [a + new + letter + b, a + new + b]
    yield from dict.fromkeys(name for name in (*swapped, *shorter, *longer) if name != text)
