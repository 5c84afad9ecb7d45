"""`python -m tools.site`: the site in build/site, its warnings errors."""

import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from tools.site import llms
from tools.site.links import DOCS, ROOT
from tools.site.sources import Sources, all_sources
from tools.site.twin import twin

PAGES, DOCTREES, SITE = ROOT / "build/pages", ROOT / "build/doctrees", ROOT / "build/site"


def main() -> int:
    """Write the site; the exit code is Sphinx's."""
    sources = all_sources()
    # A page that links one which was not there before is not changed itself.
    others = lay_out(sources, PAGES)
    shutil.rmtree(SITE, ignore_errors=True)
    options = ["-q", "-W", "--keep-going", "-n", "-b", "html", "-c", str(DOCS)]
    options += ["-E"] if others else []
    code = sphinx([*options, "-d", str(DOCTREES), str(PAGES), str(SITE)])
    write_twins(sources, SITE)
    print(f"{SITE / 'index.html'}: {len(sources.pages)} pages, llms.txt")
    return code


def lay_out(sources: Sources, folder: Path) -> bool:
    """Write what has changed, remove what is no more: Sphinx then reads only that anew. Whether
    there are other pages than before.
    """
    contents = {place: text.encode() for place, text in sources.pages.items()} | sources.files
    before = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    for place in before - set(contents):
        (folder / place).unlink()
    for place, content in contents.items():
        path = folder / place
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return before != set(contents)


def write_twins(sources: Sources, site: Path) -> None:
    """Each page's Markdown beside it, with its pictures, and llms.txt."""
    pages = sources.pages | sources.twins
    for place, text in pages.items():
        path = site / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(twin(text), "utf-8")
    for place, content in sources.files.items():
        path = site / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (site / "llms.txt").write_text(llms.index(pages), "utf-8")
    (site / "llms-full.txt").write_text(llms.full(pages), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
