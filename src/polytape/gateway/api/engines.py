"""The engines over HTTP: a route for each of the registry, run on the gateway's bars."""

from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import cast

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from polytape.engines.flow import EngineFlow, EngineResult, EngineRun
from polytape.engines.options import EngineOptions, NoOptions
from polytape.engines.registry import ENGINES, EngineSpec
from polytape.errors import NotFoundError
from polytape.gateway.api.responses import PROBLEMS
from polytape.gateway.gateway import Gateway
from polytape.model.instants import parse_past
from polytape.model.symbols import parse_symbol
from polytape.wire.api.media import JSON


class EngineRequest(msgspec.Struct):
    """An engine on a symbol. `as_of`: an instant not in the future, now by default."""

    symbol: str
    as_of: str | None = None


def _request_type(spec: EngineSpec) -> type[EngineRequest]:
    """The body of an engine's route: with its own options, where it has some."""
    if spec.options is NoOptions:
        name, fields = f"{spec.name.title()}Request", []
    else:
        name = f"{spec.options.__name__.removesuffix('Options')}Request"
        fields = [("options", spec.options, spec.options())]
    made = msgspec.defstruct(name, fields, bases=(EngineRequest,))
    return cast("type[EngineRequest]", made)


def _route(spec: EngineSpec) -> HTTPRouteHandler:
    request_type = _request_type(spec)

    async def handler(
        data: JSONBody[request_type],  # type: ignore[valid-type]
        gateway: NamedDependency[Gateway],
    ) -> Response[dict[str, object]]:
        return await _respond(spec, data, gateway)

    handler.__name__ = f"post_{spec.name.replace('-', '_')}"
    handler.__doc__ = f"{spec.title}."
    return post(spec.path, status_code=HTTPStatus.OK, responses=PROBLEMS)(handler)


ENGINE_ROUTES = [_route(spec) for spec in ENGINES]


async def _respond(
    spec: EngineSpec, data: EngineRequest, gateway: Gateway
) -> Response[dict[str, object]]:
    options = getattr(data, "options", NoOptions())
    result = await run_engine(spec, data.symbol, data.as_of, options, gateway)
    # The bytes are what the annotation promises: they are encoded off the event loop.
    body = await gateway.workers.work(lambda: msgspec.json.encode(result.to_dict()))
    return cast("Response[dict[str, object]]", Response(body, media_type=JSON))


async def run_engine(
    spec: EngineSpec, symbol: str, as_of: str | None, options: EngineOptions, gateway: Gateway
) -> EngineResult:
    """An engine's result from the gateway's bars, as far as they are stored: its basis says what is
    missing. It computes in a thread.

    Raises: ValidationError naming the field; NotFoundError, DataFetchError.
    """
    market, heavy = gateway.market, gateway.workers.heavy
    now = gateway.now()
    moment = now if as_of is None else parse_past(as_of, "as_of", market, now)
    flow: EngineFlow[EngineResult]
    flow = spec.load_flow()(parse_symbol(symbol), moment, market, options)
    run = await heavy(EngineRun(flow).start)
    while run.queries is not None:
        try:
            results = [
                await gateway.bars.bars(replace(query, allow_partial=True)) for query in run.queries
            ]
        except NotFoundError as error:
            await heavy(partial(run.fail, error))
        else:
            bases = [result.metadata.basis for result in results]
            await heavy(partial(run.send, [result.bars for result in results], bases))
    return run.result
