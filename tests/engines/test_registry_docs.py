"""The table of docs/reference/engines.md is the registry's."""

from pathlib import Path

import pytest

from polytape.engines.registry import ENGINES, EngineSpec
from polytape.wire.api.media import API

PAGE = Path(__file__).parents[2] / "docs/reference/engines.md"
MARKER = "<!-- The engines of src/polytape/engines/registry.py"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="no checkout")


def row(spec: EngineSpec) -> str:
    """The row that an engine has to have."""
    name = f"[{spec.name}]({spec.page})" if spec.page else spec.name
    client_class = f"`{spec.client_class}` " if spec.client_class else ""
    command, route = f"`polytape {spec.name}`", f"`POST {API}{spec.path}`"
    return f"| {name} | {spec.title} | {command} | {route} | {client_class}|"


def table() -> list[str]:
    """The rows of the table after the marker."""
    _, _, rest = PAGE.read_text("utf-8").partition(MARKER)
    lines = rest.split("\n\n")[1].splitlines()
    return lines[2:]


def test_the_table_of_the_docs_has_a_row_for_each_engine() -> None:
    """In the registry's order, each with its page, command, route and class."""
    assert table() == [row(spec) for spec in ENGINES]


@pytest.mark.parametrize("spec", [one for one in ENGINES if one.page], ids=lambda spec: spec.name)
def test_every_engine_has_its_page(spec: EngineSpec) -> None:
    """A page that the registry names is there."""
    assert (PAGE.parent / spec.page).is_file()
