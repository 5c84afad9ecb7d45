"""The vendor's paths. Bars come from the desk, so they cost what is not held yet; reference data,
trades and quotes are read through to the vendor, where it is the source.
"""

from functools import partial
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from polytape.errors import AuthenticationError, ValidationError
from polytape.gateway.dialects.polygon import bars, reference
from polytape.gateway.service import Desk
from polytape.model.spans import day_span
from polytape.model.symbols import ALLOWED, MAX_LENGTH
from polytape.wire.api.messages import JSON
from polytape.wire.polygon.custom_bars import day_named, next_path, parse_custom
from polytape.wire.polygon.messages import OK, AggsPage

AnyRequest = Request[Any, Any, Any]
Query: TypeAlias = tuple[tuple[str, str], ...]
# The vendor changes these once a day at most.
DAILY = (
    "/v3/reference/tickers",
    "/v3/reference/tickers/{rest:path}",
    "/vX/reference/tickers/{rest:path}",
    "/stocks/v1/splits",
    "/stocks/v1/dividends",
    "/v3/reference/splits",
    "/v3/reference/dividends",
    "/v3/reference/conditions",
    "/v3/reference/exchanges",
    "/v1/marketstatus/upcoming",
)
LIVE = (
    "/v2/last/trade/{ticker:str}",
    "/v2/last/nbbo/{ticker:str}",
    "/v2/snapshot/{rest:path}",
    "/v3/snapshot",
    "/v3/trades/{ticker:str}",
    "/v3/quotes/{ticker:str}",
)
SNAPSHOT = "/v2/snapshot/locale/us/markets/stocks/tickers/"


@get(
    "/v2/aggs/ticker/{ticker:str}/range/{multiplier:int}/{timespan:str}/{start:str}/{end:str}",
    include_in_schema=False,
)
async def get_aggs(
    request: AnyRequest,
    desk: NamedDependency[Desk],
    ticker: FromPath[str],
    multiplier: FromPath[int],
    timespan: FromPath[str],
    start: FromPath[str],
    end: FromPath[str],
) -> Response[bytes]:
    """Custom bars."""
    asked = parse_custom(multiplier, timespan, start, end, dict(request.query_params))
    symbol = _ticker(ticker)
    page, late = await bars.custom_page(desk, symbol, asked)
    further = None if page.rest is None else f"{_host(request)}{next_path(symbol, page.rest)}"

    def told() -> bytes:
        return msgspec.json.encode(
            bars.aggs(
                page,
                ticker=symbol,
                adjusted=asked.adjusted,
                late=late,
                request_id=_request_id(request),
                next_url=further,
            )
        )

    desk.metrics.bars.inc(len(page.bars))
    return _json(await desk.work(told))


@get("/v2/aggs/grouped/locale/us/market/stocks/{day:str}", include_in_schema=False)
async def get_grouped(
    request: AnyRequest, desk: NamedDependency[Desk], day: FromPath[str]
) -> Response[bytes]:
    """The daily bars of the whole market."""
    named, adjusted = day_named(day), _adjusted(request)
    if adjusted and desk.vendor is not None:
        otc = str(request.query_params.get("include_otc", "false")).lower()
        asked = (("adjusted", "true"), ("include_otc", otc))
        final = day_span(named).end <= desk.market.final_before(desk.now())
        return await _through(request, desk, asked, daily=final)
    return _rows(request, await bars.grouped(desk, named, adjusted=adjusted), adjusted)


@get("/v2/aggs/ticker/{ticker:str}/prev", include_in_schema=False)
async def get_previous(
    request: AnyRequest, desk: NamedDependency[Desk], ticker: FromPath[str]
) -> Response[bytes]:
    """The previous day's bar."""
    symbol, adjusted = _ticker(ticker), _adjusted(request)
    rows = await bars.previous(desk, symbol, adjusted=adjusted)
    return _rows(request, rows, adjusted, ticker=symbol)


@get("/v1/open-close/{ticker:str}/{day:str}", include_in_schema=False)
async def get_open_close(
    request: AnyRequest, desk: NamedDependency[Desk], ticker: FromPath[str], day: FromPath[str]
) -> Response[bytes]:
    """A day's prices with those before and after the bell."""
    adjusted = _adjusted(request)
    told = await bars.open_close(desk, _ticker(ticker), day_named(day), adjusted=adjusted)
    return _json(msgspec.json.encode(told))


@get("/v1/marketstatus/now", include_in_schema=False)
async def get_market_now(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Whether the market is open, by the exchange calendar."""
    return _json(msgspec.json.encode(reference.market_now(desk)))


@get(list(DAILY), include_in_schema=False)
async def get_daily(request: AnyRequest, desk: NamedDependency[Desk]) -> Response[bytes]:
    """Reference data: the vendor's, asked once a day, or our own."""
    if desk.vendor is not None:
        return await _through(request, desk, _asked(request), daily=True)
    return _json(await desk.ask(partial(_own_reference, request, desk)))


@get(list(LIVE), include_in_schema=False)
async def get_live(request: AnyRequest, desk: NamedDependency[Desk]) -> Response[bytes]:
    """Trades, quotes and snapshots: the vendor's; of ours there is a snapshot of one ticker."""
    if desk.vendor is not None:
        return await _through(request, desk, _asked(request), daily=False)
    path = request.url.path
    if path.startswith(SNAPSHOT):
        symbol = _ticker(path.removeprefix(SNAPSHOT))
        told = await bars.snapshot(desk, symbol, _request_id(request))
        return _json(msgspec.json.encode(told))
    raise AuthenticationError(f"this gateway's source has nothing for {path}", status=403)


def _own_reference(request: AnyRequest, desk: Desk) -> bytes:
    path, query = request.url.path, dict(request.query_params)
    told: Any
    if path == "/v3/reference/tickers":
        told, cursor = reference.tickers(desk, query, _request_id(request))
        if cursor is not None:
            kept = {name: value for name, value in query.items() if name.lower() != "apikey"}
            told.next_url = f"{_host(request)}{path}?{urlencode(kept | {'cursor': cursor})}"
    elif path.startswith("/v3/reference/tickers/") and path.count("/") == 4:  # noqa: PLR2004
        told = reference.ticker(desk, path.rsplit("/", 1)[1], _request_id(request))
    elif path in ("/stocks/v1/splits", "/v3/reference/splits"):
        told = reference.splits(desk, query, _request_id(request))
    elif path == "/v1/marketstatus/upcoming":
        told = reference.upcoming(desk)
    else:
        raise AuthenticationError(f"this gateway's source has nothing for {path}", status=403)
    return msgspec.json.encode(told)


def _asked(request: AnyRequest) -> Query:
    """The query without anybody's key."""
    pairs = request.query_params.multi_items()
    return tuple((name, str(value)) for name, value in pairs if name.lower() != "apikey")


async def _through(
    request: AnyRequest, desk: Desk, query: Query, *, daily: bool
) -> Response[bytes]:
    """The vendor's own answer, its next page on this host."""
    assert desk.vendor is not None
    path = request.url.path
    if ".." in path or any(ord(letter) < ord(" ") for letter in path):
        raise ValidationError("path", path, "a path of the vendor's")
    read = partial(desk.vendor.read_through, quote(path, safe="/:"), query, daily=daily)
    body = await desk.ask(read)
    return _json(await desk.work(partial(_on_this_host, body, _host(request))))


def _on_this_host(body: bytes, host: str) -> bytes:
    """An answer whose `next_url` names this host. Its other fields stay as they came: nanoseconds
    are no floats.
    """
    if b'"next_url"' not in body:
        return body
    told = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    url = msgspec.json.decode(told.get("next_url", msgspec.Raw(b"null")), type=str | None)
    if url is None:
        return body
    path, _, query = url.split("://", 1)[-1].partition("/")[2].partition("?")
    pairs = [(k, v) for k, v in parse_qsl(query, True) if k.lower() != "apikey"]
    told["next_url"] = msgspec.Raw(msgspec.json.encode(f"{host}/{path}?{urlencode(pairs)}"))
    return msgspec.json.encode(told)


def _rows(
    request: AnyRequest, rows: list[Any], adjusted: bool, ticker: str | None = None
) -> Response[bytes]:
    told = AggsPage(
        ticker=msgspec.UNSET if ticker is None else ticker,
        query_count=len(rows),
        results_count=len(rows),
        adjusted=adjusted,
        results=rows or msgspec.UNSET,
        status=OK,
        request_id=_request_id(request),
        count=len(rows),
    )
    return _json(msgspec.json.encode(told))


def _ticker(text: str) -> str:
    """A ticker as it is written: case counts here. Raises ValidationError."""
    plain = text.replace(".", "").replace("-", "").replace(":", "").replace("_", "")
    if not plain.isascii() or not plain.isalnum() or len(text) > MAX_LENGTH:
        raise ValidationError("ticker", text, ALLOWED)
    return text


def _adjusted(request: AnyRequest) -> bool:
    return str(request.query_params.get("adjusted", "true")).lower() != "false"


def _host(request: AnyRequest) -> str:
    return str(request.base_url).rstrip("/")


def _request_id(request: AnyRequest) -> str:
    return str(request.scope.get("state", {}).get("request_id"))


def _json(body: bytes) -> Response[bytes]:
    return Response(body, media_type=JSON)


VENDOR_ROUTES = [
    get_aggs,
    get_grouped,
    get_previous,
    get_open_close,
    get_market_now,
    get_daily,
    get_live,
]
