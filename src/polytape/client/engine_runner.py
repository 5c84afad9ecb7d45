"""Engines run on a client: the bars that they want, in one request where that can be."""

from collections.abc import Callable
from dataclasses import replace

from polytape.client.core import Core
from polytape.engines.flow import EngineFlow, EngineRun, R
from polytape.engines.options import NoOptions
from polytape.engines.session import SessionData, session_flow
from polytape.errors import NotFoundError
from polytape.model.instants import parse_past
from polytape.model.symbols import parse_symbol
from polytape.wire.flow import Flow

# After every instant.
LAST = 2**62


def run_engine(core: Core, flow: EngineFlow[R]) -> Flow[R]:
    """An engine's result from this client's bars, as far as they are stored: its basis says what is
    missing. Whether a symbol that does not exist is an error, the engine decides.

    Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
    """
    run = EngineRun(flow).start()
    while run.queries is not None:
        queries = [replace(query, allow_partial=True) for query in run.queries]
        try:
            answers = yield from core.bars_together(queries)
        except NotFoundError as error:
            run.fail(error)
        else:
            run.send([one.bars for one in answers], [one.metadata.basis for one in answers])
    return run.result


def run_engine_now(core: Core, build: Callable[[int], EngineFlow[R]]) -> Flow[R]:
    """The result of an engine that is made for the gateway's time, microseconds UTC.

    Raises: as `run_engine`, ValidationError for what is wrong at any time before anything is sent.
    """
    build(LAST)
    now = yield from core.gateway_now()
    return (yield from run_engine(core, build(now)))


def session(core: Core, symbol: object, at: object) -> Flow[SessionData]:
    """Session data at an instant that is not in the future.

    Raises: ValidationError, ConnectionError, DataFetchError.
    """

    def build(now: int) -> EngineFlow[SessionData]:
        moment = parse_past(at, "session_datetime", core.market, now)
        return session_flow(parse_symbol(symbol), moment, core.market, NoOptions())

    return (yield from run_engine_now(core, build))
