"""Symbols: whether they exist, their last price, a search; and what the gateway has cached."""

from http import HTTPStatus
from typing import Annotated

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from polytape.gateway.api.responses import PROBLEMS
from polytape.gateway.gateway import Gateway
from polytape.gateway.http import AnyRequest
from polytape.gateway.known_names import ignored_in_body
from polytape.wire.api.messages import (
    Cleared,
    Latest,
    RateLimitState,
    SearchAnswer,
    SymbolsRequest,
    Verdict,
)


@post("/validate", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def post_validate(
    request: AnyRequest, data: JSONBody[SymbolsRequest], gateway: NamedDependency[Gateway]
) -> dict[str, Verdict]:
    """Which symbols exist."""
    await ignored_in_body(request, SymbolsRequest)
    return await gateway.symbols.validate(data.symbols, detailed=data.detailed)


@get("/latest/{symbol:str}", responses=PROBLEMS)
async def get_latest(symbol: FromPath[str], gateway: NamedDependency[Gateway]) -> Latest:
    """The close of the last complete minute."""
    return await gateway.symbols.latest(symbol)


@get("/search", responses=PROBLEMS)
async def get_search(
    text: Annotated[str, QueryParameter(name="query")],
    gateway: NamedDependency[Gateway],
    active_only: FromQuery[bool] = True,
) -> SearchAnswer:
    """Securities by symbol or name, the best 100."""
    return await gateway.symbols.search(text, active_only=active_only)


@delete("/cache", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def delete_cache(
    gateway: NamedDependency[Gateway],
    symbol: Annotated[str | None, QueryParameter(description="only this symbol's")] = None,
) -> Cleared:
    """Forget answers kept in memory."""
    return Cleared(gateway.clear(symbol))


@get("/rate-limit", responses=PROBLEMS)
async def get_rate_limit(gateway: NamedDependency[Gateway]) -> RateLimitState:
    """The upstream request budget."""
    return gateway.rate_limit()


SYMBOL_ROUTES = [post_validate, get_latest, get_search, delete_cache, get_rate_limit]
