"""Options of the engines on the command line, made from the registry's own."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, get_args, get_origin

import click
import msgspec
from msgspec.structs import FieldInfo

from polytape.cli.moments import IN_MARKET
from polytape.engines.options import EngineOptions
from polytape.errors import ValidationError

Value: TypeAlias = str | int | float

# Shorter spellings, beside the option's full name.
SHORT = {
    "fractal_length": "--length",
    "weekly_levels": "--weekly",
    "daily_levels": "--daily",
    "include_extended": "--extended/--no-extended",
}
# What a list is of, and an example; the others are of prices.
LISTS = {
    "windows": ("days", "7,14,30"),
    "bands": ("multiples", "1,2,2.5"),
    "minutes": ("minutes", "5,15,30"),
}
# What may be an instant.
INSTANTS = frozenset({"anchor"})
SIMPLE_TYPES: dict[object, click.ParamType[Any]] = {
    int: click.INT,
    float: click.FLOAT,
    bool: click.BOOL,
}


class Several(click.ParamType[list[Value]]):
    """Values with commas between."""

    name = "list"

    def __init__(self, kind: Callable[[str], Value], label: str, what: str, example: str) -> None:
        self._kind = kind
        self._label = label
        self._what = what
        self._example = example

    def convert(
        self,
        value: str | Iterable[Value],
        param: click.Parameter | None,  # noqa: ARG002 - click's signature
        ctx: click.Context | None,  # noqa: ARG002 - click's signature
    ) -> list[Value]:
        """The values. Raises: ValidationError."""
        if not isinstance(value, str):
            return list(value)
        try:
            return [self._kind(part.strip()) for part in value.split(",") if part.strip()]
        except ValueError as error:
            allowed = f"{self._what} with commas between, such as {self._example}"
            raise ValidationError(self._label, value, allowed) from error


def options_of(options: type[EngineOptions]) -> list[click.Option]:
    """An option for each field, unset unless it is given: the gateway knows the defaults."""
    return [_option(field) for field in msgspec.structs.fields(options)]


def given(values: Mapping[str, object]) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in values.items() if value is not None}


def _option(field: FieldInfo) -> click.Option:
    metadata = getattr(field.type, "__metadata__", ())
    hint = getattr(field.type, "__origin__", field.type)
    text = next((one.description for one in metadata if one.description), "")
    default = _default_text(field.default)
    help_text = f"{text} Default {default}." if default else text
    if field.name in INSTANTS:
        help_text += " Without a zone: New York time."
    if hint is bool:
        return click.Option(
            _names(field.name, flag=True), default=None, help=help_text, is_flag=True
        )
    kind = _kind(field.name, hint)
    return click.Option(_names(field.name, flag=False), type=kind, default=None, help=help_text)


def _names(name: str, *, flag: bool) -> list[str]:
    """The parameter's name and its spellings on the command line."""
    full = f"--{name.replace('_', '-')}"
    short = SHORT.get(name, full)
    if "/" in short:
        return [name, short]
    if flag:
        return [name, f"{full}/--no-{full.removeprefix('--')}"]
    return [name, *dict.fromkeys((short, full))]


def _kind(name: str, hint: object) -> click.ParamType[Any]:
    if name in INSTANTS:
        return IN_MARKET
    inner = [one for one in get_args(hint) if one is not type(None)]
    if _is_literal(hint):
        return click.Choice(get_args(hint))
    if get_origin(hint) is tuple:
        return _several(name, inner[0])
    if len(inner) == 1:  # something, or nothing
        return _kind(name, inner[0])
    return SIMPLE_TYPES.get(hint, click.STRING)


def _several(name: str, item: Any) -> Several:
    """Several values of one type."""
    if _is_literal(item):
        return Several(str, name, name, ",".join(get_args(item)))
    what, example = LISTS.get(name, ("prices", "101.5,99"))
    return Several(item, SHORT.get(name, name).removeprefix("--"), what, example)


def _is_literal(hint: object) -> bool:
    return str(get_origin(hint)).endswith("Literal")


def _default_text(default: object) -> str:
    if default is None or isinstance(default, bool):
        return ""
    if isinstance(default, Iterable) and not isinstance(default, str):
        return ",".join(map(str, default))
    return str(default)
