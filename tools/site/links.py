"""Links of a page, put right for the place that it has in the site."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# Pages beside docs/ that the site has as well.
PROJECT = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def place_of(file: Path) -> str | None:
    """Where a file of the repository is in the site; None: it is not there."""
    if file == ROOT / "README.md":
        return "index.md"
    if file.parent == ROOT and file.name in PROJECT:
        return f"project/{file.name.lower()}"
    if not file.is_relative_to(DOCS):
        return None
    place = file.relative_to(DOCS).as_posix()
    return place.removesuffix(".ipynb") + ".md" if place.endswith(".ipynb") else place


def relinked(text: str, file: Path) -> str:
    """A page with its links as they are in the site. What is not in it is named, not linked."""
    place = place_of(file)
    assert place is not None, file

    def put_right(link: re.Match[str]) -> str:
        target, _, anchor = link[3].partition("#")
        if "://" in target or not target:
            return link[0]
        there = place_of(Path(os.path.normpath(file.parent / target)))
        if there is None:
            return link[2] if link[2].startswith("`") else f"`{link[2]}`"
        path = os.path.relpath(there, Path(place).parent)
        return f"{link[1]}[{link[2]}]({path}{'#' if anchor else ''}{anchor})"

    return _LINK.sub(put_right, text)
