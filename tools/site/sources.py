"""All pages of the site by their path: written ones, notebooks, those made of the thing itself."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from tools.site import commands, errors, examples, llms, metrics, notebooks, python, rest, settings
from tools.site.gateway import standing_gateway
from tools.site.links import DOCS, PROJECT, ROOT, place_of, relinked
from tools.site.twin import summary_of, title_of

# `but` are pages that another of the folder lists.
LISTED = re.compile(r"<!-- pages(?: but (?P<but>\S+))? -->")
# The first page of a folder that is read in the repository as well.
FOLDER_PAGE = "README.md"


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
    made.pages |= reference()
    made.pages |= {place: _listed(place, made.pages) for place in made.pages}
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


def _listed(place: str, pages: Mapping[str, str]) -> str:
    """A page with the list of those below it that it does not link, in place of its mark."""
    text = pages[place]
    below = [one for one in llms.ordered(pages) if _is_below(one, place)]
    if place.endswith(f"/{FOLDER_PAGE}"):
        return text + "\n" + _hidden(_from(place, one) for one in below)
    mark = LISTED.search(text)
    if mark is None:
        return text
    listed = {
        _from(place, one): pages[one] for one in below if f"]({_from(place, one)}" not in text
    }
    if mark["but"]:
        listed = {name: page for name, page in listed.items() if not fnmatch(name, mark["but"])}
    lines = [f"- [{title_of(page)}]({name}): {summary_of(page)}" for name, page in listed.items()]
    return text.replace(mark[0], "\n".join([*lines, "", _hidden(listed)]))


def _is_below(page: str, index: str) -> bool:
    """Whether a page is beside an index, or the first of a folder beside it."""
    path, folder = PurePosixPath(page), PurePosixPath(index).parent
    first_of_folder = path.name == FOLDER_PAGE and path.parent.parent == folder
    return page != index and (path.parent == folder or first_of_folder)


def _from(index: str, page: str) -> str:
    return PurePosixPath(page).relative_to(PurePosixPath(index).parent).as_posix()


def _hidden(pages: Iterable[str]) -> str:
    """What Sphinx is told of pages below one."""
    return "\n".join(
        ["```{toctree}", ":hidden:", "", *(one.removesuffix(".md") for one in pages), "```", ""]
    )
