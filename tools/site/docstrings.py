"""Docstrings as Markdown. They are plain English: paragraphs, `names` in backticks, lists of names
with what they mean under a line that ends in a colon, and a last line of errors.
"""

import inspect
import re

# Links to the page of errors, from the pages of one folder below it.
ERRORS_PAGE = "../errors.md"
_NAMED = re.compile(r"^(\*{0,2}\w+): (.*)$")
_RAISES = re.compile(r"\b(\w+Error)\b")


def as_markdown(docstring: str | None, page: str = ERRORS_PAGE) -> str:
    """A docstring's Markdown; errors that it names are links to `page`."""
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(docstring or ""))
    return "\n\n".join(_block(block, page) for block in blocks if block.strip())


def _block(block: str, page: str) -> str:
    first, _, rest = block.partition("\n")
    if first.startswith("Raises:"):
        said = " ".join(block.removeprefix("Raises:").split())
        return "**Raises:** " + _RAISES.sub(
            lambda one: f"[{one[1]}]({page}#{one[1].lower()})", said
        )
    if first.endswith(":") and rest.startswith(" "):
        return f"**{first}**\n\n{_named(rest)}"
    if first.startswith("    "):
        return "```text\n" + inspect.cleandoc(block) + "\n```"
    return block


def _named(rest: str) -> str:
    """An indented list of `name: what it means`, lines that go on joined to theirs."""
    items: list[str] = []
    for line in inspect.cleandoc(rest).splitlines():
        named = _NAMED.match(line)
        if named:
            items.append(f"- `{named[1]}`: {named[2]}")
        elif items:
            items[-1] += f" {line.strip()}"
        else:
            items.append(f"- {line.strip()}")
    return "\n".join(items)
