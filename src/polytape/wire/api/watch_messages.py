"""The messages of `/api/v1/watchlist`, `/api/v1/scan/batch` and `/api/v1/calendar`."""

from typing import Any

import msgspec

MAX_SYMBOLS = 100


class WatchlistRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /watchlist` and `POST /scan/batch`. `as_of`: an instant not in the future, now by
    default.
    """

    symbols: list[str]
    as_of: str | None = None


class WatchAnswer(msgspec.Struct):
    """A row for each symbol, in the order of the request; one with an `error` has nothing else.
    `notes` say how an `as_of` without a zone was read; left out where it has one.
    """

    rows: list[dict[str, Any]]
    notes: list[str] = []


class SessionMessage(msgspec.Struct):
    """One trading day: extended hours are [start, end), regular ones [open, close), all ISO in UTC;
    from `start` to `pre_market_start` is the night, where that trades.
    """

    date: str
    start: str
    pre_market_start: str
    open: str
    close: str
    end: str
    early_close: bool
