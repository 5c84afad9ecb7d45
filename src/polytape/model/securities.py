"""What is known of a security, and how it is searched for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SymbolInfo:
    """A security. `name` is empty where the source does not know it; `type` is the vendor's code
    (CS, ETF, ...), `exchange` a MIC.
    """

    symbol: str
    name: str = ""
    type: str = ""
    exchange: str = ""
    active: bool = True


def rank(infos: list[SymbolInfo], query: str) -> list[SymbolInfo]:
    """The exact symbol first, then symbols that begin with the query, then the rest by symbol."""
    text = query.casefold()

    def key(info: SymbolInfo) -> tuple[bool, bool, int, str]:
        symbol = info.symbol.casefold()
        return (symbol != text, not symbol.startswith(text), len(symbol), symbol)

    return sorted(infos, key=key)


def matches(info: SymbolInfo, query: str, *, active_only: bool) -> bool:
    """Whether symbol or name of a security contains `query`, whatever the case."""
    text = query.casefold()
    named = text in info.symbol.casefold() or text in info.name.casefold()
    return named and (info.active or not active_only)
