"""How an engine that needs bars is run: it yields queries, is sent bars, and returns its result.

An engine is a generator, so that one definition serves the sync and the async client, the gateway
and a scan of many symbols; `EngineRun` is the one place that drives it.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Generic, Protocol, Self, TypeAlias, TypeVar

from polytape.errors import PolygonClientError
from polytape.model.bars import Bars
from polytape.model.basis import Basis, union
from polytape.model.query import BarsQuery


class EngineResult(Protocol):
    """A result that can say what it stands on, and become a dictionary."""

    def standing_on(self, basis: Basis) -> Self:
        """The same with the basis of its bars."""
        ...

    def to_dict(self) -> Mapping[str, object]:
        """The fields by name."""
        ...


T = TypeVar("T")
R = TypeVar("R", bound=EngineResult)
# An error may be thrown in, in place of the bars.
EngineFlow: TypeAlias = Generator[tuple[BarsQuery, ...], tuple[Bars, ...], T]


class EngineRun(Generic[R]):
    """One run of an engine. `queries` is what it wants next, None once it has its result."""

    def __init__(self, flow: EngineFlow[R]) -> None:
        self._flow = flow
        self._bases: list[Basis] = []
        self._result: R | None = None
        self.queries: tuple[BarsQuery, ...] | None = None

    def start(self) -> Self:
        """Run to the first queries."""
        return self._advance(lambda: next(self._flow))

    def send(self, bars: Iterable[Bars], bases: Iterable[Basis | None] = ()) -> None:
        """Answer the queries in their order, and say what each answer stands on; None is of a
        server that does not say. Without `bases` the result says nothing of it either.
        """
        queries = self.queries or ()
        for query, basis in zip(queries, bases, strict=False):
            self._bases.append((basis or Basis.untold()).needing(query.needed_from))
        self._advance(lambda: self._flow.send(tuple(bars)))

    def fail(self, error: PolygonClientError) -> None:
        """Throw an error into the engine in place of bars.

        Raises: the same error, where the engine does not handle it.
        """
        self._advance(lambda: self._flow.throw(error))

    @property
    def result(self) -> R:
        """The result, with the basis of all the bars that it was made of."""
        assert self._result is not None
        basis = union(self._bases)
        return self._result if basis is None else self._result.standing_on(basis)

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
