"""The house is kept in order: what was cleared up does not grow back."""

import re
from pathlib import Path

import pytest
from tools.house import GOALS, measure

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "CONTRIBUTING.md",
    ROOT / "docs/why/map.md",
    *sorted((ROOT / "docs/why/decisions").glob("*.md")),
]


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    return measure(ROOT / "src/polytape")


@pytest.mark.parametrize("name", GOALS)
def test_a_figure_stays_within_its_goal(name: str, figures: dict[str, float]) -> None:
    """Branches, names imported from siblings, uses of Any."""
    assert figures[name] <= GOALS[name]


def test_functions_are_short_and_files_fit(figures: dict[str, float]) -> None:
    """Half of all functions take seven lines at most, nine in ten twenty-five."""
    assert figures["lines a function, median"] <= 7
    assert figures["lines a function, p90"] <= 25
    longest = max(
        len(path.read_text("utf-8").splitlines()) for path in (ROOT / "src").rglob("*.py")
    )
    assert longest <= 400


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    """A reader who follows the documents arrives."""
    text = page.read_text("utf-8")
    named = re.findall(r"`((?:src|tests|docs|tools|bench)/[\w./-]+)`", text)
    # NAME and the like stand for what a reader adds.
    fixed = [path for path in named if not re.search(r"[A-Z]{3}|newtool", path)]
    assert [path for path in fixed if not (ROOT / path).exists()] == []
