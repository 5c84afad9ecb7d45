"""Extras of the installation: the command that adds one to it."""

import json
import shlex
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

NAME = "polytape"


def install_command(extra: str) -> str:
    """The command that adds an extra to this installation, from where the installation came: the
    folder or wheel that pip has written down, else the package index.
    """
    folder, editable = _origin()
    return f"pip install {'-e ' if editable else ''}" + shlex.quote(f"{folder or NAME}[{extra}]")


def _origin() -> tuple[Path | None, bool]:
    """The folder or wheel of this installation, None where there is none or it is gone, and whether
    it is editable.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    try:
        written = metadata.distribution(NAME).read_text("direct_url.json")
    except metadata.PackageNotFoundError:  # a folder of sources on the path
        return None, False
    origin = json.loads(written or "{}")
    url = urlsplit(origin.get("url", ""))
    path = Path(url2pathname(url.path))
    if url.scheme != "file" or not path.exists():
        return None, False
    return path, origin.get("dir_info", {}).get("editable", False)
