"""Symbols that may be meant by one that there is not. Pure: whoever asks checks that they exist."""

from collections.abc import Iterable
from difflib import get_close_matches

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
