"""The site: its pages, their Markdown twins, llms.txt."""

import json
import re
from collections import Counter
from pathlib import Path, PurePath, PurePosixPath

import pytest
from tools.site import __main__ as site
from tools.site import llms, notebooks, sources
from tools.site.links import DOCS, place_of, relinked
from tools.site.sources import Sources, all_sources
from tools.site.twin import summary_of, title_of, twin

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / "Makefile").is_file(), reason="no checkout")

OBJECT = """\
# Client

It asks. It is [quick](x.md).

## Client

::::{py:class} Client(url: str)
:no-contents-entry:

A client.

:::{py:method} bars(symbol: str) -> DataFrame
Bars.
:::
::::

```{toctree}
one
```
"""


def test_a_twin_has_no_directives() -> None:
    """An object is a heading with its signature; what only Sphinx reads is left out."""
    text = twin(OBJECT)
    assert [one for one in ("{py:", ":::", "toctree") if one in text] == []
    assert "### bars\n\n```python\nbars(symbol: str) -> DataFrame\n```\n\nBars." in text
    assert (title_of(OBJECT), summary_of(OBJECT)) == ("Client", "It asks.")


def test_links_are_those_of_the_site() -> None:
    """README is the index, pages of the project have a folder, what is not in the site is named."""
    page = DOCS / "why/map.md"
    text = "[a](../../README.md) [b](../../CONTRIBUTING.md#run) [c](../../src/x.py) ![d](../pictures/e.png)"
    assert relinked(text, page) == (
        "[a](../index.md) [b](../project/contributing.md#run) `c` ![d](../pictures/e.png)"
    )
    assert place_of(DOCS / "notebooks/a.ipynb") == "notebooks/a.md"
    assert relinked("[x](https://a.b) [y](#z)", page) == "[x](https://a.b) [y](#z)"


def test_a_notebook_is_shown_as_it_is_stored(tmp_path: Path) -> None:
    """Words, code, printed text, a table, a picture; nothing is run."""
    outputs = [
        {"output_type": "stream", "text": ["printed\n"]},
        {"output_type": "execute_result", "data": {"text/html": "<b>1</b>", "text/plain": "one"}},
        {"output_type": "display_data", "data": {"image/png": "cGljdHVyZQ=="}},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "\n", "Words."]},
        {"cell_type": "code", "source": "raise SystemExit", "outputs": outputs},
    ]
    path = tmp_path / "nb.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    text, pictures = notebooks.as_markdown(path, html=True)
    assert text.startswith(
        "# Title\n\nWords.\n\n```python\nraise SystemExit\n```\n\n\n```text\nprinted"
    )
    assert '<div class="output"><b>1</b></div>' in text
    assert pictures == {"nb-1.png": b"picture"}
    assert "```text\none\n```" in notebooks.as_markdown(path, html=False)[0]


def test_llms_txt_has_the_form_of_the_convention() -> None:
    """Title, summary, then sections of links with a line on each; the index stands first."""
    pages = {"index.md": "# polytape\n\nAll.\n", "start/b.md": "# B\n\nOf b.\n"}
    pages |= {"start/index.md": "# Start\n\nBegin.\n", "project/changelog.md": "# C\n\nNews.\n"}
    lines = llms.index(pages).splitlines()
    assert lines[0] == "# polytape"
    assert lines[2].startswith("> ")
    start = lines.index("## Start")
    assert lines[start + 2 : start + 4] == [
        "- [Start](start/index.md): Begin.",
        "- [B](start/b.md): Of b.",
    ]
    assert lines.index("## Optional") > start
    assert llms.full(pages).index("# polytape") < llms.full(pages).index("# B")


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    """A page that is no more goes; whether there are others than before is told."""
    assert site.lay_out(Sources({"a.md": "one", "b.md": "two"}), tmp_path)
    before = (tmp_path / "a.md").stat().st_mtime_ns
    assert not site.lay_out(Sources({"a.md": "one", "b.md": "changed"}), tmp_path)
    assert (tmp_path / "a.md").stat().st_mtime_ns == before
    assert site.lay_out(Sources({"a.md": "one"}), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]


@pytest.fixture(scope="module")
def written() -> Sources:
    """The pages that people write, with names alone of those that are made."""
    with pytest.MonkeyPatch.context() as patch:
        names = ("api/index", "rest/index", "cli/index", "settings", "errors", "metrics")
        made = {f"reference/{name}.md": f"# {name}\n\nMade.\n" for name in names}
        patch.setattr(sources, "reference", lambda: made)
        return all_sources()


def test_every_written_page_has_a_title_and_a_sentence(written: Sources) -> None:
    """They are its line in llms.txt."""
    bare = [
        place for place, page in written.pages.items() if not (title_of(page) and summary_of(page))
    ]
    assert bare == []


def test_every_link_of_a_written_page_leads_somewhere(written: Sources) -> None:
    """To a page of the site, or a picture; those of the reference are made by its names."""
    places = {*written.pages, *written.files}
    wrong = []
    for place, page in written.pages.items():
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", twin(page)):
            there = normal(PurePosixPath(place).parent / target)
            made = re.match(r"reference/(api|rest|cli)/", there)
            if there not in places and not made:
                wrong.append(f"{place}: {target}")
    assert wrong == []


def normal(path: PurePath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def test_an_index_lists_the_pages_beside_it(written: Sources) -> None:
    """Each page of a part is a line of its index, which has that page's title and sentence."""
    for part in ("start", "howto", "why", "notebooks"):
        index = written.pages[f"{part}/index.md"]
        rows = re.findall(r"^\| \[([^\]]+)\]\(([^)]+)\) \| (.*?)\.? \|$", index, re.MULTILINE)
        listed = {target: (title, said) for title, target, said in rows}
        beside = [p for p in written.pages if re.fullmatch(rf"{part}/[^/]+\.md", p)]
        assert {PurePosixPath(p).name for p in beside} - {"index.md"} <= set(listed)
        pages = {target: written.pages[f"{part}/{target}"] for target in listed}
        assert listed == {
            target: (title_of(page), summary_of(page).removesuffix("."))
            for target, page in pages.items()
        }


def test_an_index_is_a_list_of_links_that_sphinx_is_given_as_toctrees(written: Sources) -> None:
    """What reads Markdown alone sees no directive; a page has one parent."""
    directives = re.compile(r"^(```|:::)\{", re.MULTILINE)
    assert [f.name for f in DOCS.rglob("*.md") if directives.search(f.read_text("utf-8"))] == []
    assert [f.name for f in DOCS.rglob("*.md") if "<!-- pages" in f.read_text("utf-8")] == []
    start = written.pages["start/index.md"]
    assert start.endswith(
        "```{toctree}\n:maxdepth: 1\n:hidden:\n\n"
        "A first chart in ten minutes <1-first-chart>\nInstalling <2-install>\n"
        "Keep the gateway running <3-gateway>\nFirst script, first scan <4-first-script>\n```\n"
    )
    trees = "\n".join(
        re.findall(r"```\{toctree\}.*?```", "".join(written.pages.values()), re.DOTALL)
    )
    for one in ("howto/index", "project/changelog", "limits", "engine-hvn", "decisions/README"):
        assert len(re.findall(rf"<{one}>$", trees, re.MULTILINE)) == 1, one


def test_links_of_what_is_read_first_lead_to_files_of_the_repository() -> None:
    """Pages that are made with the site are reached by the reference's index alone."""
    pages = [ROOT / "README.md", *(DOCS / "start").glob("*.md"), *(DOCS / "howto").glob("*.md")]
    links = [
        (page.name, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert links == []


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("default")  # Sphinx and furo are not ours
def test_the_site_is_built_without_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page has its Markdown twin, and a browser is sent nowhere else for anything."""
    monkeypatch.setattr(site, "PAGES", tmp_path / "pages")
    monkeypatch.setattr(site, "DOCTREES", tmp_path / "doctrees")
    monkeypatch.setattr(site, "SITE", tmp_path / "site")
    assert site.main() == 0
    parents = Counter(
        normal(page.parent.relative_to(tmp_path / "pages") / (target or name))
        for page in (tmp_path / "pages").rglob("*.md")
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        for name, target in re.findall(r"^([^:<\n]+?)(?: <(.+)>)?$", tree, re.MULTILINE)
    )
    assert len(parents) > 100
    assert {page: count for page, count in parents.items() if count > 1} == {}
    folder = tmp_path / "site"
    pages = [page for page in folder.rglob("*.html") if page.stem not in ("genindex", "search")]
    assert len(pages) > 100
    assert [page for page in pages if not page.with_suffix(".md").is_file()] == []
    fetched = re.compile(
        r"<(?:script|img|iframe|source)[^>]*\ssrc=\"(?:https?:)?//|<link[^>]*stylesheet[^>]*//"
    )
    assert [page for page in pages if fetched.search(page.read_text())] == []
    styles = [*folder.rglob("*.css")]
    assert [
        css for css in styles if re.search(r"url\([\"']?https?:|@import", css.read_text())
    ] == []
    listed = (folder / "llms.txt").read_text()
    assert [t for t in re.findall(r"\]\(([^)]+)\)", listed) if not (folder / t).is_file()] == []
