"""The vendor's paths. Bars come from the gateway, so that only gaps of the store cost a request;
reference data, trades and quotes are read through to the vendor, where it is the source.
"""

from collections.abc import Iterable
from functools import partial
from typing import TypeAlias
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from polytape.errors import AuthenticationError, ValidationError
from polytape.gateway import http
from polytape.gateway.dialects.polygon import bars, days, reference, snapshot
from polytape.gateway.gateway import Gateway
from polytape.model.symbols import ALLOWED, MAX_LENGTH
from polytape.upstream.source import ReadThrough
from polytape.wire.api.media import JSON
from polytape.wire.polygon.custom_bars import day_named, next_path, parse_custom

Pairs: TypeAlias = tuple[tuple[str, str], ...]
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
TICKERS = "/v3/reference/tickers"
SPLITS = ("/stocks/v1/splits", "/v3/reference/splits")
UPCOMING = "/v1/marketstatus/upcoming"
SNAPSHOT = "/v2/snapshot/locale/us/markets/stocks/tickers/"


@get(
    "/v2/aggs/ticker/{ticker:str}/range/{multiplier:int}/{timespan:str}/{start:str}/{end:str}",
    include_in_schema=False,
)
async def get_aggs(
    request: http.AnyRequest,
    gateway: NamedDependency[Gateway],
    ticker: FromPath[str],
    multiplier: FromPath[int],
    timespan: FromPath[str],
    start: FromPath[str],
    end: FromPath[str],
) -> Response[bytes]:
    """Custom bars."""
    query = dict(request.query_params)
    custom = parse_custom(multiplier, timespan, start, end, query, gateway.market)
    symbol = _ticker(ticker)
    page, late = await bars.custom_page(gateway, symbol, custom)
    next_url = None if page.rest is None else f"{_host(request)}{next_path(symbol, page.rest)}"
    build = partial(
        bars.aggs,
        page,
        ticker=symbol,
        adjusted=custom.adjusted,
        late=late,
        request_id=_request_id(request),
        next_url=next_url,
    )
    gateway.metrics.bars.inc(len(page.bars))
    return _json(await gateway.workers.work(lambda: msgspec.json.encode(build())))


@get("/v2/aggs/grouped/locale/us/market/stocks/{day:str}", include_in_schema=False)
async def get_grouped(
    request: http.AnyRequest, gateway: NamedDependency[Gateway], day: FromPath[str]
) -> Response[bytes]:
    """The daily bars of the whole market."""
    named, adjusted = day_named(day), _adjusted(request)
    vendor = _vendor(gateway)
    if adjusted and vendor is not None:
        otc = str(request.query_params.get("include_otc", "false")).lower()
        query = (("adjusted", "true"), ("include_otc", otc))
        final = gateway.market.day_span(named).end <= gateway.market.final_before(gateway.now())
        return await _through(request, gateway, vendor, query, daily=final)
    rows = await days.grouped(gateway, named, adjusted=adjusted)
    page = days.page(rows, ticker=None, adjusted=adjusted, request_id=_request_id(request))
    return _json(msgspec.json.encode(page))


@get("/v2/aggs/ticker/{ticker:str}/prev", include_in_schema=False)
async def get_previous(
    request: http.AnyRequest, gateway: NamedDependency[Gateway], ticker: FromPath[str]
) -> Response[bytes]:
    """The previous day's bar."""
    symbol, adjusted = _ticker(ticker), _adjusted(request)
    rows = await days.previous(gateway, symbol, adjusted=adjusted)
    page = days.page(rows, ticker=symbol, adjusted=adjusted, request_id=_request_id(request))
    return _json(msgspec.json.encode(page))


@get("/v1/open-close/{ticker:str}/{day:str}", include_in_schema=False)
async def get_open_close(
    request: http.AnyRequest,
    gateway: NamedDependency[Gateway],
    ticker: FromPath[str],
    day: FromPath[str],
) -> Response[bytes]:
    """A day's prices with those before and after the bell."""
    adjusted = _adjusted(request)
    prices = await days.open_close(gateway, _ticker(ticker), day_named(day), adjusted=adjusted)
    return _json(msgspec.json.encode(prices))


@get("/v1/marketstatus/now", include_in_schema=False)
async def get_market_now(gateway: NamedDependency[Gateway]) -> Response[bytes]:
    """Whether the market is open, by the exchange calendar."""
    return _json(msgspec.json.encode(reference.market_now(gateway)))


@get(list(DAILY), include_in_schema=False)
async def get_daily(request: http.AnyRequest, gateway: NamedDependency[Gateway]) -> Response[bytes]:
    """Reference data: the vendor's, fetched once a day, or our own."""
    vendor = _vendor(gateway)
    if vendor is not None:
        return await _through(request, gateway, vendor, _query(request), daily=True)
    return _json(await gateway.workers.foreground(partial(_own_reference, request, gateway)))


@get(list(LIVE), include_in_schema=False)
async def get_live(request: http.AnyRequest, gateway: NamedDependency[Gateway]) -> Response[bytes]:
    """Trades, quotes and snapshots: the vendor's; of ours there is a snapshot of one ticker."""
    vendor = _vendor(gateway)
    if vendor is not None:
        return await _through(request, gateway, vendor, _query(request), daily=False)
    path = request.url.path
    if path.startswith(SNAPSHOT):
        symbol = _ticker(path.removeprefix(SNAPSHOT))
        state = await snapshot.snapshot(gateway, symbol, _request_id(request))
        return _json(msgspec.json.encode(state))
    raise _nothing_for(path)


def _vendor(gateway: Gateway) -> ReadThrough | None:
    """The vendor, where it is the source of its own answers."""
    return None if gateway.upstream is None else gateway.upstream.through


def _own_reference(request: http.AnyRequest, gateway: Gateway) -> bytes:
    """Reference data of the gateway's own. Raises: AuthenticationError where it has none."""
    path, query = request.url.path, dict(request.query_params)
    if path == TICKERS:
        page, cursor = reference.tickers(gateway, query, _request_id(request))
        if cursor is not None:
            parameters = dict(_without_key(query.items())) | {"cursor": cursor}
            page.next_url = f"{_host(request)}{path}?{urlencode(parameters)}"
        return msgspec.json.encode(page)
    section, _, name = path.rpartition("/")
    if section == TICKERS:
        return msgspec.json.encode(reference.ticker(gateway, name, _request_id(request)))
    if path in SPLITS:
        return msgspec.json.encode(reference.splits(gateway, query, _request_id(request)))
    if path == UPCOMING:
        return msgspec.json.encode(reference.upcoming(gateway))
    raise _nothing_for(path)


def _nothing_for(path: str) -> AuthenticationError:
    return AuthenticationError(f"this gateway's source has nothing for {path}", status=403)


def _query(request: http.AnyRequest) -> Pairs:
    """The query without anybody's key."""
    pairs = request.query_params.multi_items()
    return tuple(_without_key((name, str(value)) for name, value in pairs))


def _without_key(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in pairs if name.lower() != "apikey"]


async def _through(
    request: http.AnyRequest, gateway: Gateway, vendor: ReadThrough, query: Pairs, *, daily: bool
) -> Response[bytes]:
    """The vendor's own answer, its next page on this host."""
    path = request.url.path
    if ".." in path or any(ord(letter) < ord(" ") for letter in path):
        raise ValidationError("path", path, "a path of the vendor's")
    read = partial(vendor.read_through, quote(path, safe="/:"), query, daily=daily)
    body = await gateway.workers.foreground(read)
    return _json(await gateway.workers.work(partial(_on_this_host, body, _host(request))))


def _on_this_host(body: bytes, host: str) -> bytes:
    """An answer whose `next_url` names this host. Its other fields stay as they came: nanoseconds
    are no floats.
    """
    if b'"next_url"' not in body:
        return body
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    url = msgspec.json.decode(fields.get("next_url", msgspec.Raw(b"null")), type=str | None)
    if url is None:
        return body
    path, _, query = url.split("://", 1)[-1].partition("/")[2].partition("?")
    pairs = _without_key(parse_qsl(query, True))
    fields["next_url"] = msgspec.Raw(msgspec.json.encode(f"{host}/{path}?{urlencode(pairs)}"))
    return msgspec.json.encode(fields)


def _ticker(text: str) -> str:
    """A ticker as it is written: case counts here. Raises: ValidationError."""
    plain = text.replace(".", "").replace("-", "").replace(":", "").replace("_", "")
    if not plain.isascii() or not plain.isalnum() or len(text) > MAX_LENGTH:
        raise ValidationError("ticker", text, ALLOWED)
    return text


def _adjusted(request: http.AnyRequest) -> bool:
    return str(request.query_params.get("adjusted", "true")).lower() != "false"


def _host(request: http.AnyRequest) -> str:
    return str(request.base_url).rstrip("/")


def _request_id(request: http.AnyRequest) -> str:
    return str(http.request_id(request))


def _json(body: bytes) -> Response[bytes]:
    return Response(body, media_type=JSON)


POLYGON_ROUTES = [
    get_aggs,
    get_grouped,
    get_previous,
    get_open_close,
    get_market_now,
    get_daily,
    get_live,
]
