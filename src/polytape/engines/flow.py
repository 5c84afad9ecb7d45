"""How an engine that needs bars is run: it yields queries, is sent bars, and returns its result.

An engine is a generator, so that one definition serves the sync and the async client, the gateway
and a scan of many symbols; `EngineRun` is the one place that drives it.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Generic, Protocol, Self, TypeAlias, TypeVar

from polytape.errors import PolygonClientError
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery


class EngineResult(Protocol):
    """A result that can be noted on, and become a dictionary."""

    def noting(self, text: str) -> Self:
        """The same with a further note."""
        ...

    def to_dict(self) -> Mapping[str, object]:
        """The fields by name."""
        ...


T = TypeVar("T")
R = TypeVar("R", bound=EngineResult)
# An error may be thrown in, in place of the bars.
EngineFlow: TypeAlias = Generator[tuple[BarsQuery, ...], tuple[Bars, ...], T]
# Start and end of a span that could not be had, ISO 8601 UTC.
MissingSpan: TypeAlias = tuple[str, str]


class EngineRun(Generic[R]):
    """One run of an engine. `queries` is what it wants next, None once it has its result."""

    def __init__(self, flow: EngineFlow[R]) -> None:
        self._flow = flow
        self._missing: list[MissingSpan] = []
        self._result: R | None = None
        self.queries: tuple[BarsQuery, ...] | None = None

    def start(self) -> Self:
        """Run to the first queries."""
        return self._advance(lambda: next(self._flow))

    def send(self, bars: Iterable[Bars], missing: Iterable[MissingSpan] = ()) -> None:
        """Answer the queries in their order; `missing` are the spans that could not be had."""
        self._missing += missing
        self._advance(lambda: self._flow.send(tuple(bars)))

    def fail(self, error: PolygonClientError) -> None:
        """Throw an error into the engine in place of bars.

        Raises: the same error, where the engine does not handle it.
        """
        self._advance(lambda: self._flow.throw(error))

    @property
    def result(self) -> R:
        """The result; history that was missing for it is noted in it."""
        assert self._result is not None
        if not self._missing:
            return self._result
        first, last = min(start for start, _ in self._missing), max(end for _, end in self._missing)
        return self._result.noting(f"history is not held in full from {first} to {last}")

    def _advance(self, step: Callable[[], tuple[BarsQuery, ...]]) -> Self:
        try:
            self.queries = step()
        except StopIteration as done:
            self.queries, self._result = None, done.value
        return self


def run_with(flow: EngineFlow[R], answer: Callable[[BarsQuery], Bars]) -> R:
    """The result of an engine whose queries a function answers.

    Raises: what `answer` raises, where the engine does not handle it.
    """
    run = EngineRun(flow).start()
    while run.queries is not None:
        try:
            bars = tuple(map(answer, run.queries))
        except PolygonClientError as error:
            run.fail(error)
        else:
            run.send(bars)
    return run.result
