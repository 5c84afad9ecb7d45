"""Engines run on a client: the bars that they want, in one request where that can be."""

from collections.abc import Callable
from dataclasses import replace

from polytape.client.core import Core
from polytape.engines.flow import EngineFlow, EngineRun, R
from polytape.engines.options import NoOptions
from polytape.engines.session import SessionData, session_flow
from polytape.errors import NotFoundError
from polytape.model.date_words import is_word, read_past
from polytape.model.market import Market
from polytape.model.symbols import parse_symbol
from polytape.model.zone_warning import warn_of_dates, warn_without_zone
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


def past_instant(value: object, param: str, market: Market, now: int) -> int:
    """An instant that is not in the future, microseconds UTC; words ("yesterday") by `now`. Of a
    date a DateWarning says what it stands for.

    Raises: ValidationError naming `param`.
    """
    # Which instant a word is, is known by the gateway's time only.
    if now == LAST and is_word(value):
        return now
    instant = read_past(value, param, market, now)
    if now != LAST:
        warn_of_dates(**{param: value})
    return instant


def session(core: Core, symbol: object, at: object) -> Flow[SessionData]:
    """Session data at an instant that is not in the future.

    Raises: ValidationError, ConnectionError, DataFetchError.
    """
    warn_without_zone(session_datetime=at)

    def build(now: int) -> EngineFlow[SessionData]:
        moment = past_instant(at, "session_datetime", core.market, now)
        return session_flow(parse_symbol(symbol), moment, core.market, NoOptions())

    return (yield from run_engine_now(core, build))
