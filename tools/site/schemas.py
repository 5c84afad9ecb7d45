"""JSON Schema as rows of a table."""

from collections.abc import Mapping
from typing import Any

from tools.site.markdown import code
from tools.site.meanings import meaning_of

Schema = Mapping[str, Any]
DEEPEST = 3


def parameters_of(operation: Schema, schemas: Schema) -> list[list[str]]:
    """Name, where it stands, type, default and meaning of each parameter in path and query."""
    return [
        [
            code(one["name"]),
            one["in"],
            type_of(one["schema"], schemas),
            _default(one["schema"], required=one.get("required", False)),
            meaning_of(one["name"], one),
        ]
        for one in operation.get("parameters", ())
    ]


def fields_of(schema: Schema, schemas: Schema, before: str = "", depth: int = 1) -> list[list[str]]:
    """Name, type, default and meaning of each field, those of records within by a dotted name."""
    rows = []
    required = schema.get("required", ())
    for name, one in schema.get("properties", {}).items():
        said = [
            code(before + name),
            type_of(one, schemas),
            _default(one, required=name in required),
            meaning_of(name, one),
        ]
        rows.append(said)
        below = named(one, schemas)
        if depth < DEEPEST and below.get("properties"):
            rows += fields_of(below, schemas, f"{before}{name}.", depth + 1)
    return rows


def named(schema: Schema, schemas: Schema) -> Schema:
    """A schema, or the one that it refers to."""
    reference = schema.get("$ref")
    return schemas[reference.rsplit("/", 1)[1]] if reference else schema


def type_of(schema: Schema, schemas: Schema) -> str:
    """A type in a few words."""
    if "$ref" in schema:
        return "object"
    if "enum" in schema:
        return ", ".join(code(str(one)) for one in schema["enum"])
    if choices := schema.get("oneOf") or schema.get("anyOf"):
        return " or ".join(dict.fromkeys(type_of(one, schemas) for one in choices))
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}), schemas)}"
    kind = schema.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _default(schema: Schema, *, required: bool) -> str:
    if required:
        return "required"
    value = schema.get("default")
    if value is None or value == {}:
        return ""
    return code(str(value).lower() if isinstance(value, bool) else str(value))
