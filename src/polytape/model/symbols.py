"""What a symbol is and how it is written."""

import re

from polytape.errors import ValidationError

MAX_LENGTH = 32
ALLOWED = (
    "a ticker of 1 to 32 letters and digits, parts joined by '.', '-', ':' or '_' (AAPL, BRK.B)"
)

_SYMBOL = re.compile(r"[A-Za-z0-9]+(?:[.\-:_][A-Za-z0-9]+)*")
# Preferred shares (KIMpL), warrants (ABCw) and rights (ABCr) carry their class in lower case;
# TpC and TPC are different securities.
_CASE_BEARING = re.compile(r"[A-Z]+(?:p[A-Z]*|w|r|rw|wi)(?:\.[A-Z]+)?")


def parse_symbol(value: object, param: str = "symbol") -> str:
    """The symbol as the vendor writes it: trimmed, upper-cased but for the case-bearing classes.

    Raises: ValidationError for what is not a symbol: empty, too long, a path, a URL, control
    characters.
    """
    if not isinstance(value, str):
        raise ValidationError(param, value, ALLOWED)
    text = value.strip(" \t")
    if len(text) > MAX_LENGTH or not _SYMBOL.fullmatch(text):
        raise ValidationError(param, value, ALLOWED)
    return text if _CASE_BEARING.fullmatch(text) else text.upper()
