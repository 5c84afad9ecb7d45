"""The command that adds an extra comes from where the installation came."""

import json
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from polytape.extras import install_command


@pytest.mark.parametrize(
    ("name", "editable", "command"),
    [
        ("desk", False, "pip install '{tmp}/desk[plot]'"),
        ("my desk", True, "pip install -e '{tmp}/my desk[plot]'"),
        ("gone", False, "pip install 'polytape[plot]'"),
        (None, False, "pip install 'polytape[plot]'"),
    ],
)
def test_an_extra_is_added_from_where_the_package_came(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str | None, editable: bool, command: str
) -> None:
    """A folder while it is there, for an installation that is on no index; else the index."""
    for folder in ("desk", "my desk"):
        (tmp_path / folder).mkdir()
    written = {"url": (tmp_path / (name or "")).as_uri(), "dir_info": {"editable": editable}}
    text = json.dumps(written) if name else None
    installed = SimpleNamespace(read_text=lambda _: text)
    monkeypatch.setattr(metadata, "distribution", lambda _: installed)
    assert install_command("plot") == command.format(tmp=tmp_path)
