"""Responses of the vendor, read and checked. No I/O.

https://massive.com/docs/rest/stocks

A page that is not whole is an error, never a short answer.
"""

import json
import math
from collections.abc import Iterable
from typing import TypeVar

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from polytape.errors import DataFetchError, IncompleteDataError
from polytape.model.bars import Bars
from polytape.model.securities import SymbolInfo
from polytape.wire.polygon import messages
from polytape.wire.polygon.errors import WrongAnswerError

# The year 2200.
LAST_MS = 7_258_118_400_000
# In a row, each with another after it.
MOST_EMPTY_PAGES = 10

D = TypeVar("D")
L = TypeVar("L", messages.SplitsPage, messages.TickersPage)


def read_aggs(body: bytes) -> messages.AggsPage:
    """A page of bars: it has as many as it says, and was not cut at the limit.

    Raises: IncompleteDataError for a page that is not whole, DataFetchError for another status.
    """
    page = _decode(body, messages.AggsPage)
    count = _count_of(page, "page")
    if page.query_count < count:
        raise IncompleteDataError(f"a page made of {page.query_count} bars arrived with {count}")
    if not page.next_url and (page.query_count >= messages.PAGE_BARS or page.query_count > count):
        raise IncompleteDataError(
            f"a page of {count} of {page.query_count} bars arrived without the next one"
        )
    return page


def read_aggs_of(symbol: str, body: bytes) -> messages.AggsPage:
    """A page of a symbol's bars as traded, as `read_aggs`.

    Raises: WrongAnswerError for one of another symbol, or of adjusted prices; as `read_aggs`.
    """
    page = read_aggs(body)
    if page.ticker != symbol or page.adjusted:
        kind = "adjusted" if page.adjusted else "as traded"
        ticker = "no ticker" if page.ticker is UNSET else str(page.ticker)
        raise WrongAnswerError(
            f"asked for {symbol} as traded, the vendor answered with {ticker}, {kind}"
        )
    return page


class BarPages:
    """Reads the pages of one symbol's bars as traded, oldest first, each as `read_aggs_of`: a page
    goes on where the one before it ended, so that pages which say the same again do not go on for
    ever.

    Raises: IncompleteDataError for one that goes back; as `read_aggs_of`.
    """

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._last = -math.inf
        self._empty = 0

    def __call__(self, body: bytes) -> messages.AggsPage:
        """The next page."""
        page = read_aggs_of(self._symbol, body)
        starts = [row.t for row in page.results or ()]
        self._empty = 0 if starts else self._empty + 1
        if self._empty > MOST_EMPTY_PAGES:
            raise IncompleteDataError(f"{self._empty} pages of {self._symbol} in a row are empty")
        if starts and min(starts) <= self._last:
            raise IncompleteDataError(f"a page of {self._symbol} begins before the last one ended")
        self._last = max([self._last, *starts])
        return page


def read_grouped(body: bytes) -> messages.AggsPage:
    """The market's day as traded. Every row names its ticker.

    Raises: IncompleteDataError for a day that is not whole, WrongAnswerError for adjusted prices or
        one ticker's bars, DataFetchError for another status.
    """
    page = _decode(body, messages.AggsPage)
    _count_of(page, "day")
    if page.adjusted or page.ticker:
        kind = f"bars of {page.ticker}" if page.ticker else "adjusted or unspecified prices"
        raise WrongAnswerError(f"asked for the market's day as traded, the vendor answered {kind}")
    if any(row.T is UNSET or not row.T for row in page.results or ()):
        raise IncompleteDataError("a row of the market's day names no ticker")
    return page


def read_snapshots(body: bytes) -> list[messages.SnapshotMinute]:
    """The latest minute of each ticker of a snapshot.

    Raises: IncompleteDataError for what is no snapshot.
    """
    page = _decode(body, messages.Snapshots)
    if page.status not in (messages.OK, messages.DELAYED) or page.tickers is UNSET:
        raise IncompleteDataError(f"a snapshot came with the status {page.status!r}")
    return list(page.tickers or ())


def read_splits(body: bytes) -> messages.SplitsPage:
    """A page of splits, with rows that are none.

    Raises: IncompleteDataError for what is no such page.
    """
    try:
        page = _decode(body, messages.SplitsPage)
    except IncompleteDataError:
        page = _decode_loosely(body, messages.SplitsPage)
    return _with_good_status(page)


def read_tickers(body: bytes) -> messages.TickersPage:
    """A page of tickers.

    Raises: IncompleteDataError for what is no such page.
    """
    return _with_good_status(_decode(body, messages.TickersPage))


def read_any(body: bytes) -> bytes:
    """A reference answer as it came, if it is one: a JSON list, or an object with a good status.

    Raises: IncompleteDataError for anything else.
    """
    content = _decode(body, object)
    status = content.get("status", messages.OK) if isinstance(content, dict) else messages.OK
    if not isinstance(content, dict | list) or status not in (messages.OK, messages.DELAYED):
        raise IncompleteDataError(f"the vendor answered with the status {status!r}")
    return body


def to_bars(rows: Iterable[messages.Agg]) -> Bars:
    """Tidy bars: a start that comes twice counts once, the later one."""
    return columns_of(rows).tidy()


def columns_of(rows: Iterable[messages.Agg]) -> Bars:
    """The rows as columns, in the order they came in."""
    listed = list(rows)
    # A bar's start is a whole number of milliseconds, far below 2**53.
    starts = np.clip(np.array([row.t for row in listed], np.float64), 0, LAST_MS)
    stamps = np.rint(starts * messages.US_PER_MS).astype(np.int64)
    columns = [[getattr(row, name) for row in listed] for name in ("o", "h", "l", "c", "v")]
    unknown = ([_number(getattr(row, name)) for row in listed] for name in ("vw", "n"))
    return Bars.of(stamps, *columns, *unknown)


def to_security(row: messages.TickerRow) -> SymbolInfo:
    """The security of a row; what is left out is empty, and active is the vendor's default."""
    name, kind, exchange = (str(n) if n else "" for n in (row.name, row.type, row.primary_exchange))
    return SymbolInfo(row.ticker, name, kind, exchange, row.active is not False)


def _count_of(page: messages.AggsPage, named: str) -> int:
    """How many bars arrived, where that is how many the page says."""
    if page.status not in (messages.OK, messages.DELAYED):
        raise DataFetchError(f"the vendor answered with the status {page.status!r}")
    count = len(page.results or ())
    if count != page.results_count:
        raise IncompleteDataError(f"a {named} of {page.results_count} bars arrived with {count}")
    return count


def _number(value: float | UnsetType | None) -> float:
    return np.nan if value is None or isinstance(value, UnsetType) else float(value)


def _with_good_status(page: L) -> L:
    """The page if its status is good: an error may come with 200, and is no empty list."""
    if page.status not in (messages.OK, messages.DELAYED):
        raise IncompleteDataError(f"the vendor answered with the status {page.status!r}")
    return page


def _decode_loosely(body: bytes, kind: type[D]) -> D:
    """A message with numbers that JSON has not: NaN, Infinity, 1e400. One such row is no reason to
    refuse the others.
    """
    try:
        return msgspec.convert(json.loads(body), kind)
    except (ValueError, RecursionError) as error:
        raise IncompleteDataError(f"the vendor's answer could not be read: {error}") from error


def _decode(body: bytes, kind: type[D]) -> D:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IncompleteDataError(f"the vendor's answer could not be read: {error}") from error
