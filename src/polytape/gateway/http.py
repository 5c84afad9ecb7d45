"""Requests as the framework hands them to a handler."""

from typing import TypeAlias

from litestar import Request
from litestar.datastructures import State

AnyRequest: TypeAlias = Request[object, object, State]


def request_id(request: AnyRequest) -> str | None:
    """The id that the middleware gave a request; None outside of it."""
    state: dict[str, str] = request.scope.get("state", {})
    return state.get("request_id")
