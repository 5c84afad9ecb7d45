"""How the vendor is asked, and how its answers are read and checked. No I/O.

A page that is not whole is an error, never a short answer. `next_url` may name the other brand's
host: only its path and query are followed, joined to the host that was configured.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from polytape.errors import DataFetchError, IncompleteDataError, ValidationError
from polytape.model.bars import Bars
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.wire.flow import Flow, Request, Response
from polytape.wire.polygon.messages import (
    DELAYED,
    OK,
    PAGE_BARS,
    Agg,
    AggsPage,
    Maybe,
    SplitRow,
    SplitsPage,
    TickerRow,
    TickersPage,
)

MS_PER_US = 1_000
MOST_PAGES = 200
SPLITS_V1, SPLITS_V3 = "/stocks/v1/splits", "/v3/reference/splits"
TICKERS = "/v3/reference/tickers"
_SPANS = {Series.MINUTE: "minute", Series.DAY: "day"}

Ask = Callable[[Request], Flow[Response]]


class Page(Protocol):
    """An answer that may have another after it."""

    @property
    def next_url(self) -> Maybe:
        """Where it goes on; absent on the last page."""
        ...


P = TypeVar("P", bound=Page)


def bars_request(symbol: str, series: Series, span: Span, *, newest: int | None = None) -> Request:
    """Bars as traded that start inside `span`; with `newest` only the last so many, newest first.

    The vendor takes both ends in milliseconds and includes them.
    """
    start, end = -(-span.start // MS_PER_US), (span.end - 1) // MS_PER_US
    path = f"/v2/aggs/ticker/{quote(symbol)}/range/1/{_SPANS[series]}/{start}/{end}"
    order, limit = ("asc", PAGE_BARS) if newest is None else ("desc", newest)
    return Request("GET", path, (("adjusted", "false"), ("sort", order), ("limit", str(limit))))


def grouped_request(day: str) -> Request:
    """Daily bars of the whole market as traded, OTC too. `day`: YYYY-MM-DD."""
    path = f"/v2/aggs/grouped/locale/us/market/stocks/{day}"
    return Request("GET", path, (("adjusted", "false"), ("include_otc", "true")))


def splits_request(path: str, *, symbol: str | None = None, since: str | None = None) -> Request:
    """Splits of a symbol, or of the whole market from a day on, oldest first, by either route."""
    order = (
        (("sort", "execution_date.asc"), ("limit", "5000"))
        if path == SPLITS_V1
        else (("sort", "execution_date"), ("order", "asc"), ("limit", "1000"))
    )
    of = (("ticker", symbol),) if symbol is not None else ()
    start = (("execution_date.gte", since),) if since is not None else ()
    return Request("GET", path, (*of, *start, *order))


def ticker_request(symbol: str, *, active: bool) -> Request:
    """The rows of one ticker; delisted ones are in a list of their own."""
    return _tickers(("ticker", symbol), active=active, limit=10)


def search_request(text: str, *, active: bool, limit: int) -> Request:
    """Tickers by symbol or name, the most relevant first."""
    return _tickers(("search", text), ("market", "stocks"), active=active, limit=limit)


def _tickers(*query: tuple[str, str], active: bool, limit: int) -> Request:
    flags = (("active", str(active).lower()), ("limit", str(limit)))
    return Request("GET", TICKERS, (*query, *flags))


def walk(first: Request, ask: Ask, read: Callable[[bytes], P]) -> Flow[list[P]]:
    """All pages from `first` on. An answer that cannot be read is asked for once more.

    Raises IncompleteDataError where the pages go round in a circle or do not end.
    """
    pages: list[P] = []
    request, seen = first, set[tuple[object, ...]]()
    while True:
        key = (request.path, request.query)
        if key in seen or len(pages) >= MOST_PAGES:
            raise IncompleteDataError(f"the vendor's pages of {first.path} do not end")
        seen.add(key)
        page = yield from _read_page(request, ask, read, later=bool(pages))
        pages.append(page)
        if not page.next_url:
            return pages
        request = next_request(str(page.next_url))


def _read_page(
    request: Request, ask: Ask, read: Callable[[bytes], P], *, later: bool
) -> Flow[P]:  # fmt: skip
    try:
        response = yield from ask(request)
    except ValidationError as error:
        if not later:
            raise
        # Seen in June 2025: the last page of a right question is refused as wrong.
        raise IncompleteDataError(f"the vendor refused its own next page: {error}") from error
    try:
        return read(response.body)
    except IncompleteDataError:
        response = yield from ask(request)
        return read(response.body)


def next_request(url: str) -> Request:
    """The question that a `next_url` stands for, without its host or any key in it."""
    parts = urlsplit(url)
    if not parts.path.startswith("/"):
        raise IncompleteDataError(f"the vendor's next page has no path: {parts.path!r}")
    query = parse_qsl(parts.query, keep_blank_values=True)
    return Request("GET", parts.path, tuple(q for q in query if q[0].lower() != "apikey"))


def read_aggs(body: bytes) -> AggsPage:
    """A page of bars, checked: it holds as many as it says, and was not cut at the limit."""
    page = _decode(body, AggsPage)
    if page.status not in (OK, DELAYED):
        raise DataFetchError(f"the vendor answered with the status {page.status!r}")
    held = len(page.results or ())
    if held != page.results_count:
        raise IncompleteDataError(f"a page of {page.results_count} bars arrived with {held}")
    if page.query_count < held:
        raise IncompleteDataError(f"a page made of {page.query_count} bars arrived with {held}")
    if not page.next_url and (page.query_count >= PAGE_BARS or page.query_count > held):
        raise IncompleteDataError(
            f"a page of {held} of {page.query_count} bars arrived without the next one"
        )
    return page


def read_grouped(body: bytes) -> AggsPage:
    """The market's day. Every row names its ticker."""
    page = _decode(body, AggsPage)
    if page.status not in (OK, DELAYED):
        raise DataFetchError(f"the vendor answered with the status {page.status!r}")
    held = len(page.results or ())
    if held != page.results_count:
        raise IncompleteDataError(f"a day of {page.results_count} bars arrived with {held}")
    if any(row.T is UNSET for row in page.results or ()):
        raise IncompleteDataError("a row of the market's day names no ticker")
    return page


def read_splits(body: bytes) -> SplitsPage:
    """A page of splits."""
    return _right(_decode(body, SplitsPage))


def read_tickers(body: bytes) -> TickersPage:
    """A page of tickers."""
    return _right(_decode(body, TickersPage))


def read_any(body: bytes) -> bytes:
    """A reference answer as it came, if it is one: a JSON list, or an object with a good status."""
    told: Any = _decode(body, Any)
    status = told.get("status", OK) if isinstance(told, dict) else OK
    if not isinstance(told, dict | list) or status not in (OK, DELAYED):
        raise IncompleteDataError(f"the vendor answered with the status {status!r}")
    return body


def to_bars(rows: Iterable[Agg]) -> Bars:
    """Tidy bars: a start that comes twice counts once, the later one."""
    return columns_of(rows).tidy()


def columns_of(rows: Iterable[Agg]) -> Bars:
    """The rows as columns, as they came."""
    held = list(rows)
    # A bar's start is a whole number of milliseconds, far below 2**53.
    stamps = np.array([row.t for row in held], np.float64).astype(np.int64) * MS_PER_US
    columns = [[getattr(row, name) for row in held] for name in ("o", "h", "l", "c", "v")]
    unknown = ([_number(getattr(row, name)) for row in held] for name in ("vw", "n"))
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
    """The security of a row; what is not told is empty, and active is the vendor's default."""
    name, kind, exchange = (str(n) if n else "" for n in (row.name, row.type, row.primary_exchange))
    return SymbolInfo(row.ticker, name, kind, exchange, row.active is not False)


def _number(value: float | UnsetType | None) -> float:
    return np.nan if value is None or isinstance(value, UnsetType) else float(value)


D = TypeVar("D")
L = TypeVar("L", SplitsPage, TickersPage)


def _right(page: L) -> L:
    """The page if its status is good: an error may come with 200, and is no empty list."""
    if page.status not in (OK, DELAYED):
        raise IncompleteDataError(f"the vendor answered with the status {page.status!r}")
    return page


def _decode(body: bytes, kind: type[D]) -> D:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IncompleteDataError(f"the vendor's answer could not be read: {error}") from error
