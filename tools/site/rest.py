"""The pages of the gateway's HTTP, made of its OpenAPI description and of real questions to it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from litestar.handlers import BaseRouteHandler

from polytape.gateway.dialects.registry import DIALECTS
from tools.site.examples import EXAMPLES, Answered
from tools.site.markdown import code, fence, page, sentence, table, toctree
from tools.site.schemas import fields_of, named, parameters_of

Operation = Mapping[str, Any]
SUMMARY = "Every route of `http://localhost:8200`: parameters, an example with its answer, errors."
# A page each: title, first sentence, and how the paths below /api/v1 begin.
GROUPS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "bars": ("Bars", "Bars of one symbol or of many requests.", ("/bars",)),
    "symbols": (
        "Symbols and prices",
        "Which symbols exist, what they cost, where their day stands.",
        ("/validate", "/latest", "/search", "/watchlist", "/calendar", "/cache"),
    ),
    "engines": ("Engines", "The engines over HTTP.", ("/scan", "/engines")),
    "history": ("History", "What is stored: look, fill, mend, take out.", ("/history", "/jobs")),
    "gateway": (
        "The gateway itself",
        "Its health, budget, clock and sessions.",
        ("/rate-limit", "/clock", "/session", "/health", "/ready", "/status"),
    ),
}
METHODS = ("get", "post", "put", "delete")
# A parameter's type as the framework writes it: {ticker:str}.
_KIND = re.compile(r":\w+}")


def pages(description: Mapping[str, Any], answers: Mapping[str, Answered]) -> dict[str, str]:
    """Each page by its path. `answers`: what the gateway said to each example."""
    made = {}
    for name, (title, about, _) in GROUPS.items():
        parts = [
            _section(method, path, operation, description, answers)
            for method, path, operation in operations(description)
            if group_of(path) == name
        ]
        made[f"reference/rest/{name}.md"] = page(f"REST: {title}", about, *parts)
    made["reference/rest/others.md"] = _others()
    made["reference/rest/index.md"] = _index(description)
    return made


def operations(description: Mapping[str, Any]) -> list[tuple[str, str, Operation]]:
    """Method, path and description of each; HEAD is GET without its body."""
    return [
        (method.upper(), path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def group_of(path: str) -> str:
    """The page of a path.

    Raises: LookupError where none is named for it.
    """
    short = path.removeprefix("/api/v1")
    for name, (_, _, begins) in GROUPS.items():
        if short.startswith(begins):
            return name
    raise LookupError(f"{path} is on no page of tools/site/rest.py: name it in GROUPS")


def usual_errors(description: Mapping[str, Any]) -> dict[str, str]:
    """The codes, with their meaning, that nearly every route may answer."""
    bars = description["paths"]["/api/v1/bars"]["get"]["responses"]
    return {status: said["description"] for status, said in bars.items() if status >= "400"}


def _index(description: Mapping[str, Any]) -> str:
    rows = [
        [f"[`{method} {path}`]({group_of(path)}.md)", sentence(operation.get("description", ""))]
        for method, path, operation in operations(description)
    ]
    errors = [[status, said] for status, said in sorted(usual_errors(description).items())]
    return page(
        "REST",
        SUMMARY,
        "The description for machines is `GET /docs/openapi.json`; `/docs` shows it as pages "
        "to try. `HEAD` is answered wherever `GET` is.",
        table(("request", "answer"), rows),
        "## Errors\n\nThe body is `application/problem+json` ([errors](../errors.md)).",
        table(("code", "when"), errors),
        toctree([*GROUPS, "others"]),
    )


def _section(
    method: str,
    path: str,
    operation: Operation,
    description: Mapping[str, Any],
    answers: Mapping[str, Answered],
) -> str:
    schemas = description["components"]["schemas"]
    own = {
        status: said["description"]
        for status, said in operation["responses"].items()
        if status >= "400" and status not in usual_errors(description)
    }
    body = operation.get("requestBody")
    parts = [
        f"## {method} {path}",
        operation.get("description", ""),
        table(
            ("parameter", "where", "type", "default", "meaning"), parameters_of(operation, schemas)
        ),
        _body(body, schemas) if body else "",
        _example(method, path, answers),
        table(("code", "when"), [[status, said] for status, said in own.items()]),
    ]
    return "\n\n".join(part.strip() for part in parts if part)


def _body(body: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    schema = named(body["content"]["application/json"]["schema"], schemas)
    return table(("field of the body", "type", "default", "meaning"), fields_of(schema, schemas))


def _example(method: str, path: str, answers: Mapping[str, Answered]) -> str:
    answer = answers.get(f"{method} {path}")
    if answer is None:
        return ""
    example = EXAMPLES[f"{method} {path}"]
    url = f"localhost:8200{example.path}"
    quoted = f"'{url}'" if "?" in url or "&" in url else url
    lines = [f"$ curl -s {'' if method == 'GET' else f'-X {method} '}{quoted}"]
    if example.body is not None:
        lines[0] += " \\"
        lines += [
            "    -H 'Content-Type: application/json' \\",
            f"    -d '{json.dumps(example.body)}'",
        ]
    return fence("\n".join(lines), "console") + "\n" + fence(answer.shown, answer.language)


def _others() -> str:
    """What is not in the description: WebSockets, the vendor's own paths, figures."""
    rows = [
        ["`GET /metrics`", "figures for Prometheus ([metrics](../metrics.md))"],
        ["`GET /docs`, `/docs/openapi.json`", "this description, to be tried or read by machines"],
        ["`GET /`", "the gateway's own page ([page](../page.md))"],
        ["`GET /open`", "how `polytape open` lets a browser in ([security](../security.md))"],
        [
            "WebSocket `/api/v1/stream`",
            "live events in our own protocol ([streams](../streams.md))",
        ],
    ]
    dialects = [
        [
            code(f"{_methods(route)} {_KIND.sub('}', path)}"),
            sentence(getattr(route.fn, "__doc__", "") or ""),
        ]
        for route in (route for dialect in DIALECTS for route in dialect.routes)
        if isinstance(route, BaseRouteHandler)
        for path in sorted(route.paths)
    ]
    return page(
        "REST: other routes",
        "What the OpenAPI description leaves out: streams, pages, and the vendor's own paths.",
        table(("request", "answer"), rows),
        "## The vendor's paths\n\nAny Polygon program can use the gateway in place of the vendor "
        "([vendor](../vendor.md)).",
        table(("request", "answer"), dialects),
    )


def _methods(route: BaseRouteHandler) -> str:
    return "/".join(sorted(getattr(route, "http_methods", ()))) or "WebSocket"
