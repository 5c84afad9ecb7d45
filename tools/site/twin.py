"""The Markdown twin of a page: the same without what only Sphinx reads."""

import re

_OPENS = re.compile(r"^(:{3,})\{py:(\w+)\} (\w+)(.*)$")
_CLOSES = re.compile(r"^:{3,}$")
_DIRECTIVE = re.compile(r"^```\{(toctree|raw)\}.*?^```\n?", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^<!--.*?-->\n*", re.MULTILINE | re.DOTALL)
_EMPTY_LINES = re.compile(r"\n{3,}")


def twin(page: str) -> str:
    """A page as any reader of Markdown takes it."""
    text = _COMMENT.sub("", _DIRECTIVE.sub("", page))
    lines = [line for one in text.splitlines() for line in _lines(one)]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip() + "\n"


def title_of(page: str) -> str:
    """A page's title."""
    title = re.search(r"^# (.+)$", page, re.MULTILINE)
    return title[1].strip() if title else ""


def summary_of(page: str) -> str:
    """The first sentence after the title, without its links."""
    _, _, rest = twin(page).partition("\n")
    paragraph = next((p for p in rest.strip().split("\n\n") if p and p[0] not in "#!|`>"), "")
    said = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
    first = re.match(r".*?[.:](?= [A-Z`*]|$)", said)
    return (first[0] if first else said).rstrip(":")


def _lines(line: str) -> list[str]:
    """A line of a twin: an object is a heading, with its signature where it has one."""
    if opens := _OPENS.match(line):
        _, kind, name, signature = opens.groups()
        shown = f"{name}{signature}"
        heading = [f"### {name}", ""] if kind in ("method", "property") else []
        return [*heading, *(["```python", shown, "```", ""] if signature else [])]
    return [] if _CLOSES.match(line) or line == ":no-contents-entry:" else [line]
