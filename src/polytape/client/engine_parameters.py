"""What the methods of the engines take: as a signature, and as read from a call."""

from collections.abc import Iterable
from inspect import Parameter, Signature
from types import GenericAlias
from typing import Any, Union, cast, get_args, get_origin

from msgspec.structs import fields

from polytape.client.bars_request import When
from polytape.engines.registry import EngineSpec


def signature_of(spec: EngineSpec) -> Signature:
    """The parameters of an engine's method after `self`."""
    either, named = Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY
    parameters = [
        Parameter("symbol", either, annotation=str),
        Parameter("as_of", either, default=None, annotation=When | None),
    ]
    for number, field in enumerate(fields(spec.options)):
        kind = either if number < spec.options.POSITIONAL else named
        hint = _wide(getattr(field.type, "__origin__", field.type))
        parameters.append(Parameter(field.name, kind, default=field.default, annotation=hint))
    return Signature(parameters)


def read_call(
    spec: EngineSpec, args: tuple[object, ...], named: dict[str, object]
) -> dict[str, Any]:
    """What the caller of a method wrote, by parameter; options of several values as tuples.

    Raises: TypeError naming the method and its parameters.
    """
    signature = signature_of(spec)
    try:
        given = signature.bind(*args, **named).arguments
    except TypeError as error:
        method, allowed = f"{spec.client_class}.{spec.method}()", ", ".join(signature.parameters)
        raise TypeError(f"{method} {error}; its parameters are {allowed}") from None
    several = {field.name for field in fields(spec.options) if _is_several(field.type)}
    return {
        name: _tuple(value) if name in several and value is not None else value
        for name, value in given.items()
    }


def _tuple(value: object) -> tuple[object, ...]:
    """One value or several."""
    one = isinstance(value, str) or not isinstance(value, Iterable)
    return (value,) if one else tuple(cast("Iterable[object]", value))


def _is_several(hint: object) -> bool:
    """Whether an option's type has a tuple in it."""
    return get_origin(hint) is tuple or any(map(_is_several, get_args(hint)))


def _wide(hint: Any) -> Any:
    """The type of an option as callers may write it: one of several values may stand alone."""
    if get_origin(hint) is tuple:
        one = get_args(hint)[0]
        return GenericAlias(Iterable, (one,)) | one
    if _is_several(hint):
        return Union[tuple(map(_wide, get_args(hint)))]  # noqa: UP007 - made here
    return hint
