"""Sphinx's settings. `make docs` builds the site; its pages are laid out by tools/site."""

from pathlib import PurePosixPath
from typing import Any

import polytape

project = "polytape"
version = release = polytape.__version__
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
# The types of signatures are names of Python and pandas, which this site has no pages of.
nitpick_ignore_regex = [("py:.*", ".*")]
html_theme = "furo"
html_title = "polytape"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_theme_options: dict[str, list[str]] = {"top_of_page_buttons": []}
# Two hyphens begin an option, and what stands in quotes is copied.
smartquotes = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
python_maximum_signature_line_length = 80
toc_object_entries_show_parents = "hide"
highlight_language = "text"
# A comment of a console block may have an apostrophe.
suppress_warnings = ["misc.highlighting_failure"]


def setup(app: Any) -> None:
    """Each page names its Markdown twin."""
    app.connect("html-page-context", _name_twin)


def _name_twin(
    app: Any, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    del app, template
    if doctree is not None:
        name = PurePosixPath(page).name + ".md"
        link = f'<link rel="alternate" type="text/markdown" href="{name}">'
        context["metatags"] = context.get("metatags", "") + link
