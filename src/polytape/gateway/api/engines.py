"""The tools over HTTP: the engines that the client's classes drive, driven from the desk's bars."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, TypeAlias

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from polytape.engines.options import (
    CamarillaOptions,
    FractalOptions,
    HvnOptions,
    ScanOptions,
    ZoneOptions,
)
from polytape.engines.result import Done, EngineFlow, advance
from polytape.engines.runs import camarilla_run, fractal_run, hvn_run, zone_run
from polytape.engines.scanner import scan_run
from polytape.engines.session import session_data
from polytape.errors import NotFoundError
from polytape.gateway.api.routes import PROBLEMS
from polytape.gateway.service import Desk
from polytape.model.instants import parse_instant
from polytape.model.symbols import parse_symbol
from polytape.wire.api.messages import JSON, SpanMessage

Tool: TypeAlias = Callable[..., EngineFlow[Any]]


class ScanRequest(msgspec.Struct):
    """The scanner on a symbol. `as_of`: an instant, now by default."""

    symbol: str
    as_of: str | None = None
    options: ScanOptions = ScanOptions()


class FractalRequest(msgspec.Struct):
    """The fractals of a symbol."""

    symbol: str
    as_of: str | None = None
    options: FractalOptions = FractalOptions()


class HvnRequest(msgspec.Struct):
    """The volume profiles of a symbol."""

    symbol: str
    as_of: str | None = None
    options: HvnOptions = HvnOptions()


class CamarillaRequest(msgspec.Struct):
    """The pivots of a symbol."""

    symbol: str
    as_of: str | None = None
    options: CamarillaOptions = CamarillaOptions()


class ZoneRequest(msgspec.Struct):
    """The zones of a symbol."""

    symbol: str
    as_of: str | None = None
    options: ZoneOptions = ZoneOptions()


class SessionRequest(msgspec.Struct):
    """Session data of a symbol."""

    symbol: str
    as_of: str | None = None


@post("/scan", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_scan(
    data: JSONBody[ScanRequest], desk: NamedDependency[Desk]
) -> Response[dict[str, Any]]:
    """Zones of confluence."""
    return await _told(desk, scan_run, data.symbol, data.as_of, data.options)


@post("/engines/fractals", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_fractals(
    data: JSONBody[FractalRequest], desk: NamedDependency[Desk]
) -> Response[dict[str, Any]]:
    """Swing points and structure."""
    return await _told(desk, fractal_run, data.symbol, data.as_of, data.options)


@post("/engines/hvn", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_hvn(
    data: JSONBody[HvnRequest], desk: NamedDependency[Desk]
) -> Response[dict[str, Any]]:
    """Volume by price."""
    return await _told(desk, hvn_run, data.symbol, data.as_of, data.options)


@post("/engines/camarilla", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_camarilla(
    data: JSONBody[CamarillaRequest], desk: NamedDependency[Desk]
) -> Response[dict[str, Any]]:
    """Pivots of the last completed day, week and month."""
    return await _told(desk, camarilla_run, data.symbol, data.as_of, data.options)


@post("/engines/zones", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_zones(
    data: JSONBody[ZoneRequest], desk: NamedDependency[Desk]
) -> Response[dict[str, Any]]:
    """Weekly, daily, ATR and structure zones."""
    return await _told(desk, zone_run, data.symbol, data.as_of, data.options)


@post("/engines/session", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_session(
    data: JSONBody[SessionRequest], desk: NamedDependency[Desk]
) -> Response[dict[str, Any]]:
    """Prices and ranges of a session; prices are decimal texts."""
    return await _told(desk, session_data, data.symbol, data.as_of, ZoneOptions())


TOOL_ROUTES = [post_scan, post_fractals, post_hvn, post_camarilla, post_zones, post_session]


async def _told(
    desk: Desk, tool: Tool, symbol: str, as_of: str | None, options: msgspec.Struct
) -> Response[dict[str, Any]]:
    """The tool's result, from the options that were given."""
    moment = desk.now() if as_of is None else parse_instant(as_of, "as_of")
    given = msgspec.to_builtins(options)
    engine = tool(parse_symbol(symbol), moment, market=desk.market, **given)
    result = await drive(desk, engine)
    body: Any = await desk.work(lambda: msgspec.json.encode(result.to_dict()))
    return Response(body, media_type=JSON)


async def drive(desk: Desk, engine: EngineFlow[Any]) -> Any:
    """An engine's result from the desk's bars, as far as they are held: what is not is noted in it.
    It computes in a thread.
    """
    missing: list[SpanMessage] = []
    step = await desk.heavy(partial(advance, engine))
    while not isinstance(step, Done):
        try:
            answers = [await desk.bars(question, allow_partial=True) for question in step]
        except NotFoundError as error:
            step = await desk.heavy(partial(advance, engine, error=error))
        else:
            missing += [gap for answer in answers for gap in answer.metadata.missing]
            bars = tuple(answer.bars for answer in answers)
            step = await desk.heavy(partial(advance, engine, bars))
    if not missing:
        return step.value
    first, last = min(gap.start for gap in missing), max(gap.end for gap in missing)
    return step.value.noting(f"history is not held in full from {first} to {last}")
