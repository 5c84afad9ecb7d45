"""Requests to the vendor, and the walk from page to page. No I/O.

https://massive.com/docs/rest/stocks

`next_url` may name the other brand's host: only its path and query are followed, joined to the
host that was configured.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

from polytape.errors import IncompleteDataError, ValidationError
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.wire.flow import Flow, Request, Response
from polytape.wire.polygon.errors import BadRequestError, WrongAnswerError
from polytape.wire.polygon.messages import PAGE_BARS, US_PER_MS, Maybe

MOST_PAGES = 200
# Of a `next_url`: a cursor is some hundred characters.
LONGEST_URL, MOST_FIELDS, SHOWN = 8_192, 50, 80
BARS = "/v2/aggs/ticker"
SPLITS_V1, SPLITS_V3 = "/stocks/v1/splits", "/v3/reference/splits"
TICKERS = "/v3/reference/tickers"
_TIMESPANS = {Series.MINUTE: "minute", Series.DAY: "day"}

Ask = Callable[[Request], Flow[Response]]


class Page(Protocol):
    """A response that may have another after it."""

    @property
    def next_url(self) -> Maybe:
        """Where it goes on; absent on the last page."""
        ...


P = TypeVar("P", bound=Page)


def bars_request(symbol: str, series: Series, span: Span, *, newest: int | None = None) -> Request:
    """Bars as traded that start inside `span`; with `newest` only the last so many, newest first.

    The vendor takes both ends in milliseconds and includes them.
    https://massive.com/docs/rest/stocks/aggregates/custom-bars
    """
    start, end = -(-span.start // US_PER_MS), (span.end - 1) // US_PER_MS
    path = f"{BARS}/{quote(symbol)}/range/1/{_TIMESPANS[series]}/{start}/{end}"
    order, limit = ("asc", PAGE_BARS) if newest is None else ("desc", newest)
    return Request("GET", path, (("adjusted", "false"), ("sort", order), ("limit", str(limit))))


def grouped_request(day: str) -> Request:
    """Daily bars of the whole market as traded, OTC too. `day`: YYYY-MM-DD.

    https://massive.com/docs/rest/stocks/aggregates/daily-market-summary
    """
    path = f"/v2/aggs/grouped/locale/us/market/stocks/{day}"
    return Request("GET", path, (("adjusted", "false"), ("include_otc", "true")))


def snapshot_request(symbols: Sequence[str]) -> Request:
    """Where each of some symbols is now; of the whole market where none is named.

    https://massive.com/docs/rest/stocks/snapshots/full-market-snapshot
    """
    query = (("tickers", ",".join(symbols)),) if symbols else ()
    return Request("GET", "/v2/snapshot/locale/us/markets/stocks/tickers", query)


def splits_request(path: str, *, symbol: str | None = None, since: str | None = None) -> Request:
    """Splits of a symbol, or of the whole market from a day on (YYYY-MM-DD), oldest first, by
    either route.

    https://massive.com/blog/new-splits-and-dividends-endpoints
    """
    order = (
        (("sort", "execution_date.asc"), ("limit", "5000"))
        if path == SPLITS_V1
        else (("sort", "execution_date"), ("order", "asc"), ("limit", "1000"))
    )
    of = (("ticker", symbol),) if symbol is not None else ()
    start = (("execution_date.gte", since),) if since is not None else ()
    return Request("GET", path, (*of, *start, *order))


def ticker_request(symbol: str, *, active: bool) -> Request:
    """The rows of one ticker; delisted ones are in a list of their own.

    https://massive.com/docs/rest/stocks/tickers/all-tickers
    """
    return _tickers(("ticker", symbol), active=active, limit=10)


def search_request(text: str, *, active: bool, limit: int) -> Request:
    """Tickers by symbol or name, the most relevant first.

    https://massive.com/docs/rest/stocks/tickers/all-tickers
    """
    return _tickers(("search", text), ("market", "stocks"), active=active, limit=limit)


def _tickers(*query: tuple[str, str], active: bool, limit: int) -> Request:
    flags = (("active", str(active).lower()), ("limit", str(limit)))
    return Request("GET", TICKERS, (*query, *flags))


def walk(first: Request, ask: Ask, read: Callable[[bytes], P]) -> Flow[list[P]]:
    """All pages from `first` on. A page that cannot be read is requested once more.

    Raises: IncompleteDataError where the pages go round in a circle, do not end, or cannot be read.
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
        if not _goes_on(first, request):
            raise IncompleteDataError(
                f"the vendor's pages of {first.path} go on elsewhere: {request.path[:SHOWN]!r}"
            )


def _read_page(request: Request, ask: Ask, read: Callable[[bytes], P], *, later: bool) -> Flow[P]:
    try:
        response = yield from ask(request)
    except (BadRequestError, ValidationError) as error:
        if not later:
            raise
        # Seen in June 2025: the last page of a right request is refused as wrong.
        raise IncompleteDataError(f"the vendor refused its own next page: {error}") from error
    try:
        return read(response.body)
    except WrongAnswerError:
        raise  # nor can this connection's next answer be trusted
    except IncompleteDataError:
        response = yield from ask(request)
        return read(response.body)


def _goes_on(first: Request, later: Request) -> bool:
    """Whether a page may follow a first one: pages of bars are of the same ticker and timespan. The
    paths of other lists are the vendor's own business.
    """
    route = first.path.rsplit("/", 2)[0]
    return not first.path.startswith(BARS) or later.path.rsplit("/", 2)[0] == route


def next_request(url: str) -> Request:
    """The request that a `next_url` stands for, without its host or any key in it.

    Raises: IncompleteDataError for what is no URL, or one whose path is none of the vendor's.
    """
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        shown = url[:SHOWN]
        raise IncompleteDataError(f"the vendor's next page is no URL: {shown!r}") from error
    path = parts.path
    if not path.startswith("/"):
        raise IncompleteDataError(f"the vendor's next page has no path: {path[:SHOWN]!r}")
    plain = path.isascii() and path.isprintable() and " " not in path
    if not plain or path.startswith("//") or ".." in path or len(url) > LONGEST_URL:
        raise IncompleteDataError(f"the vendor's next page has a wrong path: {path[:SHOWN]!r}")
    return Request("GET", path, tuple(q for q in query if q[0].lower() != "apikey"))
