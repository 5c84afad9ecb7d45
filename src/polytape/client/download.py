"""Frames of numbers alone, as flows: of one symbol, or of several in one frame."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, TypeAlias

from polytape.client.answers import BarsAnswer
from polytape.client.bars_request import BarsRequest
from polytape.client.bars_view import INDEX, BarsView
from polytape.client.core import Core
from polytape.errors import ValidationError, one_of
from polytape.model.basis import MADE_UP, Basis, union
from polytape.model.query import BarsQuery
from polytape.wire.flow import Flow

if TYPE_CHECKING:
    import pandas as pd

Shape: TypeAlias = Literal["wide", "long"]
SHAPES = ("wide", "long")
SYMBOL = "symbol"
# So many symbols are one request.
A_REQUEST = 500


def bars_frame(
    core: Core, symbol: object, request: BarsRequest, view: BarsView
) -> "Flow[pd.DataFrame]":
    """The frame of one symbol.

    Raises: ValidationError naming the parameter; as `Core.bars`.
    """
    (query,) = yield from request.queries(core, [symbol])
    answer = yield from core.bars(query)
    return (yield from core.explained(query, answer)).frames.make_numbers(view)


def joint_frame(
    core: Core,
    symbols: str | Iterable[str],
    request: BarsRequest,
    view: BarsView,
    shape: Shape,
) -> "Flow[pd.DataFrame]":
    """One frame of several symbols, each once, in one request.

    Raises: ValidationError naming the parameter; as `Core.bars_together`.
    """
    if shape not in SHAPES:
        raise ValidationError("shape", shape, one_of(SHAPES))
    names = _names(symbols)
    queries = yield from request.queries(core, names)
    answers = yield from _answers(core, {query.symbol: query for query in queries})
    empty = [name for name, one in answers.items() if not len(one.bars)]
    # All are of one span and timeframe: one reason holds for each.
    why = (yield from core.why_empty(queries[0])) if empty else None
    make = _wide if shape == "wide" else _long
    return _with_facts(make(answers, view), answers, empty, why)


def _names(symbols: object) -> list[object]:
    """Raises: ValidationError for what has no symbol."""
    if isinstance(symbols, str):
        symbols = symbols.replace(",", " ").split()
    names = list(symbols) if isinstance(symbols, Iterable) else []
    if not names:
        raise ValidationError("symbols", symbols, "at least one symbol")
    return names


def _answers(core: Core, queries: dict[str, BarsQuery]) -> Flow[dict[str, BarsAnswer]]:
    """The answers by symbol."""
    answers: dict[str, BarsAnswer] = {}
    names = list(queries)
    for first in range(0, len(names), A_REQUEST):
        some = names[first : first + A_REQUEST]
        bars = yield from core.bars_together([queries[name] for name in some])
        answers.update(zip(some, bars, strict=True))
    return answers


def _frames(answers: dict[str, BarsAnswer], view: BarsView) -> "dict[str, pd.DataFrame]":
    frames = {symbol: one.frames.make_numbers(view) for symbol, one in answers.items()}
    for frame in frames.values():
        frame.attrs.clear()  # what holds for one symbol is not said of all
        frame.columns.name = None
    return frames


def _wide(answers: dict[str, BarsAnswer], view: BarsView) -> "pd.DataFrame":
    import pandas as pd

    joined = pd.concat(_frames(answers, view), axis=1, names=[SYMBOL]).swaplevel(axis=1)
    ordered = pd.MultiIndex.from_product([view.columns, list(answers)], names=[None, SYMBOL])
    frame = joined.reindex(columns=ordered).sort_index()
    frame.index.name = INDEX
    return frame


def _long(answers: dict[str, BarsAnswer], view: BarsView) -> "pd.DataFrame":
    import pandas as pd

    return pd.concat(_frames(answers, view), names=[SYMBOL, INDEX])


def _with_facts(
    frame: "pd.DataFrame", answers: dict[str, BarsAnswer], empty: list[str], why: str | None
) -> "pd.DataFrame":
    basis = union(one.metadata.basis or Basis.untold() for one in answers.values())
    assert basis is not None
    made_up = any(one.metadata.made_up for one in answers.values())
    frame.attrs["made_up"] = made_up
    frame.attrs["empty"] = empty
    frame.attrs["notes"] = [] if why is None else [f"{', '.join(empty)}: {why}"]
    frame.attrs["basis"] = basis.to_dict()
    if made_up:
        frame.columns.names = [MADE_UP, *frame.columns.names[1:]]
    return frame
