"""Two plain pages: the home page, and the API's description. No script, nothing from elsewhere."""

from collections.abc import Iterator
from html import escape
from typing import Any

from polytape.wire.api.messages import Status

_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
code, pre { font: 14px/1.5 ui-monospace, monospace }
pre { padding: .75rem 1rem; border: 1px solid #8886; border-radius: 6px; overflow-x: auto }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884;
  vertical-align: top }
.method { font-weight: 700; display: inline-block; min-width: 4.5rem }
.note { border-left: 4px solid #c60; padding: .3rem .9rem }
.dim { opacity: .7 }
details { margin: .3rem 0 } summary { cursor: pointer; padding: .2rem 0 }
"""


def home_page(status: Status) -> str:
    """What this gateway is, what it serves, where to look."""
    warning = (
        '<p class="note">The prices of this gateway are <b>made up</b>. '
        "They are for trying things out, never for trading.</p>"
        if status.made_up
        else ""
    )
    facts = {
        "source": status.source,
        "version": status.version,
        "started": status.started_at,
        "requests": f"{status.requests:,}",
        "bars served": f"{status.bars_served:,}",
        "questions put to the source": f"{status.source_questions:,}",
        "answered from memory": f"{status.answered_from_memory:,}",
    }
    rows = "".join(f"<tr><th>{escape(k)}<td>{escape(v)}" for k, v in facts.items())
    return _page(
        "polytape gateway",
        f"{warning}<table>{rows}</table>"
        '<h2>Look</h2><p><a href="/docs">API</a> · <a href="/status">status</a> · '
        '<a href="/metrics">metrics</a> · <a href="/health">health</a></p>'
        "<h2>Ask</h2><pre>from polytape import PolygonClient\n\n"
        "with PolygonClient() as client:\n"
        '    print(client.fetch_bars("SPY", "2024-01-02", "2024-01-05", "15min"))</pre>',
    )


def docs_page(schema: dict[str, Any], json_url: str) -> str:
    """The OpenAPI description as a page."""
    parts = []
    parts.append(
        "<p>Errors are <code>application/problem+json</code> (RFC 9457) with <code>type, title, "
        "status, detail, request_id, param</code>. Bars are JSON rows, or an Arrow stream for "
        "<code>Accept: application/vnd.apache.arrow.stream</code>. "
        f'As JSON: <a href="{json_url}">openapi.json</a>.</p>'
    )
    for path, methods in schema.get("paths", {}).items():
        for method, operation in methods.items():
            parts.append(_operation(path, method, operation))
    parts.append("<h2>Messages</h2>")
    for name, model in schema.get("components", {}).get("schemas", {}).items():
        parts.append(
            f"<details><summary><code>{escape(name)}</code> "
            f'<span class="dim">{_first_line(model)}</span></summary>'
        )
        parts += [*_fields(model), "</details>"]
    return _page(f"{schema['info']['title']} {schema['info']['version']}", "".join(parts))


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    parts = []
    parts.append(
        f'<details><summary><span class="method">{method.upper()}</span>'
        f"<code>{escape(path)}</code> {_first_line(operation)}</summary>"
    )
    if parameters := operation.get("parameters"):
        parts.append("<table>")
        for p in parameters:
            must = "required" if p.get("required") else f"default {p['schema'].get('default')!r}"
            parts.append(
                f"<tr><td><code>{escape(p['name'])}</code><td>{escape(_type(p['schema']))}"
                f"<td>{escape(p['in'])}, {escape(must)}"
            )
        parts.append("</table>")
    if body := operation.get("requestBody"):
        parts.append(f"<p>Body: {escape(_content(body))}</p>")
    parts.append("<table>")
    for code, answer in operation.get("responses", {}).items():
        said = escape(answer.get("description", ""))
        parts.append(f"<tr><td>{code}<td>{escape(_content(answer))}<td>{said}")
    return "".join([*parts, "</table></details>"])


def _fields(model: dict[str, Any]) -> Iterator[str]:
    yield "<table>"
    for name, field in model.get("properties", {}).items():
        must = "required" if name in model.get("required", ()) else ""
        yield f"<tr><td><code>{escape(name)}</code><td>{escape(_type(field))}<td>{must}"
    yield "</table>"


def _content(body: dict[str, Any]) -> str:
    kinds = body.get("content", {}).items()
    return ", ".join(f"{_type(told.get('schema', {}))} ({kind})" for kind, told in kinds)


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return " or ".join(_type(part) for part in schema[key])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_type(schema['additionalProperties'])}"
    kinds = schema.get("type", "any")
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)


def _first_line(told: dict[str, Any]) -> str:
    lines = str(told.get("description") or "").strip().splitlines()
    return escape(lines[0]) if lines else ""


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1>{body}</html>"
    )
