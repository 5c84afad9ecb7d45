"""Notebooks as pages: they are shown as they are stored, with their outputs; nothing is run."""

import base64
import json
from pathlib import Path
from typing import Any

from tools.site.markdown import fence

# What is shown of an output, the first that it has.
PICTURE, HTML, TEXT = "image/png", "text/html", "text/plain"


def read(notebook: Path) -> list[dict[str, Any]]:
    """The cells of a notebook."""
    cells: list[dict[str, Any]] = json.loads(notebook.read_text("utf-8"))["cells"]
    return cells


def as_markdown(notebook: Path, *, html: bool) -> tuple[str, dict[str, bytes]]:
    """The page, and its pictures by file name. Without `html` a table is shown as text."""
    pictures: dict[str, bytes] = {}
    parts = []
    for cell in read(notebook):
        source = _text(cell["source"]).strip()
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif source:
            parts.append(fence(source, "python"))
            shown = [_output(one, notebook.stem, pictures, html=html) for one in cell["outputs"]]
            parts += [one for one in shown if one]
    return "\n\n".join(parts) + "\n", pictures


def _output(output: dict[str, Any], stem: str, pictures: dict[str, bytes], *, html: bool) -> str:
    if output["output_type"] == "stream":
        return fence(_text(output["text"]))
    data = output.get("data", {})
    if PICTURE in data:
        name = f"{stem}-{len(pictures) + 1}.png"
        pictures[name] = base64.b64decode(_text(data[PICTURE]))
        return f"![output of the cell above]({name})"
    if html and HTML in data:
        return '```{raw} html\n<div class="output">' + _text(data[HTML]).strip() + "</div>\n```"
    return fence(_text(data[TEXT])) if TEXT in data else ""


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)
