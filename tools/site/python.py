"""The pages of the Python names, made of signatures and docstrings."""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import polytape
from polytape.engines.registry import ENGINES
from polytape.engines.result import EngineRunResult
from polytape.errors import PolygonClientError
from tools.site.docstrings import as_markdown
from tools.site.markdown import page, sentence, table, toctree

CLIENT = ("PolygonClient", "PolygonClientConfig", "CacheManager", "download", "Bar")
LIVE = ("LiveAtr", "LiveFractals", "LiveVwap", "LiveProfile", "LiveSession")
# What results have for printing, drawing and sending themselves: of no use to a reader.
INNER = {
    *("rows", "frame_rows", "facts", "remarks", "how_lines", "basis_line", "noting"),
    "standing_on",
}
_PACKAGE = re.compile(r"\b(?:[a-z_]\w*\.)+(?=\w)")


def pages() -> dict[str, str]:
    """Each page by its path."""
    names = {
        "client": CLIENT,
        "async-client": ("AsyncPolygonClient",),
        "engines": engine_names(),
        "live": LIVE,
        "many": ("scan_many", "ScanOptions"),
    }
    made = {
        f"reference/api/{name}.md": page(
            *_TITLES[name], *(_entry(getattr(polytape, one), one) for one in members)
        )
        for name, members in names.items()
    }
    made["reference/api/results.md"] = page(
        *_TITLES["results"], *(_entry(one, one.__name__) for one in result_types())
    )
    made["reference/api/index.md"] = _index(names)
    return made


def engine_names() -> tuple[str, ...]:
    """The engines' classes in the registry's order, each once."""
    named = dict.fromkeys(spec.client_class for spec in ENGINES if spec.client_class)
    return tuple(named)


def result_types() -> list[type]:
    """What engines give, in the registry's order."""
    targets = dict.fromkeys(spec.result for spec in ENGINES)
    parts = [target.split(":") for target in targets]
    results = [getattr(import_module(f"polytape.engines.{module}"), name) for module, name in parts]
    return [EngineRunResult, *results]


_TITLES = {
    "client": ("Client", "`PolygonClient` asks a gateway for bars, prices and sessions."),
    "async-client": ("Client for asyncio", "`AsyncPolygonClient` is the client, awaited."),
    "engines": ("Engines", "Each engine's class takes a client and gives a result."),
    "results": ("Results", "What engines give: values, a frame, a picture, a dictionary."),
    "live": ("Live readings", "Readings that take bars one by one."),
    "many": ("Scans of many symbols", "A whole store scanned, on all cores or on Dask."),
}


def _index(names: dict[str, tuple[str, ...]]) -> str:
    rows = [
        [
            f"[`{one}`]({name}.md#{one.lower()})",
            sentence(inspect.getdoc(getattr(polytape, one)) or ""),
        ]
        for name, members in names.items()
        for one in members
    ]
    rows += [
        [f"[`{name}`](../errors.md#{name.lower()})", sentence(inspect.getdoc(error) or "")]
        for name in polytape.__all__
        if inspect.isclass(error := getattr(polytape, name))
        and issubclass(error, (PolygonClientError, Warning))
    ]
    asyncs = ", ".join(f"`Async{name}`" for name in engine_names())
    return page(
        "Python",
        "The public names of `import polytape`, from their signatures and docstrings.",
        table(("name", "what it is"), rows),
        f"Each engine has a twin for asyncio with the same methods, awaited: {asyncs}. "
        "`polytape.__version__` is the version as text.",
        toctree([*names, "results"]),
    )


def _entry(thing: Any, name: str) -> str:
    if not inspect.isclass(thing):
        said = _directive("function", f"{name}{_signature(thing)}", as_markdown(thing.__doc__))
        return f"## {name}\n\n{said}"
    methods = [_member(thing, method, value) for method, value in _methods(thing)]
    body = [as_markdown(thing.__doc__), _fields(thing), *methods]
    made = f"{name}{_signature(thing)}" if not _is_record(thing) else name
    title = f"## {name}"
    return f"{title}\n\n" + _directive("class", made, "\n\n".join(part for part in body if part), 4)


def _member(owner: type, name: str, value: Any) -> str:
    kind = "property" if isinstance(value, property) else "method"
    return _directive(kind, f"{name}{_signature(value, bound=True)}", _method_doc(owner, name))


def _method_doc(owner: type, name: str) -> str:
    """A method's docstring; the client for asyncio has those of the client."""
    if owner is polytape.AsyncPolygonClient and hasattr(polytape.PolygonClient, name):
        owner = polytape.PolygonClient
    return as_markdown(inspect.getdoc(getattr(owner, name)))


def _methods(owner: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties as written: the class's own before those of others."""
    seen: set[str] = set()
    for kind in owner.__mro__:
        if not kind.__module__.startswith("polytape") or kind is EngineRunResult is not owner:
            continue
        for name, value in vars(kind).items():
            if name.startswith("_") or name in seen | INNER:
                continue
            seen.add(name)
            plain = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            if inspect.isfunction(plain):
                yield name, plain
            elif isinstance(value, property) and value.__doc__:
                yield name, value


def _is_record(kind: type) -> bool:
    return dataclasses.is_dataclass(kind) or hasattr(kind, "__struct_fields__")


def _fields(kind: type) -> str:
    """The fields of a record: name, type, default."""
    if not _is_record(kind):
        return ""
    rows = [
        [f"`{name}`", f"`{_type(parameter.annotation)}`", _default(parameter)]
        for name, parameter in inspect.signature(kind).parameters.items()
    ]
    return table(("field", "type", "default"), rows)


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return ""
    shown = repr(parameter.default)
    return "" if shown.startswith("<") else f"`{shown}`"


def _type(hint: object) -> str:
    text = hint if isinstance(hint, str) else inspect.formatannotation(hint)
    return _PACKAGE.sub("", text).replace("'", "")


def _signature(thing: Any, *, bound: bool = False) -> str:
    if isinstance(thing, property):
        return ""
    signature = inspect.signature(thing)
    parameters = list(signature.parameters.values())
    if bound and parameters and parameters[0].name in ("self", "cls"):
        parameters = parameters[1:]
    if inspect.isclass(thing):
        signature = signature.replace(return_annotation=inspect.Signature.empty)
    shown = str(signature.replace(parameters=parameters))
    return _PACKAGE.sub("", _unquoted(shown)).replace("(/, ", "(")


def _unquoted(shown: str) -> str:
    """Annotations without the quotes of names that are only there for types."""
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", shown)


def _directive(kind: str, signature: str, body: str, colons: int = 3) -> str:
    """An object as Sphinx knows it; the Markdown twin makes a heading of it."""
    fence = ":" * colons
    # A class has a heading above it already.
    options = ":no-contents-entry:\n" if kind == "class" else ""
    return f"{fence}{{py:{kind}}} {signature}\n{options}\n{body}\n{fence}"
