"""The engines over HTTP: a route for each of the registry, run on the gateway's bars."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TypeVar, cast

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from polytape.engines import registry
from polytape.engines.flow import EngineFlow, EngineResult, EngineRun
from polytape.engines.options import EngineOptions, NoOptions
from polytape.engines.presets import with_preset
from polytape.errors import NotFoundError
from polytape.gateway.api.notes import readings
from polytape.gateway.api.responses import PROBLEMS
from polytape.gateway.gateway import Gateway
from polytape.gateway.http import AnyRequest
from polytape.history.bars_result import BarsResult
from polytape.model.date_words import read_past
from polytape.model.query import BarsQuery
from polytape.model.symbols import parse_symbol
from polytape.net.stages import stage
from polytape.wire.api.media import JSON

R = TypeVar("R", bound=EngineResult)
T = TypeVar("T")


class EngineRequest(msgspec.Struct, forbid_unknown_fields=True):
    """An engine on a symbol. `as_of`: an instant not in the future, or a word (`yesterday`), now by
    default.
    """

    symbol: str
    as_of: str | None = None


def _request_type(spec: registry.EngineSpec) -> type[EngineRequest]:
    """The body of an engine's route, with its own options."""
    none = spec.options is NoOptions
    name = spec.name.title() if none else spec.options.__name__.removesuffix("Options")
    fields = [("options", spec.options, spec.options())]
    made = msgspec.defstruct(
        f"{name}Request", fields, bases=(EngineRequest,), forbid_unknown_fields=True
    )
    return cast("type[EngineRequest]", made)


def _route(spec: registry.EngineSpec) -> HTTPRouteHandler:
    request_type = _request_type(spec)

    async def handler(
        request: AnyRequest,
        data: JSONBody[request_type],  # type: ignore[valid-type]
        gateway: NamedDependency[Gateway],
    ) -> Response[dict[str, object]]:
        options: EngineOptions = getattr(data, "options", NoOptions())
        if getattr(options, "preset", None) is not None:
            options = with_preset(options, _given(await request.body()))
        return await _respond(spec, data, options, gateway)

    handler.__name__ = f"post_{spec.name.replace('-', '_')}"
    handler.__doc__ = f"{spec.title}."
    return post(spec.path, status_code=HTTPStatus.OK, responses=PROBLEMS)(handler)


ENGINE_ROUTES = [_route(spec) for spec in registry.ENGINES]


class _WithOptions(msgspec.Struct):
    """The part of a request that says which options the caller named."""

    options: dict[str, object]


def _given(body: bytes) -> set[str]:
    """The options that a request names, be it with their defaults: those win over a preset."""
    return set(msgspec.json.decode(body, type=_WithOptions).options)


async def _respond(
    spec: registry.EngineSpec, data: EngineRequest, options: EngineOptions, gateway: Gateway
) -> Response[dict[str, object]]:
    result = await run_engine(spec, data.symbol, data.as_of, options, gateway)
    notes = readings(as_of=data.as_of, anchor=getattr(options, "anchor", None))
    # The bytes are what the annotation promises: they are encoded off the event loop.
    body = await gateway.workers.work(partial(_encode, result, notes))
    return cast("Response[dict[str, object]]", Response(body, media_type=JSON))


def _encode(result: EngineResult, notes: tuple[str, ...]) -> bytes:
    """The answer of an engine; `notes` say how instants of the request were read."""
    facts = dict(result.to_dict())
    if notes:
        known = facts.get("notes")
        facts["notes"] = [*(known if isinstance(known, list | tuple) else ()), *notes]
    return msgspec.json.encode(facts)


async def run_engine(
    spec: registry.EngineSpec,
    symbol: str,
    as_of: str | None,
    options: EngineOptions,
    gateway: Gateway,
) -> EngineResult:
    """An engine's result from the gateway's bars, as far as they are stored: its basis says what is
    missing.

    Raises: ValidationError naming the field; NotFoundError, DataFetchError.
    """
    flow = spec.run(parse_symbol(symbol), instant_of(as_of, gateway), gateway.market, options)
    return await run_flow(flow, gateway)


def instant_of(as_of: str | None, gateway: Gateway) -> int:
    """The instant of a request, microseconds UTC: now by default.

    Raises: ValidationError for what is no instant, or one in the future.
    """
    now = gateway.now()
    return now if as_of is None else read_past(as_of, "as_of", gateway.market, now)


async def run_flow(flow: EngineFlow[R], gateway: Gateway) -> R:
    """The result of an engine's flow on the gateway's bars. It computes in a thread.

    Raises: NotFoundError, DataFetchError, and what the flow raises.
    """
    heavy, engine = gateway.workers.heavy, EngineRun(flow)
    run = await heavy(partial(_compute, engine.start))
    with ExitStack() as memory:
        while run.queries is not None:
            try:
                results = [await _counted_bars(query, gateway, memory) for query in run.queries]
            except NotFoundError as error:
                await heavy(partial(_compute, partial(run.fail, error)))
            else:
                bases = [result.metadata.basis for result in results]
                send = partial(run.send, [result.bars for result in results], bases)
                await heavy(partial(_compute, send))
    return run.result


def _compute(step: Callable[[], T]) -> T:
    with stage("engine"):
        return step()


async def _counted_bars(query: BarsQuery, gateway: Gateway, memory: ExitStack) -> BarsResult:
    """The bars of an engine, which count as in flight until `memory` is closed."""
    query = replace(query, allow_partial=True)
    ticket = await gateway.memory.admit(query)
    memory.callback(ticket.release)
    result = await gateway.bars.bars(query)
    ticket.resize(result.bars.nbytes)
    return result
