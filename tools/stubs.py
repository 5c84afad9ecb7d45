"""Writes `client/engines.pyi` from the registry of engines: `make stubs`."""

import sys
from collections.abc import Iterable
from inspect import Parameter
from pathlib import Path
from typing import Any, get_args, get_origin

from polytape.client import engines
from polytape.client.engine_parameters import signature_of
from polytape.engines.registry import CLIENT_ENGINES, EngineSpec

PATH = Path(__file__).parents[1] / "src/polytape/client/engines.pyi"
HEAD = '''"""Written by `make stubs` from the registry of engines."""

from collections.abc import Iterable
from typing import Literal

from polytape.client.bars_request import When
from polytape.client.aio import AsyncPolygonClient
from polytape.client.sync import PolygonClient
from polytape.engines.rates import Calibration
from polytape.engines.registry import EngineSpec
{results}
from polytape.model.market import Market

class SyncEngine:
    def __init__(self, client: PolygonClient) -> None: ...

class AsyncEngine:
    def __init__(self, client: AsyncPolygonClient) -> None: ...

class SyncScanner(SyncEngine):
    def __init__(
        self, client: PolygonClient, rates: Calibration | Iterable[Calibration] = ()
    ) -> None: ...

class AsyncScanner(AsyncEngine):
    def __init__(
        self, client: AsyncPolygonClient, rates: Calibration | Iterable[Calibration] = ()
    ) -> None: ...

def as_of_instant(as_of: object, market: Market, now: int) -> int: ...
def method_doc(spec: EngineSpec) -> str: ...
'''


def stub() -> str:
    """The stub as it has to be."""
    imports: dict[str, list[str]] = {}
    for spec in CLIENT_ENGINES:
        module, name = spec.result.split(":")
        imports.setdefault(module, []).append(name)
    lines = [f"from polytape.engines.{m} import {', '.join(sorted(n))}" for m, n in imports.items()]
    classes = {spec.client_class: spec.client_doc for spec in reversed(CLIENT_ENGINES)}
    texts = [
        _class(name, classes[name], prefix)
        for name in dict.fromkeys(spec.client_class for spec in CLIENT_ENGINES)
        for prefix in ("", "Async")
    ]
    return HEAD.format(results="\n".join(sorted(lines))) + "\n" + "\n".join(texts)


def _class(name: str | None, doc: str, prefix: str) -> str:
    specs = [spec for spec in CLIENT_ENGINES if spec.client_class == name]
    methods = [_method(spec, prefix) for spec in specs]
    base = "Scanner" if any(spec.rated for spec in specs) else "Engine"
    head = f'class {prefix}{name}({prefix or "Sync"}{base}):\n    """{doc}"""\n\n'
    return head + "\n".join(methods)


def _method(spec: EngineSpec, prefix: str) -> str:
    result = spec.result.split(":")[1]
    parameters = ["self"]
    keyword_only = False
    for parameter in signature_of(spec).parameters.values():
        if parameter.kind is Parameter.KEYWORD_ONLY and not keyword_only:
            parameters.append("*")
            keyword_only = True
        parameters.append(_parameter(parameter))
    doc = "\n".join(f"        {line}".rstrip() for line in engines.method_doc(spec).splitlines())
    listed = "".join(f"        {one},\n" for one in parameters)
    word = "async def" if prefix else "def"
    return (
        f"    {word} {spec.method}(\n{listed}    ) -> {result}:\n"
        f'        """{doc.strip()}\n        """\n'
    )


def _parameter(parameter: Parameter) -> str:
    text = f"{parameter.name}: {_hint(parameter.name, parameter.annotation)}"
    return text if parameter.default is Parameter.empty else f"{text} = {parameter.default!r}"


def _hint(name: str, hint: Any) -> str:
    if name == "as_of":
        return "When | None"
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Iterable:
        return f"Iterable[{_hint('', arguments[0])}]"
    if arguments and str(origin).endswith("Literal"):
        return f"Literal[{', '.join(map(repr, arguments))}]"
    if arguments:
        return " | ".join(_hint("", one) for one in arguments)
    return "None" if hint is type(None) else str(hint.__name__)


if __name__ == "__main__":
    PATH.write_text(stub())
    sys.stdout.write(f"{PATH}\n")
