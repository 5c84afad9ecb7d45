"""Small pieces of Markdown."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, its cells on one line each; nothing where there are no rows."""
    lines = [_row(cells) for cells in rows]
    return "\n".join([_row(head), "|" + "---|" * len(head), *lines, ""]) if lines else ""


def fence(text: str, language: str = "text") -> str:
    """A block."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def code(text: str) -> str:
    """A text as code within a line."""
    return f"`{text}`" if text else ""


def page(title: str, summary: str, *parts: str) -> str:
    """A page: its title, a sentence on what it gives, and its parts that are not empty."""
    return "\n\n".join([f"# {title}", summary, *(part.strip() for part in parts if part)]) + "\n"


def toctree(entries: Iterable[str], caption: str = "", *, hidden: bool = False) -> str:
    """The pages below one; a hidden one is in the menu alone."""
    options = [":hidden:"] * hidden + ([f":caption: {caption}"] if caption else [])
    return "\n".join(["```{toctree}", ":maxdepth: 1", *options, "", *entries, "```"])


def sentence(text: str) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(text.strip().split("\n\n")[0].split())


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(c.split()).replace("|", "\\|") for c in cells) + " |"
