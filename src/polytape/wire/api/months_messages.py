"""The messages of `POST /api/v1/history/months`."""

import msgspec

MAX_SYMBOLS = 200
MAX_MONTHS = 240


class MonthsRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What is stored of some symbols in the last `months` calendar months, this one included."""

    symbols: list[str]
    timeframe: str = "1min"
    months: int = 36


class MonthMessage(msgspec.Struct):
    """The trading days of one month (YYYY-MM) that are over: `days` of them, of which `stored` are
    stored whole, `final` will not be corrected any more, and `partial` are stored in part.
    """

    month: str
    days: int
    stored: int
    final: int
    partial: int


class SymbolMonths(msgspec.Struct):
    """One symbol, oldest month first."""

    symbol: str
    months: list[MonthMessage]


class MonthsAnswer(msgspec.Struct):
    """A row for each symbol, in the order of the request."""

    timeframe: str
    rows: list[SymbolMonths]
