"""What a dialect is: which paths are its, what answers them, and how its errors look."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from litestar.types import ControllerRouterHandler

from polytape.wire.api.problems import Problem

# An error's body and its media type.
ErrorBody = tuple[bytes, str]


@dataclass(frozen=True)
class Dialect:
    """`key_in_query` names the query parameter in which its clients may send their key.
    `key_in_message`: WebSockets whose first message has it; their handlers check it.
    """

    prefixes: tuple[str, ...]
    routes: Sequence[ControllerRouterHandler]
    error: Callable[[Problem], ErrorBody]
    key_in_query: str | None = None
    key_in_message: frozenset[str] = frozenset()


def dialect_of(path: str, dialects: Sequence[Dialect]) -> Dialect | None:
    """The dialect that a path belongs to; None for the gateway's own paths."""
    return next((one for one in dialects if path.startswith(one.prefixes)), None)
