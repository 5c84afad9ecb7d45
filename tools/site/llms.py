"""`llms.txt` (https://llmstxt.org): the site on one page, for programs that read text."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from tools.site.twin import summary_of, title_of, twin

SUMMARY = (
    "One Polygon.io (Massive) market-data system for US stocks, in Python: a client that returns "
    "pandas frames, a gateway on localhost:8200 that owns the key and shares it, a store of "
    "Parquet files, and engines that turn bars into levels."
)
MORE = (
    "Each page here is Markdown; the same page ends in .html for browsers. Blocks of code are run "
    "by the project's tests, on made-up prices (`polytape serve --source synthetic`), so they work "
    "as they stand. llms-full.txt is all pages in one."
)
PARTS = {
    "start": "Start",
    "howto": "How to",
    "reference": "Reference",
    "why": "Why",
    "notebooks": "Notebooks",
    "project": "Optional",
}


def ordered(pages: Iterable[str]) -> list[str]:
    """The pages by part; in each the index first, then by name, those of folders last."""
    order = {part: number for number, part in enumerate(PARTS)}

    def key(page: str) -> tuple[int, tuple[str, ...]]:
        path = PurePosixPath(page)
        first = path.parts[0] if len(path.parts) > 1 else ""
        name = "" if path.stem in {"index", "README"} else path.stem
        return order.get(first, -1), (*path.parts[1:-1], name)

    return sorted(pages, key=key)


def index(pages: Mapping[str, str]) -> str:
    """llms.txt."""
    text = [f"# polytape\n\n> {SUMMARY}\n\n{MORE}\n"]
    for part, title in PARTS.items():
        below = [page for page in ordered(pages) if page.startswith(f"{part}/")]
        lines = [f"- [{title_of(pages[one])}]({one}): {summary_of(pages[one])}" for one in below]
        if lines:
            text.append(f"## {title}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(text)


def full(pages: Mapping[str, str]) -> str:
    """llms-full.txt: every page, each under its address."""
    return "\n".join(f"<!-- {one} -->\n\n{twin(pages[one])}" for one in ordered(pages))
