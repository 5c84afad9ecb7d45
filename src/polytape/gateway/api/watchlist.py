"""`/watchlist`, `/scan/batch` and `/calendar`: what a table of many symbols, and a chart, begin
with.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from polytape.engines import registry
from polytape.engines.watch_day import watch_day_flow
from polytape.errors import PolygonClientError, ValidationError
from polytape.gateway.api import engines
from polytape.gateway.api.notes import readings
from polytape.gateway.api.responses import PROBLEMS
from polytape.gateway.gateway import Gateway
from polytape.model.instants import parse_span
from polytape.model.market import Session
from polytape.model.symbols import parse_symbol
from polytape.model.timestamps import iso
from polytape.wire.api.media import JSON
from polytape.wire.api.watch_messages import (
    MAX_SYMBOLS,
    SessionMessage,
    WatchAnswer,
    WatchlistRequest,
)

# So many symbols are worked on together: others are answered in between.
AT_ONCE = 4
MAX_SESSION_DAYS = 20_000
# Of a scan and its zones, what a table shows.
SCAN_FIELDS = ("symbol", "as_of", "price", "atr_day", "errors")
ZONE_FIELDS = ("id", "low", "high", "kind", "level", "score", "distance_atr")


@post("/watchlist", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_watchlist(
    data: JSONBody[WatchlistRequest], gateway: NamedDependency[Gateway]
) -> Response[WatchAnswer]:
    """Where the trading day of each of some symbols stands, in their order; an error takes a row's
    place.
    """
    moment = engines.instant_of(data.as_of, gateway)

    async def row(symbol: str) -> dict[str, object]:
        flow = watch_day_flow(symbol, moment, gateway.market)
        return (await engines.run_flow(flow, gateway)).to_dict()

    return await _answer(data, row, gateway)


@post("/scan/batch", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_scan_batch(
    data: JSONBody[WatchlistRequest], gateway: NamedDependency[Gateway]
) -> Response[WatchAnswer]:
    """The zones of each of some symbols, in their order, by the scan's own defaults: where they lie
    and how strong they are, without their parts. An error takes a row's place.
    """
    moment = engines.instant_of(data.as_of, gateway)

    async def row(symbol: str) -> dict[str, object]:
        flow = registry.SCAN.run(symbol, moment, gateway.market, registry.SCAN.options())
        scan: Mapping[str, Any] = (await engines.run_flow(flow, gateway)).to_dict()
        zones = [{name: zone[name] for name in ZONE_FIELDS} for zone in scan["zones"]]
        return {name: scan[name] for name in SCAN_FIELDS} | {"zones": zones}

    return await _answer(data, row, gateway)


@get("/calendar", responses=PROBLEMS)
async def get_calendar(
    gateway: NamedDependency[Gateway],
    start_date: FromQuery[str],
    end_date: FromQuery[str],
) -> list[SessionMessage]:
    """The trading days from one date to another, both included, with their hours."""
    span = parse_span(start_date, end_date, gateway.market)
    if (span.end - span.start) > MAX_SESSION_DAYS * 86_400_000_000:
        raise ValidationError("start_date", start_date, f"at most {MAX_SESSION_DAYS:,} days")
    return list(map(_session, gateway.market.sessions(span)))


WATCH_ROUTES = [post_watchlist, post_scan_batch, get_calendar]


async def _answer(
    data: WatchlistRequest,
    row: Callable[[str], Awaitable[dict[str, object]]],
    gateway: Gateway,
) -> Response[WatchAnswer]:
    """A row for each symbol, some of them worked on together.

    Raises: ValidationError for no symbols, or too many.
    """
    symbols, notes = data.symbols, readings(as_of=data.as_of)
    if not 1 <= len(symbols) <= MAX_SYMBOLS:
        raise ValidationError("symbols", len(symbols), f"1 to {MAX_SYMBOLS} symbols")
    room = asyncio.Semaphore(AT_ONCE)

    async def safe(symbol: str) -> dict[str, object]:
        try:
            async with room:
                return {**await row(parse_symbol(symbol)), "error": None}
        except PolygonClientError as error:
            return {"symbol": symbol, "error": str(error)}

    rows = await asyncio.gather(*map(safe, symbols))
    answer = {"rows": rows, **({"notes": notes} if notes else {})}
    body = await gateway.workers.work(partial(msgspec.json.encode, answer))
    return Response(body, media_type=JSON)  # type: ignore[arg-type]


def _session(session: Session) -> SessionMessage:
    day: date = session.day
    return SessionMessage(
        date=day.isoformat(),
        start=iso(session.extended.start),
        pre_market_start=iso(session.overnight.end),
        open=iso(session.open),
        close=iso(session.close),
        end=iso(session.extended.end),
        early_close=session.early_close,
    )
