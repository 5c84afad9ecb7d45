"""Engines driven by a client: the bars that they ask for, in one request where that can be."""

from typing import Protocol, Self, TypeVar

import msgspec

from polytape.client.core import CachedAnswer, Core, request_of
from polytape.client.request import Asked, asked_of, cut_here
from polytape.engines.result import Done, EngineFlow, advance
from polytape.engines.session import SessionData, session_data
from polytape.errors import DataFetchError, NotFoundError
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.symbols import parse_symbol
from polytape.wire import arrow
from polytape.wire.api.messages import ARROW, JSON, BarsMetadata, Problem, SpanMessage
from polytape.wire.api.problems import from_answer
from polytape.wire.flow import Flow, Request, checked


class Noting(Protocol):
    """A result that can say what was missing for it."""

    def noting(self, text: str) -> Self:
        """The same with a further note."""
        ...


R = TypeVar("R", bound=Noting)


def run_engine(core: Core, engine: EngineFlow[R]) -> Flow[R]:
    """An engine's result from this client's bars, as far as they are held: what is not is noted in
    it. A symbol that is not there is the engine's business.
    """
    missing: list[SpanMessage] = []
    step = advance(engine)
    while not isinstance(step, Done):
        try:
            found = yield from fetch_together(core, [asked_of(query) for query in step])
        except NotFoundError as error:
            step = advance(engine, error=error)
        else:
            missing += [gap for _, told in found for gap in told.missing]
            step = advance(engine, tuple(bars for bars, _ in found))
    if not missing:
        return step.value
    first, last = min(gap.start for gap in missing), max(gap.end for gap in missing)
    return step.value.noting(f"history is not held in full from {first} to {last}")


def session(core: Core, symbol: object, at: object) -> Flow[SessionData]:
    """Session data at an instant."""
    moment = parse_instant(at, "session_datetime")
    return (yield from run_engine(core, session_data(parse_symbol(symbol), moment, market=xnys())))


def fetch_together(core: Core, many: list[Asked]) -> Flow[list[tuple[Bars, BarsMetadata]]]:
    """Several answers, as much of them as is held, from the cache or by one request. A server that
    knows no such request is asked one by one. Raises what the first failure means.
    """
    held: list[CachedAnswer | None] = [core.look(asked.query) for asked in many]
    absent = [asked for asked, kept in zip(many, held, strict=True) if kept is None]
    plain = not any(a.query.anchored or cut_here(a.query) or a.query.limit for a in absent)
    together = iter((yield from _post(core, absent)) if len(absent) > 1 and plain else [])
    answers: list[tuple[Bars, BarsMetadata]] = []
    for asked, kept in zip(many, held, strict=True):
        found = kept or next(together, None)
        if found is not None:
            answers.append(core.cut(asked.query, found))
        else:
            answers.append((yield from core.bars(asked, use_cache=True, allow_partial=True)))
    return answers


def _post(core: Core, many: list[Asked]) -> Flow[list[CachedAnswer]]:
    """Whole answers by one request; none from a server that answers it in another way."""
    now = int(core.runtime.wall() * 1e6)
    wanted = [request_of(a, None, use_cache=True, allow_partial=True) for a in many]
    body = msgspec.json.encode({"requests": wanted})
    headers = core.headers(ARROW) | {"content-type": JSON}
    path = f"{core.version}/bars/batch"
    told = yield from core.send(Request("POST", path, body=body, headers=headers))
    knows = told.headers.get("content-type", "").startswith(ARROW)
    if not knows and told.status in (200, 404, 405, 406):
        return []
    answers = arrow.decode_many(checked(told, core.runtime).body)
    if len(answers) != len(many):
        raise DataFetchError(f"{len(many)} questions were answered {len(answers)} times")
    found = []
    for asked, answer in zip(many, answers, strict=True):
        if isinstance(answer, Problem):
            problem = msgspec.json.encode(answer)
            raise from_answer(answer.status, told.headers, problem, core.runtime.now())
        kept = core.settled(asked.query, *answer, now)
        core.keep(asked.query, kept)
        found.append(kept)
    return found
