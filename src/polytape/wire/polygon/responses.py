"""Responses of the vendor, read and checked. No I/O.

https://massive.com/docs/rest/stocks

A page that is not whole is an error, never a short answer.
"""

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from polytape.errors import DataFetchError, IncompleteDataError
from polytape.model.bars import Bars
from polytape.model.securities import SymbolInfo
from polytape.model.splits import Split
from polytape.wire.polygon.messages import (
    DELAYED,
    OK,
    PAGE_BARS,
    US_PER_MS,
    Agg,
    AggsPage,
    SnapshotMinute,
    Snapshots,
    SplitRow,
    SplitsPage,
    TickerRow,
    TickersPage,
)

D = TypeVar("D")
L = TypeVar("L", SplitsPage, TickersPage)


def read_aggs(body: bytes) -> AggsPage:
    """A page of bars: it has as many as it says, and was not cut at the limit.

    Raises: IncompleteDataError for a page that is not whole, DataFetchError for another status.
    """
    page = _decode(body, AggsPage)
    count = _count_of(page, "page")
    if page.query_count < count:
        raise IncompleteDataError(f"a page made of {page.query_count} bars arrived with {count}")
    if not page.next_url and (page.query_count >= PAGE_BARS or page.query_count > count):
        raise IncompleteDataError(
            f"a page of {count} of {page.query_count} bars arrived without the next one"
        )
    return page


class WrongAnswerError(IncompleteDataError):
    """An answer to another question than was asked."""


def read_aggs_of(symbol: str, body: bytes) -> AggsPage:
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


def read_grouped(body: bytes) -> AggsPage:
    """The market's day. Every row names its ticker.

    Raises: IncompleteDataError for a day that is not whole, DataFetchError for another status.
    """
    page = _decode(body, AggsPage)
    _count_of(page, "day")
    if any(row.T is UNSET for row in page.results or ()):
        raise IncompleteDataError("a row of the market's day names no ticker")
    return page


def read_snapshots(body: bytes) -> list[SnapshotMinute]:
    """The latest minute of each ticker of a snapshot.

    Raises: IncompleteDataError for what is no snapshot.
    """
    page = _decode(body, Snapshots)
    if page.status not in (OK, DELAYED) or page.tickers is UNSET:
        raise IncompleteDataError(f"a snapshot came with the status {page.status!r}")
    return list(page.tickers or ())


def read_splits(body: bytes) -> SplitsPage:
    """A page of splits.

    Raises: IncompleteDataError for what is no such page.
    """
    return _with_good_status(_decode(body, SplitsPage))


def read_tickers(body: bytes) -> TickersPage:
    """A page of tickers.

    Raises: IncompleteDataError for what is no such page.
    """
    return _with_good_status(_decode(body, TickersPage))


def read_any(body: bytes) -> bytes:
    """A reference answer as it came, if it is one: a JSON list, or an object with a good status.

    Raises: IncompleteDataError for anything else.
    """
    content = _decode(body, object)
    status = content.get("status", OK) if isinstance(content, dict) else OK
    if not isinstance(content, dict | list) or status not in (OK, DELAYED):
        raise IncompleteDataError(f"the vendor answered with the status {status!r}")
    return body


def to_bars(rows: Iterable[Agg]) -> Bars:
    """Tidy bars: a start that comes twice counts once, the later one."""
    return columns_of(rows).tidy()


def columns_of(rows: Iterable[Agg]) -> Bars:
    """The rows as columns, in the order they came in."""
    listed = list(rows)
    # A bar's start is a whole number of milliseconds, far below 2**53.
    stamps = np.array([row.t for row in listed], np.float64).astype(np.int64) * US_PER_MS
    columns = [[getattr(row, name) for row in listed] for name in ("o", "h", "l", "c", "v")]
    unknown = ([_number(getattr(row, name)) for row in listed] for name in ("vw", "n"))
    return Bars.of(stamps, *columns, *unknown)


def to_split(row: SplitRow) -> Split | None:
    """The split of a row. None where its date or ratio is nonsense: such rows are listed too."""
    try:
        return Split(
            date.fromisoformat(row.execution_date[:10]), row.ticker, row.split_from, row.split_to
        )
    except ValueError:
        return None


def to_security(row: TickerRow) -> SymbolInfo:
    """The security of a row; what is left out is empty, and active is the vendor's default."""
    name, kind, exchange = (str(n) if n else "" for n in (row.name, row.type, row.primary_exchange))
    return SymbolInfo(row.ticker, name, kind, exchange, row.active is not False)


def _count_of(page: AggsPage, named: str) -> int:
    """How many bars arrived, where that is how many the page says."""
    if page.status not in (OK, DELAYED):
        raise DataFetchError(f"the vendor answered with the status {page.status!r}")
    count = len(page.results or ())
    if count != page.results_count:
        raise IncompleteDataError(f"a {named} of {page.results_count} bars arrived with {count}")
    return count


def _number(value: float | UnsetType | None) -> float:
    return np.nan if value is None or isinstance(value, UnsetType) else float(value)


def _with_good_status(page: L) -> L:
    """The page if its status is good: an error may come with 200, and is no empty list."""
    if page.status not in (OK, DELAYED):
        raise IncompleteDataError(f"the vendor answered with the status {page.status!r}")
    return page


def _decode(body: bytes, kind: type[D]) -> D:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IncompleteDataError(f"the vendor's answer could not be read: {error}") from error
