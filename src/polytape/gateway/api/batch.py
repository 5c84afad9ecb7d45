"""Many questions in one request: answered in their order, and written as they are made, so that the
bars of a few are in memory at a time.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeAlias

import msgspec

from polytape.errors import PolygonClientError, ValidationError
from polytape.gateway.answer_cache import AnswerKey
from polytape.gateway.api.answer_body import (
    PART_BYTES,
    Write,
    is_whole,
    stream_parts,
    whole_body,
    write_parts,
)
from polytape.gateway.api.answer_entry import entry, may_be_cached
from polytape.gateway.api.notes import dates_read, noted
from polytape.gateway.gateway import Gateway
from polytape.history.bars_result import BarsResult
from polytape.history.lane import Lane
from polytape.model.answer_size import most_bars
from polytape.model.query import BarsQuery
from polytape.wire import arrow
from polytape.wire.api import messages
from polytape.wire.api.media import ARROW, JSON
from polytape.wire.api.names import ignored_fields
from polytape.wire.api.problems import Problem, to_problem

MAX_BATCH_BARS = 2_000_000
AT_ONCE = 8
# What the bars of a batch may take while they wait to be written; one answer may take more.
WINDOW_BYTES = 64 * 1024 * 1024


class _Answer(NamedTuple):
    """An answer, whole or in parts that are made when they are wanted; how many bars it has, None
    for an error; and the bytes of the batch's room that it takes until it is written. One that lies
    in the cache takes none: it would keep out the answer before it, which has to be written first.
    """

    parts: bytes | Iterator[bytes]
    bars: int | None = None
    size: int = 0


class _Question(NamedTuple):
    """What is asked, or what is wrong with it; how many bytes its answer takes at most, under which
    key it may be cached, and what the answer says of how it was read.
    """

    query: BarsQuery | Problem
    size: int
    key: AnswerKey | None
    notes: tuple[str, ...] = ()


# What was answered before needs no question.
Row: TypeAlias = _Question | _Answer


class _Joined:
    """Writes short parts together."""

    def __init__(self, write: Write) -> None:
        self.write_now = write
        self._waiting: list[bytes] = []
        self._size = 0

    async def write(self, part: bytes) -> None:
        """Write a part, or let it wait for others."""
        self._waiting.append(part)
        self._size += len(part)
        if self._size >= PART_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            body = b"".join(self._waiting)
            self._waiting, self._size = [], 0
            await self.write_now(body)


@dataclass
class Batch:
    """Questions, and answers that were in memory when they came. `bytes`: what answering the
    questions takes at a time.
    """

    rows: Sequence[Row]
    bytes: int
    gateway: Gateway
    as_arrow: bool
    _bars_left: int = field(init=False)

    def __post_init__(self) -> None:
        self._bars_left = MAX_BATCH_BARS
        self._room = Lane(self.bytes)

    @classmethod
    async def of(
        cls, requests: Sequence[dict[str, object]], gateway: Gateway, *, as_arrow: bool
    ) -> "Batch":
        """The batch of requests as they came; what is wrong with one will be its answer."""
        keys = [_key(fields, as_arrow=as_arrow) for fields in requests]
        known = [_known(key, gateway) for key in keys]
        others = [at for at, answer in enumerate(known) if answer is None]
        parse = partial(_parse_all, [(requests[at], keys[at]) for at in others], gateway)
        questions = await gateway.workers.work(parse) if others else []
        left = iter(questions)
        rows = [next(left) if answer is None else answer for answer in known]
        sizes = [question.size for question in questions]
        most = max(sizes, default=0)
        return cls(rows, min(sum(sizes), max(most, WINDOW_BYTES)), gateway, as_arrow)

    async def write(self, write: Write) -> None:
        """Write the answers, one after the other; short ones together."""
        coming: deque[asyncio.Future[_Answer]] = deque()
        rows = iter(self.rows)
        out = _Joined(write)
        if not self.as_arrow:
            await out.write(b'{"answers":[')
        try:
            for number in range(len(self.rows)):
                while len(coming) < AT_ONCE and (row := next(rows, None)) is not None:
                    coming.append(self._begin(row))
                answer = await coming.popleft()
                if number and not self.as_arrow:
                    await out.write(b",")
                await self._write(answer, out)
                self._room.change(-answer.size)
        finally:
            for one in coming:
                one.cancel()
        if not self.as_arrow:
            await out.write(b"]}")
        await out.flush()

    def _begin(self, row: Row) -> asyncio.Future[_Answer]:
        """An answer that is being made; one that is in memory is there at once."""
        if isinstance(row, _Question):
            return asyncio.create_task(self._answer(row))
        self.gateway.metrics.bars.inc(row.bars or 0)
        there: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        there.set_result(row)
        return there

    async def _answer(self, row: _Question) -> _Answer:
        """The answer to one question."""
        if isinstance(row.query, Problem):
            return _Answer(_body_of(row.query, as_arrow=self.as_arrow))
        await self._room.enter(row.size)
        try:
            answer = await self._made(row.query, row)
        except PolygonClientError as error:
            answer = _Answer(_body_of(to_problem(error), as_arrow=self.as_arrow))
        self._room.change(answer.size - row.size)
        return answer

    async def _made(self, query: BarsQuery, row: _Question) -> _Answer:
        """The answer from its bars, and into the cache of answers where it is short."""
        gateway, now, key = self.gateway, self.gateway.now(), row.key
        tokens = None if key is None else gateway.tokens(query)
        result = noted(await self._bars(query), query, row.notes, gateway)
        count = len(result.bars)
        if not is_whole(count, as_arrow=self.as_arrow):
            parts = stream_parts(result, as_arrow=self.as_arrow)
            return _Answer(parts, count, result.bars.nbytes)
        body = await gateway.workers.work(partial(whole_body, result, as_arrow=self.as_arrow))
        if key is not None and tokens is not None:
            media = ARROW if self.as_arrow else JSON
            made = entry(query, result, body, media, gateway=gateway, now=now, tokens=tokens)
            gateway.answers.put(key, made)
        return _Answer(body, count, len(body))

    async def _bars(self, query: BarsQuery) -> BarsResult:
        """Raises: ValidationError once the bars of a batch are used up; errors of our tree."""
        most = most_bars(query, self.gateway.market, self.gateway.now())
        if self._bars_left < 0 or most > MAX_BATCH_BARS:
            raise _too_many()
        return await self.gateway.bars.bars(query)

    async def _write(self, answer: _Answer, out: _Joined) -> None:
        """Write the answer, or what stands in its place once the bars of the answers before are all
        that a batch may have: in the order of the questions, whichever was read first.
        """
        self._bars_left -= answer.bars or 0
        if self._bars_left < 0 and answer.bars is not None:
            await out.write(_body_of(to_problem(_too_many()), as_arrow=self.as_arrow))
        elif isinstance(answer.parts, bytes):
            await out.write(answer.parts)
        else:
            await out.flush()
            await write_parts(answer.parts, out.write_now, self.gateway.workers)


def _body_of(problem: Problem, *, as_arrow: bool) -> bytes:
    if as_arrow:
        return arrow.encode_problem(problem)
    return msgspec.json.encode({"error": problem})


def _too_many() -> ValidationError:
    allowed = f"at most {MAX_BATCH_BARS:,} bars in all its answers"
    return ValidationError("requests", "this batch", allowed)


def _key(fields: dict[str, object], *, as_arrow: bool) -> AnswerKey:
    """Under which the answer to a question is remembered: a client sends the same question alone as
    these bytes.
    """
    return AnswerKey(msgspec.json.encode(fields), JSON.encode(), as_arrow)


def _known(key: AnswerKey, gateway: Gateway) -> _Answer | None:
    """An answer that is in memory, and still good."""
    cached = gateway.answers.get(key, gateway.now())
    return None if cached is None else _Answer(cached.body, cached.bars)


def _parse_all(
    requests: Sequence[tuple[dict[str, object], AnswerKey]], gateway: Gateway
) -> list[_Question]:
    return [_parse(fields, key, gateway) for fields, key in requests]


def _parse(fields: dict[str, object], key: AnswerKey, gateway: Gateway) -> _Question:
    try:
        ignored = ignored_fields(fields, messages.BarsRequest.__struct_fields__)
        message = messages.read_request(fields)
        query = message.query(gateway.now(), gateway.market)
        size = gateway.memory.size(query)
    except PolygonClientError as error:
        return _Question(to_problem(error), 0, None)
    notes = (*ignored, *dates_read(message))
    return _Question(query, size, key if may_be_cached(message) else None, notes)
