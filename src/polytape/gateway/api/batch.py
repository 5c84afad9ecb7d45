"""Many questions in one request: answered in their order, and written as they are made, so that the
bars of a few are in memory at a time.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import msgspec

from polytape.errors import PolygonClientError, ValidationError
from polytape.gateway.api.answer_body import Write, write_parts
from polytape.gateway.gateway import Gateway
from polytape.history.bars_result import BarsResult
from polytape.history.lane import Lane
from polytape.model.answer_size import most_bars
from polytape.model.query import BarsQuery
from polytape.wire import arrow, json_rows
from polytape.wire.api import messages
from polytape.wire.api.problems import Problem, to_problem

MAX_BATCH_BARS = 2_000_000
AT_ONCE = 8
# What the bars of a batch may take while they wait to be written; one answer may take more.
WINDOW_BYTES = 64 * 1024 * 1024
# A question, and how many bytes its answer takes at most.
Row: TypeAlias = tuple[BarsQuery | Problem, int]


@dataclass
class Batch:
    """Questions, or what is wrong with them. `bytes`: what answering them takes at a time."""

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
        parse = partial(_parse_all, requests, gateway)
        rows = await gateway.workers.work(parse)
        sizes = [size for _, size in rows]
        most = max(sizes, default=0)
        return cls(rows, min(sum(sizes), max(most, WINDOW_BYTES)), gateway, as_arrow)

    async def write(self, write: Write) -> None:
        """Write the answers, one after the other."""
        coming: deque[asyncio.Task[tuple[BarsResult | Problem, int]]] = deque()
        rows = iter(self.rows)
        if not self.as_arrow:
            await write(b'{"answers":[')
        try:
            for number in range(len(self.rows)):
                while len(coming) < AT_ONCE and (row := next(rows, None)) is not None:
                    coming.append(asyncio.create_task(self._answer(*row)))
                answer, size = await coming.popleft()
                answer = self._within(answer)
                if number and not self.as_arrow:
                    await write(b",")
                await self._write(answer, write)
                self._room.change(-size)
        finally:
            for task in coming:
                task.cancel()
        if not self.as_arrow:
            await write(b"]}")

    async def _answer(
        self, row: BarsQuery | Problem, size: int
    ) -> tuple[BarsResult | Problem, int]:
        """The answer to one question, and the bytes that it takes until it is written."""
        if isinstance(row, Problem):
            return row, 0
        await self._room.enter(size)
        try:
            answer = await self._bars(row)
        except PolygonClientError as error:
            self._room.change(-size)
            return to_problem(error), 0
        self._room.change(answer.bars.nbytes - size)
        return answer, answer.bars.nbytes

    async def _bars(self, query: BarsQuery) -> BarsResult:
        """Raises: ValidationError once the bars of a batch are used up; errors of our tree."""
        most = most_bars(query, self.gateway.market, self.gateway.now())
        if self._bars_left < 0 or most > MAX_BATCH_BARS:
            raise _too_many()
        return await self.gateway.bars.bars(query)

    def _within(self, answer: BarsResult | Problem) -> BarsResult | Problem:
        """The answer, or what stands in its place once the bars of the answers before are all that
        a batch may have: in the order of the questions, whichever was read first.
        """
        if isinstance(answer, Problem):
            return answer
        self._bars_left -= len(answer.bars)
        return answer if self._bars_left >= 0 else to_problem(_too_many())

    async def _write(self, answer: BarsResult | Problem, write: Write) -> None:
        if not isinstance(answer, Problem):
            parts = stream_parts(answer, as_arrow=self.as_arrow)
            await write_parts(parts, write, self.gateway.workers)
        elif self.as_arrow:
            await write(arrow.encode_problem(answer))
        else:
            await write(msgspec.json.encode({"error": answer}))


def _too_many() -> ValidationError:
    allowed = f"at most {MAX_BATCH_BARS:,} bars in all its answers"
    return ValidationError("requests", "this batch", allowed)


def stream_parts(result: BarsResult, *, as_arrow: bool) -> Iterator[bytes]:
    """An answer in parts, each made when it is wanted."""
    if as_arrow:
        return arrow.stream(result.bars, result.metadata)
    report = None if result.report is None else messages.Validation.of(result.report)
    return json_rows.stream(result.bars, result.metadata, report)


def _parse_all(requests: Sequence[dict[str, object]], gateway: Gateway) -> list[Row]:
    return [_parse(fields, gateway) for fields in requests]


def _parse(fields: dict[str, object], gateway: Gateway) -> Row:
    try:
        query = messages.read_request(fields).query(gateway.now(), gateway.market)
        return query, gateway.memory.size(query)
    except PolygonClientError as error:
        return to_problem(error), 0
