"""Every route of `/api/v1` refuses query parameters and fields that it does not have, by name: left
out without a word, `asof` would be a look ahead. What older tools send may have fields of their own
(`wire.api.names`).
"""

import re
from types import UnionType
from typing import TYPE_CHECKING, TypeGuard, get_args
from urllib.parse import parse_qsl

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import Schema
from litestar.params import QueryParameter
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from polytape.errors import ValidationError
from polytape.gateway.http import AnyRequest
from polytape.wire.api.names import ignored_fields, unknown_name

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator

# As msgspec says it of a struct with `forbid_unknown_fields`.
_UNKNOWN = re.compile(
    r"unknown field `(?P<name>.*?)`(?: - at `\$\.data\.?(?P<path>[^`]*)`)?$", re.DOTALL
)


async def refuse_unknown_parameters(request: AnyRequest) -> None:
    """Raises: ValidationError for a query parameter that the request's route does not have."""
    query = request.scope["query_string"]
    if not query:
        return
    handler: HTTPRouteHandler = request.scope["route_handler"]  # type: ignore[assignment]
    names, fields = _parameters(handler), _fields(_body_type(handler))
    for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in names:
            in_body = f"fields belong in its JSON body: {', '.join(fields)}" if fields else ""
            raise unknown_name(name, names, "query parameter", in_body)


def unknown_field(request: AnyRequest, error: BaseException) -> ValidationError | None:
    """The error that names the field which a body has and its route does not; None for an error of
    the framework's that has another cause.
    """
    match = _UNKNOWN.search(str(error.__cause__ or ""))
    if match is None:
        return None
    kind, path = _body_type(request.scope["route_handler"]), match["path"] or ""
    for part in filter(None, path.split(".")):
        kind = _type_of(kind, part)
    unknown = unknown_name(match["name"], _fields(kind))
    param = ".".join(filter(None, (path, unknown.param)))
    return ValidationError.from_detail(str(unknown), param)


async def ignored_in_body(request: AnyRequest, kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """What is said of the fields of a body that was read as `kind` and has more than that.

    Raises: ValidationError for one that may be meant as another, which is not given.
    """
    given = msgspec.json.decode(await request.body(), type=dict[str, msgspec.Raw])
    return ignored_fields(given, _fields(kind))


class StrictBodies(OpenAPISchemaPlugin):
    """Says of a body that refuses unknown fields that it has no additional properties."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Whether it is a struct that forbids them."""
        kind = field_definition.annotation
        return _is_struct(kind) and bool(kind.__struct_config__.forbid_unknown_fields)

    def to_openapi_schema(
        self, field_definition: FieldDefinition, schema_creator: "SchemaCreator"
    ) -> Schema:
        """The schema of the framework's own plugin, closed."""
        usual = next(
            plugin
            for plugin in schema_creator.plugins
            if plugin is not self
            and isinstance(plugin, OpenAPISchemaPlugin)
            and plugin.is_plugin_supported_field(field_definition)
        )
        schema = usual.to_openapi_schema(field_definition, schema_creator)
        schema.additional_properties = False
        return schema


def _parameters(handler: HTTPRouteHandler) -> list[str]:
    """The query parameters that a handler takes."""
    return [
        definition.kwarg_definition.name or name
        for name, definition in handler.parsed_fn_signature.parameters.items()
        if isinstance(definition.kwarg_definition, QueryParameter)
    ]


def _body_type(handler: object) -> object:
    assert isinstance(handler, HTTPRouteHandler)
    data = handler.parsed_fn_signature.parameters.get("data")
    return None if data is None else _struct_of(data.annotation)


def _type_of(kind: object, name: str) -> object:
    """The struct of a field of a struct; None where it is none."""
    if not _is_struct(kind):
        return None
    types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    return _struct_of(types.get(name))


def _struct_of(annotation: object) -> object:
    """A struct, be it one that may be None."""
    parts = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return next(filter(_is_struct, parts), None)


def _fields(kind: object) -> list[str]:
    if not _is_struct(kind):
        return []
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def _is_struct(kind: object) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
