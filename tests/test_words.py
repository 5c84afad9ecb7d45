"""Names are the field's words: a past participle is no noun, and old words do not come back."""

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "polytape"

# A word that names nothing, and what to say instead.
SAY_INSTEAD = {
    "asked": "the thing: query, request, fetched_at",
    "asking": "request, fetch",
    "told": "the thing: message, response, note, problem",
    "telling": "message, report",
    "held": "the thing: bars, cached, stored, coverage",
    "kept": "cached, stored",
    "found": "the thing: matches, rows, result",
    "memo": "cache",
    "remembered": "cached, stored",
    "shelf": "listing",
    "desk": "gateway, or the service that is meant",
    "unsettled": "provisional",
    "behind": "background",
}

# Public names in the field's own words: HTTP's "not found", and a level that held.
STAY = {("errors.py", "NotFoundError"), ("rates.py", "held")}


def named(path: Path) -> list[tuple[int, str]]:
    """Every name that a file gives: functions, classes, parameters, variables, fields."""
    names = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append((node.lineno, node.name))
        elif isinstance(node, ast.arg):
            names.append((node.lineno, node.arg))
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.append((node.lineno, node.id if isinstance(node, ast.Name) else node.attr))
    return names


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE))
)
def test_no_name_is_a_banned_word(path: Path) -> None:
    """Each part of each name is a word that says what the thing is."""
    wrong = [
        f"{path.name}:{line}: {name}: say {SAY_INSTEAD[part]}"
        for line, name in named(path)
        for part in re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower())
        if part in SAY_INSTEAD and (path.name, name) not in STAY
    ]
    assert not wrong, "\n".join(wrong)


def test_modules_are_not_named_by_banned_words() -> None:
    """A file's name says what is in it."""
    parts = {part for path in SOURCE.rglob("*.py") for part in path.stem.split("_")}
    assert not parts & set(SAY_INSTEAD)
