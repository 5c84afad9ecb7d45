"""Engines run on a client: the bars that they want, in one request where that can be."""

from dataclasses import replace

from polytape.client.core import Core
from polytape.engines.flow import EngineFlow, EngineRun, R
from polytape.engines.options import NoOptions
from polytape.engines.session import SessionData, session_flow
from polytape.errors import NotFoundError
from polytape.model.instants import parse_past
from polytape.model.symbols import parse_symbol
from polytape.wire.flow import Flow


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
            run.send([bars for bars, _ in answers], [metadata.basis for _, metadata in answers])
    return run.result


def session(core: Core, symbol: object, at: object) -> Flow[SessionData]:
    """Session data at an instant that is not in the future.

    Raises: ValidationError, ConnectionError, DataFetchError.
    """
    moment = parse_past(at, "session_datetime", core.market, core.connection.now_us())
    flow = session_flow(parse_symbol(symbol), moment, core.market, NoOptions())
    return (yield from run_engine(core, flow))
