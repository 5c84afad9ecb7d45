"""What every engine's result can do: be a dictionary, be a frame."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Self, TypeAlias, TypeVar

import numpy as np

from polytape.errors import PolygonClientError
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
# An engine that needs bars asks for several at a time and is sent them in that order. It may be
# thrown what went wrong instead.
EngineFlow: TypeAlias = Generator[tuple[BarsQuery, ...], tuple[Bars, ...], T]


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """An engine's result: it asks no more."""

    value: T


def advance(
    engine: EngineFlow[T],
    bars: tuple[Bars, ...] | None = None,
    error: PolygonClientError | None = None,
) -> tuple[BarsQuery, ...] | Done[T]:
    """Begin an engine, or send it what it asked for, or throw in what went wrong instead: its next
    questions, or its result.
    """
    try:
        if error is not None:
            return engine.throw(error)
        return next(engine) if bars is None else engine.send(bars)
    except StopIteration as done:
        return Done(done.value)


def run_with(engine: EngineFlow[T], answer: Callable[[BarsQuery], Bars]) -> T:
    """Drive an engine to its end with a function that has the bars."""
    step = advance(engine)
    while not isinstance(step, Done):
        step = _answered(engine, step, answer)
    return step.value


def _answered(
    engine: EngineFlow[T], asked: tuple[BarsQuery, ...], answer: Callable[[BarsQuery], Bars]
) -> tuple[BarsQuery, ...] | Done[T]:
    try:
        bars = tuple(map(answer, asked))
    except PolygonClientError as error:
        return advance(engine, error=error)
    return advance(engine, bars)


class Result:
    """A frozen dataclass of plain values, tuples and further results."""

    def noting(self, text: str) -> Self:
        """The same with a further note."""
        held: tuple[str, ...] = getattr(self, "notes", ())
        return replace(self, notes=(*held, text))  # type: ignore[type-var]

    def to_dict(self) -> dict[str, Any]:
        """The fields by name; arrays as lists, NaN as None, instants as aware UTC datetimes."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]

    def rows(self) -> Iterable[Any]:
        """What `to_frame` has a row for; the result itself unless it says otherwise."""
        return (self,)

    def to_frame(self) -> "pd.DataFrame":
        """One row for each thing found."""
        import pandas as pd

        return pd.DataFrame([plain(row) for row in self.rows()])


def plain(value: Any) -> Any:
    """A value without numpy and dataclasses: what JSON can say."""
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN
