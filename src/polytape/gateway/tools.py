"""The tools over HTTP: the engines that the client's classes drive, driven from the desk's bars."""

import inspect
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, TypeAlias

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from polytape.engines.fractals import fractals
from polytape.engines.result import Asking, Done, advance
from polytape.engines.scanner import scan_run
from polytape.engines.session import session_data
from polytape.engines.tools import camarilla_run, fractal_run, hvn_run, zone_run
from polytape.engines.volume_profile import volume_profile
from polytape.errors import NotFoundError, ValidationError, one_of
from polytape.gateway.desk import Desk
from polytape.gateway.routes import PROBLEMS
from polytape.model.instants import parse_instant
from polytape.model.symbols import parse_symbol
from polytape.wire.messages import JSON, SpanTold

Tool: TypeAlias = Callable[..., Asking[Any]]


class ToolRequest(msgspec.Struct):
    """A tool on a symbol. `as_of`: an instant, now by default; `options`: the tool's own."""

    symbol: str
    as_of: str | None = None
    options: dict[str, Any] = {}


@post("/scan", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_scan(
    data: JSONBody[ToolRequest], desk: NamedDependency[Desk]
) -> Response[dict[str, Any]]:
    """Zones of confluence. Options: weekly_levels, daily_levels, windows, variant."""
    return await _told(desk, scan_run, data)


@post("/engines/fractals", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_fractals(
    data: JSONBody[ToolRequest], desk: NamedDependency[Desk]
) -> Response[dict[str, Any]]:  # fmt: skip
    """Swing points and structure. Options: timeframe, days_back, fractal_length, ..."""
    return await _told(desk, fractal_run, data)


@post("/engines/hvn", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_hvn(
    data: JSONBody[ToolRequest], desk: NamedDependency[Desk]
) -> Response[dict[str, Any]]:
    """Volume by price. Options: timeframe, windows, include_extended, levels, ..."""
    return await _told(desk, hvn_run, data)


@post("/engines/camarilla", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_camarilla(
    data: JSONBody[ToolRequest], desk: NamedDependency[Desk]
) -> Response[dict[str, Any]]:  # fmt: skip
    """Pivots of the last completed day, week and month. Options: periods, variant."""
    return await _told(desk, camarilla_run, data)


@post("/engines/zones", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_zones(
    data: JSONBody[ToolRequest], desk: NamedDependency[Desk]
) -> Response[dict[str, Any]]:
    """Weekly, daily, ATR and structure zones. Options: weekly_levels, daily_levels."""
    return await _told(desk, zone_run, data)


@post("/engines/session", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_session(
    data: JSONBody[ToolRequest], desk: NamedDependency[Desk]
) -> Response[dict[str, Any]]:
    """Prices and ranges of a session; prices are decimal texts."""
    return await _told(desk, session_data, data)


# What a tool's open-ended options go to.
INNER: dict[Tool, tuple[Callable[..., Any], ...]] = {
    fractal_run: (fractals,),
    hvn_run: (volume_profile,),
}
TOOL_ROUTES = [post_scan, post_fractals, post_hvn, post_camarilla, post_zones, post_session]


async def _told(desk: Desk, tool: Tool, asked: ToolRequest) -> Response[dict[str, Any]]:
    symbol = parse_symbol(asked.symbol)
    as_of = desk.now() if asked.as_of is None else parse_instant(asked.as_of, "as_of")
    engine = tool(symbol, as_of, clock=desk.clock, **_options(tool, asked.options))
    result = await drive(desk, engine)
    body: Any = await desk.work(lambda: msgspec.json.encode(result.to_dict()))
    return Response(body, media_type=JSON)


async def drive(desk: Desk, engine: Asking[Any]) -> Any:
    """An engine's result from the desk's bars, as far as they are held: what is not is noted in it.
    It computes in a thread.
    """
    missing: list[SpanTold] = []
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


def _options(tool: Tool, given: dict[str, Any]) -> dict[str, Any]:
    """The tool's own options. Raises ValidationError for one that it does not have."""
    named = _keywords(tool) + [n for inner in INNER.get(tool, ()) for n in _keywords(inner)]
    known = sorted(set(named) - {"clock"})
    for name in given:
        if name not in known:
            allowed = one_of(known) if known else "nothing: this tool has no options"
            raise ValidationError("options", name, allowed)
    return given


def _keywords(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
