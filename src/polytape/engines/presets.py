"""Options by one word: what a preset says of each engine, once. docs/howto/moving.md has the same
table.

Light: the command line reads it.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Literal, TypeVar, get_args, get_origin

import msgspec
from msgspec.structs import fields

from polytape.engines.options import (
    AtrOptions,
    CamarillaOptions,
    EngineOptions,
    FractalHistoryOptions,
    FractalOptions,
    HvnOptions,
    ScanOptions,
    ZoneOptions,
)
from polytape.errors import ValidationError, one_of

Options = TypeVar("Options", bound=EngineOptions)

# "classic": the older tools' rules, as far as they can be followed without looking ahead.
PRESETS: Mapping[str, Mapping[type[EngineOptions], Mapping[str, object]]] = {
    "classic": {
        ScanOptions: {
            "atr_method": "sma",
            "pivots_of": "running",
            "percentile": 70.0,
            "nearest": 6,
            "levels": "classic",
        },
        FractalOptions: {"atr_method": "sma"},
        FractalHistoryOptions: {"atr_method": "sma"},
        HvnOptions: {"percentile": 70.0, "anchors": True},
        CamarillaOptions: {"pivots_of": "running"},
        ZoneOptions: {"atr_method": "sma"},
        AtrOptions: {"method": "sma"},
    },
}


@cache
def _choices(kind: type[EngineOptions]) -> dict[str, tuple[str, ...]]:
    """The options of some engine that are one of several names."""
    hints = {field.name: getattr(field.type, "__origin__", field.type) for field in fields(kind)}
    return {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Literal}


def with_preset(options: Options, given: Collection[str]) -> Options:
    """The options with those of their preset, but for the ones that the caller gave by name.

    Raises: ValidationError for an unknown preset, or for a name that another option does not have.
    """
    for option, allowed in _choices(type(options)).items():
        if (value := getattr(options, option)) not in allowed:
            raise ValidationError(option, value, one_of(allowed))
    name: str | None = getattr(options, "preset", None)
    if name is None:
        return options
    known = PRESETS.get(name) if isinstance(name, str) else None
    if known is None:
        raise ValidationError(
            "preset", name, f"{one_of(tuple(PRESETS))}, or None for our own rules"
        )
    values = known.get(type(options), {})
    chosen = {option: value for option, value in values.items() if option not in given}
    return msgspec.structs.replace(options, **chosen)
