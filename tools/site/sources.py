"""All pages of the site by their path: written ones, notebooks, those made of the thing itself."""

import json
import re
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from tools.site import commands, errors, examples, metrics, notebooks, python, rest, settings
from tools.site.gateway import standing_gateway
from tools.site.links import DOCS, PROJECT, ROOT, place_of, relinked
from tools.site.markdown import toctree

# The first page of a folder.
INDEXES = ("index.md", "README.md")
# Pages that stand above others beside them, and above which.
BELOW = {"reference/engines.md": "engine-*.md"}
_LINK = re.compile(r"\[([^\]]+)\]\(([^)#:\s]+\.md)\)")


@dataclass(slots=True)
class Sources:
    """`pages` are for Sphinx; `twins` are those whose Markdown is another, `files` pictures."""

    pages: dict[str, str] = field(default_factory=dict)
    twins: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def all_sources() -> Sources:
    """Everything, the made pages of a gateway that runs for as long as it is asked."""
    made = Sources()
    for file in [*sorted(DOCS.rglob("*.md")), *(ROOT / name for name in PROJECT)]:
        place = place_of(file)
        assert place is not None, file
        made.pages[place] = relinked(file.read_text("utf-8"), file)
    for picture in sorted(DOCS.rglob("*.png")):
        made.files[picture.relative_to(DOCS).as_posix()] = picture.read_bytes()
    for notebook in sorted((DOCS / "notebooks").glob("*.ipynb")):
        _add_notebook(made, notebook)
    made.pages = {place: with_toctrees(place, text) for place, text in made.pages.items()}
    made.pages |= reference()
    return made


def reference() -> dict[str, str]:
    """The pages that are made of the thing itself."""
    pages: dict[str, str] = {}
    for module in (python, commands, settings, errors, metrics):
        pages |= module.pages()
    with TemporaryDirectory() as folder, standing_gateway(store := Path(folder) / "store") as url:
        with urlopen(f"{url}/docs/openapi.json", timeout=30) as answer:
            description = json.load(answer)
        said = examples.answers(url, str(store))
    return pages | rest.pages(description, said)


def _add_notebook(made: Sources, notebook: Path) -> None:
    place = place_of(notebook)
    assert place is not None
    text, pictures = notebooks.as_markdown(notebook, html=True)
    made.pages[place] = relinked(text, notebook)
    plain, _ = notebooks.as_markdown(notebook, html=False)
    made.twins[place] = relinked(plain, notebook)
    made.files |= {f"notebooks/{name}": picture for name, picture in pictures.items()}


def with_toctrees(place: str, text: str) -> str:
    """An index as Sphinx needs it: for each of its sections a hidden toctree of the pages below it
    that the section links first, by the words of the link. In the repository an index is a list of
    links and no more.
    """
    if PurePosixPath(place).name not in INDEXES and place not in BELOW:
        return text
    listed: set[str] = set()
    trees = []
    for section in re.split(r"^#+ ", text, flags=re.MULTILINE):
        links = {target: words for words, target in reversed(_LINK.findall(section))}
        new = [t for _, t in _LINK.findall(section) if t not in listed and _is_below(t, place)]
        if new:
            caption = section.partition("\n")[0] if listed else ""
            lines = (_entry(target, links[target]) for target in dict.fromkeys(new))
            trees.append(toctree(lines, caption, hidden=True) + "\n")
        listed |= set(new)
    return "\n".join([text, *trees])


def _entry(target: str, words: str) -> str:
    """A line of a toctree, which has no markup."""
    return f"{re.sub('[*`]', '', words)} <{target.removesuffix('.md')}>"


def _is_below(target: str, index: str) -> bool:
    """Whether a link of an index leads to a page beside it, to the first one of a folder beside it,
    or to one of the project's; those that stand below another page are that one's.
    """
    path, folder = PurePosixPath(target), PurePosixPath(index).parent
    if index in BELOW:
        return fnmatch(target, BELOW[index])
    if any(
        fnmatch((folder / path).as_posix(), f"{_folder(page)}/{one}") for page, one in BELOW.items()
    ):
        return False
    is_first = len(path.parts) == 2 and path.name in INDEXES
    return ".." not in path.parts and (
        len(path.parts) == 1 or is_first or path.parts[0] == "project"
    )


def _folder(page: str) -> PurePosixPath:
    return PurePosixPath(page).parent
